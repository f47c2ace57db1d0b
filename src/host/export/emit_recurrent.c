/* lstm and gru, as ONNX's nodes of these names over all steps.
 *
 * ONNX projects its input itself, while here the gates come projected, with what is added for each sequence: so they
 * are its input, and its input's weight is the identity, in the order that ONNX has the gates in. Weights are turned by
 * nodes of constants alone, which runtimes compute when they load a model. */
#include <stdio.h>
#include <stdlib.h>

#include "export/emit_ops.h"

/* The gates of ONNX's order by their places in ours: i, o, f, c of i, f, g, o; and z, r, h of r, z, n. */
static const int64_t lstm_gates[] = {0, 3, 1, 2}, gru_gates[] = {1, 0, 2};

/* A cell on its way to a node. */
typedef struct cell {
    vae_emitter *emitter;
    const vae_op *op;
    const int64_t *gates;
    int64_t count, hidden, steps; /* of gates */
    const char *order;            /* columns of the gates in ONNX's order */
} cell;

static vae_status reshape(const cell *c, const char *x, int64_t a, int64_t b, int64_t d, const char **y)
{
    const int64_t sizes[] = {a, b, d};
    const char *shape;
    VAE_TRY(vae_graph_integers(c->emitter->graph, c->op->name, "/shape", sizes, d == 0 ? 2 : 3, &shape));
    return vae_emit_simple(c->emitter, "Reshape", c->op->name, x, shape, y);
}

/* Columns of all gates, in ONNX's order. */
static vae_status add_order(cell *c)
{
    const int64_t columns = c->count * c->hidden;
    int64_t *order = malloc((size_t)columns * sizeof *order);
    if (!order) return vae_error_set(VAE_ERROR_MEMORY, "ONNX export: '%s': out of memory", c->op->name);
    for (int64_t i = 0; i < columns; ++i)
        order[i] = c->gates[i / c->hidden] * c->hidden + i % c->hidden;
    const vae_status status =
        vae_graph_integers(c->emitter->graph, c->op->name, "/gates", order, (int32_t)columns, &c->order);
    free(order);
    return status;
}

/* [steps, batch, columns] of what is projected. */
static vae_status use_input(const cell *c, const char **x)
{
    const vae_tensor per_sequence = c->op->inputs[VAE_RECURRENT_PER_SEQUENCE];
    const char *added;
    VAE_TRY(vae_emit_use_matrix(c->emitter, c->op->inputs[VAE_RECURRENT_GATES], x));
    VAE_TRY(reshape(c, *x, c->steps, -1, c->count * c->hidden, x));
    if (per_sequence == VAE_NO_TENSOR) return VAE_OK;
    VAE_TRY(vae_emit_use_matrix(c->emitter, per_sequence, &added));
    return vae_emit_simple(c->emitter, "Add", c->op->name, *x, added, x);
}

/* [1, columns, columns]: the identity's rows in ONNX's order. */
static vae_status use_identity(const cell *c, const char **weight)
{
    const int64_t columns = c->count * c->hidden, square[] = {columns, columns};
    const char *shape;
    VAE_TRY(vae_graph_integers(c->emitter->graph, c->op->name, "/square", square, 2, &shape));
    VAE_TRY(vae_emit_simple(c->emitter, "ConstantOfShape", c->op->name, shape, NULL, weight));
    VAE_TRY(vae_emit_simple(c->emitter, "EyeLike", c->op->name, *weight, NULL, weight));
    VAE_TRY(vae_emit_simple(c->emitter, "Gather", c->op->name, *weight, c->order, weight));
    return reshape(c, *weight, 1, columns, columns, weight);
}

/* [1, columns, H] of the weight [H, columns]. */
static vae_status use_weight(const cell *c, const char **weight)
{
    VAE_TRY(vae_emit_use_matrix(c->emitter, c->op->inputs[VAE_RECURRENT_WEIGHT], weight));
    VAE_TRY(vae_emit_simple(c->emitter, "Transpose", c->op->name, *weight, NULL, weight));
    VAE_TRY(vae_emit_simple(c->emitter, "Gather", c->op->name, *weight, c->order, weight));
    return reshape(c, *weight, 1, c->count * c->hidden, c->hidden, weight);
}

/* ONNX counts steps in int32. */
static vae_status use_lengths(const cell *c, const char **lengths)
{
    enum { INT32 = 6 };
    const vae_tensor tensor = c->op->inputs[VAE_RECURRENT_LENGTHS];
    *lengths = "";
    if (tensor == VAE_NO_TENSOR) return VAE_OK;
    VAE_TRY(vae_emit_use(c->emitter, tensor, VAE_VIEW_ROWS, lengths));
    const vae_node node = {.type = "Cast",
                           .name = c->op->name,
                           .inputs = {*lengths},
                           .attributes = {{.type = VAE_ATTRIBUTE_INT, .name = "to", .integers = {INT32}}}};
    return vae_graph_node(c->emitter->graph, &node, lengths);
}

/* [1, batch, H], or "" where there is none. */
static vae_status use_state(const cell *c, vae_tensor tensor, const char **state)
{
    *state = "";
    if (tensor == VAE_NO_TENSOR) return VAE_OK;
    VAE_TRY(vae_emit_use_matrix(c->emitter, tensor, state));
    return reshape(c, *state, 1, -1, c->hidden, state);
}

