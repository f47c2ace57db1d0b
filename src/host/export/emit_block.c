/* Ops that stand between layers: norms, upsampling and the sum of a residual block. */
#include "export/emit_ops.h"

/* The arrangement of ONNX's own ops: channels come second. */
static vae_view channels_second(const vae_emitter *emitter, vae_tensor tensor)
{
    return emitter->program->tensors[tensor].shape.rank == 4 ? VAE_VIEW_NCHW : VAE_VIEW_ROWS;
}

static vae_status end_norm(vae_emitter *emitter, const vae_op *op, const vae_node *node, vae_view view)
{
    const char *y;
    VAE_TRY(vae_graph_node(emitter->graph, node, &y));
    VAE_TRY(vae_emit_function(emitter, op->name, (vae_function)op->attributes.norm.activation, y, NULL, &y));
    vae_emit_define(emitter, op->outputs[0], view, y);
    return VAE_OK;
}

/* With the running statistics: programs of training are never exported. */
vae_status vae_emit_batch_norm(vae_emitter *emitter, const vae_op *op)
{
    const vae_view view = channels_second(emitter, op->inputs[0]);
    vae_node node = {
        .type = "BatchNormalization",
        .name = op->name,
        .attributes = {{.type = VAE_ATTRIBUTE_FLOAT, .name = "epsilon", .real = op->attributes.norm.epsilon}},
    };
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], view, &node.inputs[0]));
    for (int i = 1; i < 5; ++i)
        VAE_TRY(vae_emit_parameter(emitter, op->inputs[i], &node.inputs[i]));
    return end_norm(emitter, op, &node, view);
}

/* ONNX wants a scale and a shift for every element of a row; here they are one a channel, and so are repeated. */
vae_status vae_emit_layer_norm(vae_emitter *emitter, const vae_op *op)
{
    const vae_shape *x = &emitter->program->tensors[op->inputs[0]].shape;
    const vae_view view = channels_second(emitter, op->inputs[0]);
    const int64_t sizes[] = {x->size[x->rank - 1], x->size[1], x->size[2]}, strides[] = {1, 0, 0};
    vae_node node = {
        .type = "LayerNormalization",
        .name = op->name,
        .attributes = {{.type = VAE_ATTRIBUTE_INT, .name = "axis", .integers = {1}},
                       {.type = VAE_ATTRIBUTE_FLOAT, .name = "epsilon", .real = op->attributes.norm.epsilon}},
    };
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], view, &node.inputs[0]));
    for (int i = 1; i < 3; ++i)
        VAE_TRY(vae_emit_permuted_parameter(emitter, op->inputs[i], sizes, strides, x->rank - 1, &node.inputs[i]));
    return end_norm(emitter, op, &node, view);
}

/* Resize takes the nearest pixel by the centres of pixels, which for a whole factor is the pixel that covers it: its
 * defaults serve. */
vae_status vae_emit_upsample(vae_emitter *emitter, const vae_op *op)
{
    const double factor = (double)op->attributes.upsample.factor;
    const int64_t rank = 4;
    const char *x, *scales_name, *y;
    float *scales;
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], VAE_VIEW_NCHW, &x));
    VAE_TRY(vae_graph_reals(emitter->graph, op->name, "/factors", &rank, 1, &scales_name, &scales));
    scales[0] = scales[1] = 1.0f;
    scales[2] = scales[3] = (float)factor;
    const vae_node node = {.type = "Resize", .name = op->name, .inputs = {x, "", scales_name}};
    VAE_TRY(vae_graph_node(emitter->graph, &node, &y));
    vae_emit_define(emitter, op->outputs[0], VAE_VIEW_NCHW, y);
    return VAE_OK;
}

vae_status vae_emit_add(vae_emitter *emitter, const vae_op *op)
{
    const vae_view view = channels_second(emitter, op->inputs[0]);
    const char *a, *b, *y;
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], view, &a));
    VAE_TRY(vae_emit_use(emitter, op->inputs[1], view, &b));
    VAE_TRY(vae_emit_simple(emitter, "Add", op->name, a, b, &y));
    vae_emit_define(emitter, op->outputs[0], view, y);
    return VAE_OK;
}
