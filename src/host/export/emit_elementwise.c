/* Lists of elementwise functions, and the sums over rows and columns that stand beside them. A vector of the program
 * is [batch, 1] in the graph, which ONNX broadcasts to [batch, columns] as a list does. */
#include "export/emit_ops.h"
#include "program/op.h"

/* A result or an operand of a list. */
typedef struct list_value {
    const char *name;
    bool wide;    /* has all columns of the domain, rather than one */
    bool batched; /* has a row for each of the batch, rather than one */
} list_value;

static vae_status refuse(const vae_op *op, const char *reason)
{
    return vae_error_set(VAE_ERROR_ARGUMENT, "ONNX export: op '%s' %s", op->name, reason);
}

/* The arrangement in which the list is computed: that of images where all of its tensors are, else rows. */
static vae_view view_of(const vae_emitter *emitter, const vae_op *op)
{
    const vae_tensor_info *tensors = emitter->program->tensors;
    for (int i = 0; i < VAE_LIST_INPUTS && op->inputs[i] != VAE_NO_TENSOR; ++i) {
        const vae_tensor_info *x = &tensors[op->inputs[i]];
        if (x->kind == VAE_TENSOR_PARAMETER || !vae_shape_equal(&x->shape, &tensors[op->outputs[0]].shape))
            return VAE_VIEW_ROWS;
    }
    return vae_emit_preferred_view(emitter, op->inputs[0]);
}

static vae_status use_input(vae_emitter *emitter, const vae_op *op, int index, vae_view view, list_value *value)
{
    const vae_elementwise *list = &op->attributes.elementwise;
    const vae_tensor tensor = op->inputs[index];
    const vae_tensor_info *info = &emitter->program->tensors[tensor];
    int64_t rows, columns;
    vae_shape_as_matrix(&info->shape, &rows, &columns);
    value->wide = columns == list->columns;
    value->batched = info->kind != VAE_TENSOR_PARAMETER;
    if (value->batched) {
        if (rows != list->rows) return refuse(op, "takes one row for several of the batch");
        return vae_emit_use(emitter, tensor, view, &value->name);
    }
    if (rows != 1) return refuse(op, "takes a parameter of several rows");
    const char **name = &emitter->values[tensor].views[VAE_VIEW_ROWS];
    if (!*name) VAE_TRY(vae_emit_parameter(emitter, tensor, name));
    value->name = *name;
    return VAE_OK;
}

static vae_status use_operand(vae_emitter *emitter, const vae_op *op, vae_list_operand operand, vae_view view,
                              const list_value *results, list_value *value)
{
    const vae_weight *constant = &op->attributes.elementwise.constants[operand.index];
    *value = (list_value){0};
    switch ((vae_operand_source)operand.source) {
    case VAE_OPERAND_NONE: return VAE_OK;
    case VAE_OPERAND_INPUT: return use_input(emitter, op, operand.index, view, value);
    case VAE_OPERAND_RESULT: *value = results[operand.index]; return VAE_OK;
    case VAE_OPERAND_CONSTANT: break;
    }
    if (constant->scalar != VAE_SCALAR_ONE) return refuse(op, "takes a number that changes from step to step");
    return vae_emit_scalar(emitter, op->name, "/number", constant->factor, &value->name);
}

static vae_status emit_instruction(vae_emitter *emitter, const vae_op *op, int index, vae_view view,
                                   list_value *results)
{
    const vae_instruction *instruction = &op->attributes.elementwise.instructions[index];
    list_value operands[2];
    if (instruction->part != VAE_PART_VALUE) return refuse(op, "is of a backward pass");
    for (int k = 0; k < 2; ++k)
        VAE_TRY(use_operand(emitter, op, instruction->operands[k], view, results, &operands[k]));
    results[index].wide = operands[0].wide || operands[1].wide;
    results[index].batched = operands[0].batched || operands[1].batched;
    return vae_emit_function(emitter, op->name, (vae_function)instruction->function, operands[0].name, operands[1].name,
                             &results[index].name);
}

