/* Ops that move columns, and products of matrices. Columns are gathered by a list of where each comes from. */
#include <stdlib.h>

#include "export/emit_ops.h"

/* The column of the op's joined inputs that goes to column c of its output. */
typedef int64_t column_source(const vae_program *program, const vae_op *op, int64_t column);

static int64_t columns_of(const vae_program *program, vae_tensor tensor)
{
    return vae_shape_columns(&program->tensors[tensor].shape);
}

/* y = x with its columns by `source`. */
static vae_status emit_gathered(vae_emitter *emitter, const vae_op *op, const char *x, column_source *source)
{
    const int64_t columns = columns_of(emitter->program, op->outputs[0]);
    int64_t *sources = malloc((size_t)columns * sizeof *sources);
    if (!sources) return vae_error_set(VAE_ERROR_MEMORY, "ONNX export: '%s': out of memory", op->name);
    for (int64_t c = 0; c < columns; ++c)
        sources[c] = source(emitter->program, op, c);
    const char *name, *y;
    vae_status status = vae_graph_integers(emitter->graph, op->name, "/columns", sources, (int32_t)columns, &name);
    free(sources);
    if (status) return status;
    const vae_node node = {.type = "Gather",
                           .name = op->name,
                           .inputs = {x, name},
                           .attributes = {{.type = VAE_ATTRIBUTE_INT, .name = "axis", .integers = {1}}}};
    VAE_TRY(vae_graph_node(emitter->graph, &node, &y));
    vae_emit_define(emitter, op->outputs[0], VAE_VIEW_ROWS, y);
    return VAE_OK;
}

static int64_t slice_source(const vae_program *program, const vae_op *op, int64_t column)
{
    (void)program;
    const int64_t width = op->attributes.slice.width, count = op->attributes.slice.count;
    return column / count * width + op->attributes.slice.begin + column % count;
}

/* The rows of a graph are those of its batch, however many. */
static vae_status check_rows(const vae_emitter *emitter, const vae_op *op)
{
    const vae_tensor_info *tensors = emitter->program->tensors;
    if (tensors[op->inputs[0]].shape.size[0] == tensors[op->outputs[0]].shape.size[0]) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "ONNX export: '%s' takes rows, not columns, which is not supported",
                         op->name);
}

vae_status vae_emit_slice(vae_emitter *emitter, const vae_op *op)
{
    const char *x;
    if (vae_emit_slices_rows(emitter, op)) return vae_emit_slice_rows(emitter, op);
    VAE_TRY(check_rows(emitter, op));
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], VAE_VIEW_ROWS, &x));
    return emit_gathered(emitter, op, x, slice_source);
}

static int64_t permuted_source(const vae_program *program, const vae_op *op, int64_t column)
{
    (void)program;
    return vae_column_source(&op->attributes.order, column);
}

vae_status vae_emit_permute_columns(vae_emitter *emitter, const vae_op *op)
{
    const char *x;
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], VAE_VIEW_ROWS, &x));
    return emit_gathered(emitter, op, x, permuted_source);
}

/* Zeros are a column more before all others. */
static int64_t padded_source(const vae_program *program, const vae_op *op, int64_t column)
{
    (void)program;
    const int64_t width = op->attributes.slice.width, count = op->attributes.slice.count;
    const int64_t place = column % width - op->attributes.slice.begin;
    return place >= 0 && place < count ? 1 + column / width * count + place : 0;
}

vae_status vae_emit_pad(vae_emitter *emitter, const vae_op *op)
{
    static const int64_t pads[4] = {0, 1, 0, 0};
    const char *x, *name;
    VAE_TRY(check_rows(emitter, op));
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], VAE_VIEW_ROWS, &x));
    VAE_TRY(vae_graph_integers(emitter->graph, op->name, "/pads", pads, 4, &name));
    VAE_TRY(vae_emit_simple(emitter, "Pad", op->name, x, name, &x));
    return emit_gathered(emitter, op, x, padded_source);
}

/* Of all columns of a, and then all of b. */
static int64_t joined_source(const vae_program *program, const vae_op *op, int64_t column)
{
    const int64_t a_width = op->attributes.concat.a_width, b_width = op->attributes.concat.b_width;
    const int64_t run = column / (a_width + b_width), place = column % (a_width + b_width);
    if (place < a_width) return run * a_width + place;
    return columns_of(program, op->inputs[0]) + run * b_width + place - a_width;
}

vae_status vae_emit_concat(vae_emitter *emitter, const vae_op *op)
{
    vae_node node = {.type = "Concat",
                     .name = op->name,
                     .attributes = {{.type = VAE_ATTRIBUTE_INT, .name = "axis", .integers = {1}}}};
    const char *joined;
    for (int i = 0; i < 2; ++i)
        VAE_TRY(vae_emit_use(emitter, op->inputs[i], VAE_VIEW_ROWS, &node.inputs[i]));
    VAE_TRY(vae_graph_node(emitter->graph, &node, &joined));
    if (columns_of(emitter->program, op->inputs[0]) != op->attributes.concat.a_width) {
        return emit_gathered(emitter, op, joined, joined_source);
    }
    vae_emit_define(emitter, op->outputs[0], VAE_VIEW_ROWS, joined);
    return VAE_OK;
}

vae_status vae_emit_matmul(vae_emitter *emitter, const vae_op *op)
{
    vae_node node = {
        .type = "Gemm",
        .name = op->name,
        .attributes = {
            {.type = VAE_ATTRIBUTE_INT, .name = "transA", .integers = {op->attributes.matmul.a_transposed}},
            {.type = VAE_ATTRIBUTE_INT, .name = "transB", .integers = {op->attributes.matmul.b_transposed}}}};
    const char *y;
    for (int i = 0; i < 2; ++i)
        VAE_TRY(vae_emit_use_matrix(emitter, op->inputs[i], &node.inputs[i]));
    VAE_TRY(vae_graph_node(emitter->graph, &node, &y));
    vae_emit_define(emitter, op->outputs[0], VAE_VIEW_ROWS, y);
    return VAE_OK;
}