/* The inputs that both nodes have; a bias is theirs. */
static vae_status use_operands(cell *c, vae_node *node)
{
    c->hidden = vae_shape_columns(&c->emitter->program->tensors[c->op->outputs[VAE_RECURRENT_H]].shape);
    c->steps = c->op->attributes.recurrent.steps;
    VAE_TRY(add_order(c));
    VAE_TRY(use_input(c, &node->inputs[0]));
    VAE_TRY(use_identity(c, &node->inputs[1]));
    VAE_TRY(use_weight(c, &node->inputs[2]));
    VAE_TRY(use_lengths(c, &node->inputs[4]));
    return use_state(c, c->op->inputs[VAE_RECURRENT_INITIAL_H], &node->inputs[5]);
}

/* Says that the output at `position` is the node's value `name`, as rows. */
static vae_status define(const cell *c, int position, const char *name)
{
    VAE_TRY(reshape(c, name, -1, c->hidden, 0, &name));
    vae_emit_define(c->emitter, c->op->outputs[position], VAE_VIEW_ROWS, name);
    return VAE_OK;
}

/* Appends the node, whose outputs are h, last_h and, of an lstm, last_c. ONNX has no c of every step. */
static vae_status append(const cell *c, vae_node node, int outputs)
{
    static const int positions[] = {VAE_RECURRENT_H, VAE_RECURRENT_LAST_H, VAE_LSTM_LAST_C};
    static const char *const suffixes[] = {"h", "last_h", "last_c"};
    char names[3][VAE_NAME_SIZE + 8];
    for (int i = 0; i < outputs; ++i) {
        snprintf(names[i], sizeof names[i], "%s/%s", c->op->name, suffixes[i]);
        node.outputs[i] = names[i];
    }
    VAE_TRY(vae_graph_node(c->emitter->graph, &node, NULL));
    for (int i = 0; i < outputs; ++i)
        VAE_TRY(define(c, positions[i], names[i]));
    return VAE_OK;
}

static vae_node make_node(const cell *c, const char *type)
{
    const vae_shape *h = &c->emitter->program->tensors[c->op->outputs[VAE_RECURRENT_H]].shape;
    return (vae_node){
        .type = type,
        .name = c->op->name,
        .attributes = {{.type = VAE_ATTRIBUTE_INT, .name = "hidden_size", .integers = {h->size[1]}},
                       {.type = VAE_ATTRIBUTE_TEXT,
                        .name = "direction",
                        .text = c->op->attributes.recurrent.reverse ? "reverse" : "forward"}},
    };
}

/* [1, 8H]: of ONNX's gates the third takes the forget bias. */
static vae_status use_forget_bias(const cell *c, const char **bias)
{
    const double forget_bias = c->op->attributes.recurrent.forget_bias;
    const int64_t sizes[] = {1, 2 * VAE_LSTM_GATES * c->hidden};
    float *values;
    *bias = "";
    if (forget_bias == 0) return VAE_OK;
    VAE_TRY(vae_graph_reals(c->emitter->graph, c->op->name, "/bias", sizes, 2, bias, &values));
    for (int64_t i = 0; i < sizes[1]; ++i)
        values[i] = i / c->hidden == 2 ? (float)forget_bias : 0.0f;
    return VAE_OK;
}

vae_status vae_emit_lstm(vae_emitter *emitter, const vae_op *op)
{
    cell c = {.emitter = emitter, .op = op, .gates = lstm_gates, .count = VAE_LSTM_GATES};
    vae_node node = make_node(&c, "LSTM");
    if (op->inputs[VAE_LSTM_NORM_SCALE] != VAE_NO_TENSOR) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "ONNX export: lstm '%s' of program '%s' has layer norms, which ONNX's LSTM does not know",
                             op->name, emitter->program->name);
    }
    VAE_TRY(use_operands(&c, &node));
    VAE_TRY(use_forget_bias(&c, &node.inputs[3]));
    VAE_TRY(use_state(&c, op->inputs[VAE_LSTM_INITIAL_C], &node.inputs[6]));
    return append(&c, node, 3);
}

/* [1, 6H], zeros but for the last gate's hidden bias. */
static vae_status use_hidden_bias(const cell *c, const char **bias)
{
    const vae_tensor tensor = c->op->inputs[VAE_GRU_HIDDEN_BIAS];
    const int64_t sizes[] = {(2 * VAE_GRU_GATES - 1) * c->hidden};
    vae_node node = {.type = "Concat",
                     .name = c->op->name,
                     .attributes = {{.type = VAE_ATTRIBUTE_INT, .name = "axis", .integers = {0}}}};
    float *zeros;
    *bias = "";
    if (tensor == VAE_NO_TENSOR) return VAE_OK;
    VAE_TRY(vae_graph_reals(c->emitter->graph, c->op->name, "/bias", sizes, 1, &node.inputs[0], &zeros));
    for (int64_t i = 0; i < sizes[0]; ++i)
        zeros[i] = 0.0f;
    if (c->emitter->program->tensors[tensor].kind == VAE_TENSOR_PARAMETER) {
        VAE_TRY(vae_emit_parameter(c->emitter, tensor, &node.inputs[1]));
    } else {
        VAE_TRY(vae_emit_use(c->emitter, tensor, VAE_VIEW_ROWS, &node.inputs[1]));
    }
    VAE_TRY(vae_graph_node(c->emitter->graph, &node, bias));
    return reshape(c, *bias, 1, sizes[0] + c->hidden, 0, bias);
}

vae_status vae_emit_gru(vae_emitter *emitter, const vae_op *op)
{
    cell c = {.emitter = emitter, .op = op, .gates = gru_gates, .count = VAE_GRU_GATES};
    vae_node node = make_node(&c, "GRU");
    node.attributes[2] =
        (vae_node_attribute){.type = VAE_ATTRIBUTE_INT, .name = "linear_before_reset", .integers = {1}};
    VAE_TRY(use_operands(&c, &node));
    VAE_TRY(use_hidden_bias(&c, &node.inputs[3]));
    return append(&c, node, 2);
}