static vae_status sum(vae_emitter *emitter, const vae_op *op, const char *x, bool keeps_axis, const char **y)
{
    const int64_t axis = 1;
    vae_node node = {
        .type = "ReduceSum",
        .name = op->name,
        .inputs = {x},
        .attributes = {{.type = VAE_ATTRIBUTE_INT, .name = "keepdims", .integers = {keeps_axis}}},
    };
    VAE_TRY(vae_graph_integers(emitter->graph, op->name, "/axis", &axis, 1, &node.inputs[1]));
    return vae_graph_node(emitter->graph, &node, y);
}

/* [batch, columns] of a result of one column. */
static vae_status widen(vae_emitter *emitter, const vae_op *op, const char *x, const char **y)
{
    const int64_t sizes[] = {1, op->attributes.elementwise.columns};
    vae_node node = {.type = "Expand", .name = op->name, .inputs = {x}};
    VAE_TRY(vae_graph_integers(emitter->graph, op->name, "/shape", sizes, 2, &node.inputs[1]));
    return vae_graph_node(emitter->graph, &node, y);
}

vae_status vae_emit_elementwise(vae_emitter *emitter, const vae_op *op)
{
    const vae_elementwise *list = &op->attributes.elementwise;
    const vae_view view = view_of(emitter, op);
    list_value results[VAE_LIST_INSTRUCTIONS];
    for (int i = 0; i < list->count; ++i)
        VAE_TRY(emit_instruction(emitter, op, i, view, results));
    for (int k = 0; k < list->output_count; ++k) {
        const list_value *result = &results[list->outputs[k].instruction];
        const char *y = result->name;
        if (!result->batched) return refuse(op, "computes what does not depend on the batch");
        if (!result->wide) VAE_TRY(widen(emitter, op, y, &y));
        if (list->outputs[k].summed) VAE_TRY(sum(emitter, op, y, true, &y));
        vae_emit_define(emitter, op->outputs[k], view, y);
    }
    return VAE_OK;
}

/* ---- Over groups ---- */

/* [batch, …] → [groups, sizes…] */
static vae_status group(vae_emitter *emitter, const vae_op *op, const char *x, const int64_t *sizes, int32_t rank,
                        const char **y)
{
    const int64_t shape[] = {-1, sizes[0], rank > 1 ? sizes[1] : 0};
    vae_node node = {.type = "Reshape", .name = op->name, .inputs = {x}};
    VAE_TRY(vae_graph_integers(emitter->graph, op->name, "/groups", shape, rank + 1, &node.inputs[1]));
    return vae_graph_node(emitter->graph, &node, y);
}

vae_status vae_emit_sum_rows(vae_emitter *emitter, const vae_op *op)
{
    const int64_t sizes[] = {op->attributes.group.count,
                             vae_shape_columns(&emitter->program->tensors[op->inputs[0]].shape)};
    const char *x, *y;
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], VAE_VIEW_ROWS, &x));
    VAE_TRY(group(emitter, op, x, sizes, 2, &x));
    VAE_TRY(sum(emitter, op, x, false, &y));
    vae_emit_define(emitter, op->outputs[0], VAE_VIEW_ROWS, y);
    return VAE_OK;
}

vae_status vae_emit_log_sum_exp(vae_emitter *emitter, const vae_op *op)
{
    const char *x, *y;
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], VAE_VIEW_ROWS, &x));
    VAE_TRY(group(emitter, op, x, &op->attributes.group.count, 1, &x));
    const vae_node node = {
        .type = "ReduceLogSumExp",
        .name = op->name,
        .inputs = {x},
        .attributes = {{.type = VAE_ATTRIBUTE_INTS, .name = "axes", .count = 1, .integers = {1}},
                       {.type = VAE_ATTRIBUTE_INT, .name = "keepdims", .integers = {1}}},
    };
    VAE_TRY(vae_graph_node(emitter->graph, &node, &y));
    vae_emit_define(emitter, op->outputs[0], VAE_VIEW_ROWS, y);
    return VAE_OK;
}
