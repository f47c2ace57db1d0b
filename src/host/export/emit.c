/* A tensor's views (rows, NHWC, NCHW), each made from another on first use; weights, and simple nodes. */
#include "export/emit.h"

/* ---- Values ---- */

void vae_emit_define(vae_emitter *emitter, vae_tensor tensor, vae_view view, const char *name)
{
    emitter->values[tensor].views[view] = name;
}

vae_view vae_emit_preferred_view(const vae_emitter *emitter, vae_tensor tensor)
{
    const vae_value *value = &emitter->values[tensor];
    if (value->views[VAE_VIEW_NCHW]) return VAE_VIEW_NCHW;
    return value->views[VAE_VIEW_NHWC] ? VAE_VIEW_NHWC : VAE_VIEW_ROWS;
}

static vae_status transpose(vae_emitter *emitter, const char *layer, const char *x, const int64_t order[4],
                            const char **y)
{
    const vae_node node = {
        .type = "Transpose",
        .name = layer,
        .inputs = {x},
        .attributes = {{.type = VAE_ATTRIBUTE_INTS,
                        .name = "perm",
                        .count = 4,
                        .integers = {order[0], order[1], order[2], order[3]}}},
    };
    return vae_graph_node(emitter->graph, &node, y);
}

/* Rows or NCHW from NHWC, NHWC from rows or NCHW. */
static vae_status convert(vae_emitter *emitter, vae_tensor tensor, vae_view from, vae_view to, const char **name)
{
    static const int64_t to_nchw[4] = {0, 3, 1, 2}, to_nhwc[4] = {0, 2, 3, 1};
    const vae_tensor_info *info = &emitter->program->tensors[tensor];
    const char *x = emitter->values[tensor].views[from];
    if (from == VAE_VIEW_NCHW) return transpose(emitter, info->name, x, to_nhwc, name);
    if (to == VAE_VIEW_NCHW) return transpose(emitter, info->name, x, to_nchw, name);
    if (to == VAE_VIEW_ROWS) {
        const int64_t elements = info->elements / info->shape.size[0];
        return vae_emit_reshape(emitter, info->name, x, &elements, 1, name);
    }
    if (info->shape.rank != 4) {
        char shape[96];
        return vae_error_set(VAE_ERROR_SHAPE, "ONNX export: '%s' has shape %s, but an image was expected", info->name,
                             vae_shape_format(&info->shape, shape, sizeof shape));
    }
    return vae_emit_reshape(emitter, info->name, x, info->shape.size + 1, 3, name);
}

vae_status vae_emit_use(vae_emitter *emitter, vae_tensor tensor, vae_view view, const char **name)
{
    const vae_tensor_info *info = &emitter->program->tensors[tensor];
    vae_value *value = &emitter->values[tensor];
    vae_view from = vae_emit_preferred_view(emitter, tensor);
    if (!value->views[from]) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "ONNX export: '%s' is used before it is computed", info->name);
    }
    /* NHWC lies between the other two. */
    if (!value->views[view] && from != VAE_VIEW_NHWC && view != VAE_VIEW_NHWC) {
        VAE_TRY(convert(emitter, tensor, from, VAE_VIEW_NHWC, &value->views[VAE_VIEW_NHWC]));
        from = VAE_VIEW_NHWC;
    }
    if (!value->views[view]) VAE_TRY(convert(emitter, tensor, from, view, &value->views[view]));
    *name = value->views[view];
    return VAE_OK;
}

/* ---- Weights ---- */

vae_status vae_emit_permuted_parameter(vae_emitter *emitter, vae_tensor tensor, const int64_t *sizes,
                                       const int64_t *strides, int32_t rank, const char **name)
{
    const vae_tensor_info *info = &emitter->program->tensors[tensor];
    const int64_t offset = emitter->program->layout->parameters[info->parameter].offset;
    int64_t index[VAE_MAX_RANK] = {0};
    int64_t elements = 1;
    float *values;
    VAE_TRY(vae_graph_reals(emitter->graph, info->name, "", sizes, rank, name, &values));
    for (int32_t d = 0; d < rank; ++d)
        elements *= sizes[d];
    for (int64_t i = 0; i < elements; ++i) {
        int64_t at = offset;
        for (int32_t d = 0; d < rank; ++d)
            at += index[d] * strides[d];
        values[i] = emitter->dtype == VAE_FLOAT64 ? (float)((const double *)emitter->parameters)[at]
                                                  : ((const float *)emitter->parameters)[at];
        for (int32_t d = rank - 1; d >= 0 && ++index[d] == sizes[d]; --d)
            index[d] = 0;
    }
    return VAE_OK;
}

vae_status vae_emit_parameter(vae_emitter *emitter, vae_tensor tensor, const char **name)
{
    const vae_shape *shape = &emitter->program->tensors[tensor].shape;
    int64_t strides[VAE_MAX_RANK], stride = 1;
    for (int32_t d = shape->rank - 1; d >= 0; --d) {
        strides[d] = stride;
        stride *= shape->size[d];
    }
    return vae_emit_permuted_parameter(emitter, tensor, shape->size, strides, shape->rank, name);
}

vae_status vae_emit_use_matrix(vae_emitter *emitter, vae_tensor tensor, const char **name)
{
    const vae_tensor_info *info = &emitter->program->tensors[tensor];
    if (info->kind != VAE_TENSOR_PARAMETER) return vae_emit_use(emitter, tensor, VAE_VIEW_ROWS, name);
    const int64_t columns = vae_shape_columns(&info->shape);
    const int64_t sizes[] = {info->shape.size[0], columns}, strides[] = {columns, 1};
    return vae_emit_permuted_parameter(emitter, tensor, sizes, strides, 2, name);
}

vae_status vae_emit_scalar(vae_emitter *emitter, const char *layer, const char *suffix, double value, const char **name)
{
    float *values;
    VAE_TRY(vae_graph_reals(emitter->graph, layer, suffix, NULL, 0, name, &values));
    values[0] = (float)value;
    return VAE_OK;
}

/* ---- Nodes ---- */

vae_status vae_emit_simple(vae_emitter *emitter, const char *type, const char *layer, const char *a, const char *b,
                           const char **output)
{
    const vae_node node = {.type = type, .name = layer, .inputs = {a, b}};
    return vae_graph_node(emitter->graph, &node, output);
}

vae_status vae_emit_reshape(vae_emitter *emitter, const char *layer, const char *x, const int64_t *sizes, int32_t rank,
                            const char **name)
{
    int64_t shape[VAE_MAX_RANK] = {0}; /* 0 keeps the size that is there: the batch's */
    for (int32_t i = 0; i < rank; ++i)
        shape[i + 1] = sizes[i];
    const char *shape_name;
    static const char *const suffixes[VAE_MAX_RANK] = {[1] = "/rows", [2] = "/pixels", [3] = "/image"};
    VAE_TRY(vae_graph_integers(emitter->graph, layer, suffixes[rank], shape, rank + 1, &shape_name));
    const vae_node node = {.type = "Reshape", .name = layer, .inputs = {x, shape_name}};
    return vae_graph_node(emitter->graph, &node, name);
}
