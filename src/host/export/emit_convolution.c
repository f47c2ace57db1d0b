/* Convolutions. They compute in NCHW, weights being permuted when they are written. */
#include "export/emit_ops.h"

/* The attributes that say where the window lies. */
static void set_window(vae_node *node, const vae_window *window, bool transposed)
{
    const int64_t k = window->kernel, s = window->stride, p = window->padding;
    const vae_node_attribute attributes[] = {
        {.type = VAE_ATTRIBUTE_INTS, .name = "kernel_shape", .count = 2, .integers = {k, k}},
        {.type = VAE_ATTRIBUTE_INTS, .name = "strides", .count = 2, .integers = {s, s}},
        {.type = VAE_ATTRIBUTE_INTS, .name = "pads", .count = 4, .integers = {p, p, p, p}},
        {.type = VAE_ATTRIBUTE_INTS,
         .name = "output_padding",
         .count = 2,
         .integers = {window->output_padding[0], window->output_padding[1]}},
    };
    for (int i = 0; i < (transposed ? 4 : 3); ++i)
        node->attributes[i] = attributes[i];
}

/* [k·k·in, out] becomes [out, in, k, k], and [in, k·k·out] of a transposed one [in, out, k, k]. */
static vae_status emit_weight(vae_emitter *emitter, const vae_op *op, bool transposed, const char **weight)
{
    const int64_t in = emitter->program->tensors[op->inputs[0]].shape.size[3];
    const int64_t out = emitter->program->tensors[op->outputs[0]].shape.size[3];
    const int64_t k = op->attributes.convolution.window.kernel;
    const int64_t sizes[] = {out, in, k, k}, strides[] = {1, out, k * in * out, in * out};
    const int64_t transposed_sizes[] = {in, out, k, k}, transposed_strides[] = {k * k * out, 1, k * out, out};
    return vae_emit_permuted_parameter(emitter, op->inputs[1], transposed ? transposed_sizes : sizes,
                                       transposed ? transposed_strides : strides, 4, weight);
}

static vae_status emit(vae_emitter *emitter, const vae_op *op, bool transposed)
{
    const char *x, *weight, *bias, *y;
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], VAE_VIEW_NCHW, &x));
    VAE_TRY(emit_weight(emitter, op, transposed, &weight));
    VAE_TRY(vae_emit_parameter(emitter, op->inputs[2], &bias));
    vae_node node = {.type = transposed ? "ConvTranspose" : "Conv", .name = op->name, .inputs = {x, weight, bias}};
    set_window(&node, &op->attributes.convolution.window, transposed);
    VAE_TRY(vae_graph_node(emitter->graph, &node, &y));
    VAE_TRY(vae_emit_function(emitter, op->name, (vae_function)op->attributes.convolution.activation, y, NULL, &y));
    vae_emit_define(emitter, op->outputs[0], VAE_VIEW_NCHW, y);
    return VAE_OK;
}

vae_status vae_emit_conv2d(vae_emitter *emitter, const vae_op *op)
{
    return emit(emitter, op, false);
}

vae_status vae_emit_conv_transpose2d(vae_emitter *emitter, const vae_op *op)
{
    return emit(emitter, op, true);
}
