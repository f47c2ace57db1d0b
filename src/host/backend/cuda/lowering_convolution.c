/* Convolutions as products of patches.
 *
 * Every convolution joins images with a grid of windows on them. A conv2d reads through the windows: its patches, times
 * its weight, are its output. A transposed one writes through them: its input times its weight are patches, which are
 * added up where they overlap. Each one's backward pass goes the other way. */
#include "backend/cuda/lowering.h"
#include "backend/cuda/lowering_internal.h"

/* A window of one pixel that moves by one shows the images as they are. */
static bool is_pointwise(const vae_op *op)
{
    const vae_window *window = &op->attributes.convolution.window;
    return window->kernel == 1 && window->stride == 1;
}

/* ---- The backward pass of the layer below ---- */

static bool uses(const vae_op *op, vae_tensor tensor)
{
    for (int i = 0; i < VAE_MAX_INPUTS; ++i) {
        if (op->inputs[i] == tensor) return true;
    }
    for (int i = 0; i < VAE_MAX_OUTPUTS; ++i) {
        if (op->outputs[i] == tensor) return true;
    }
    return false;
}

/* The two ops between which `tensor` passes, if there are no others and both are backward passes of convolutions: the
 * one that makes it has to be a conv2d's, which ends in an unpatch. That can do the first step of the other. */
static bool is_handed_down(const vae_lowering *lowering, vae_tensor tensor, const vae_op **below)
{
    const vae_op *maker = NULL;
    int users = 0;
    *below = NULL;
    for (int32_t i = 0; i < lowering->program->op_count; ++i) {
        const vae_op *op = &lowering->program->ops[i];
        if (!uses(op, tensor)) continue;
        ++users;
        if (op->kind == VAE_OP_CONV2D_BACKWARD && op->outputs[2] == tensor && !is_pointwise(op)) maker = op;
        if (op->kind != VAE_OP_CONV2D_BACKWARD && op->kind != VAE_OP_CONV_TRANSPOSE2D_BACKWARD) continue;
        if (op->inputs[0] == tensor) *below = op;
    }
    return users == 2 && maker && *below;
}

/* ---- Launches ---- */

/* `grid` is the tensor with a pixel for each window. */
static vae_launch_windows windows_of(const vae_lowering *lowering, const vae_op *op, vae_tensor images, vae_tensor grid)
{
    const vae_shape *shape = vae_lowering_shape(lowering, grid);
    return (vae_launch_windows){
        .images = images,
        .height = shape->size[1],
        .width = shape->size[2],
        .window = op->attributes.convolution.window,
        .activation = VAE_ACTIVATION_IDENTITY,
        .bias = VAE_NO_TENSOR,
        .pre_activation = VAE_NO_TENSOR,
        .from = VAE_NO_TENSOR,
        .d_bias = VAE_NO_TENSOR,
    };
}

/* What kernels.h asks of the sizes. */
static vae_status check_sizes(const vae_lowering *lowering, int32_t index, const vae_launch_windows *windows)
{
    const vae_shape *images = vae_lowering_shape(lowering, windows->images);
    const int64_t pixels = images->size[1] * images->size[2], channels = images->size[3];
    const int64_t largest[] = {images->size[0] * pixels, images->size[0] * windows->height * windows->width,
                               pixels * channels, windows->window.kernel * windows->window.kernel * channels};
    for (size_t i = 0; i < sizeof largest / sizeof *largest; ++i) {
        if (largest[i] <= INT32_MAX) continue;
        char text[96];
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: images %s are too many or too large for a GPU: their pixels, windows, and numbers in "
                             "one image or window must each be fewer than 2^31",
                             lowering->program->ops[index].name, vae_shape_format(images, text, sizeof text));
    }
    return VAE_OK;
}

static vae_status append_windows(vae_lowering *lowering, vae_launch_kind kind, int32_t index,
                                 const vae_launch_windows *windows)
{
    VAE_TRY(check_sizes(lowering, index, windows));
    return vae_lowering_append(lowering, &(vae_launch){.kind = kind, .op = index, .as.windows = *windows});
}

static vae_status lower_patches(vae_lowering *lowering, int32_t index, vae_tensor images, vae_tensor grid)
{
    const vae_launch_windows windows = windows_of(lowering, &lowering->program->ops[index], images, grid);
    return append_windows(lowering, VAE_LAUNCH_PATCHES, index, &windows);
}

/* ---- Forward ---- */

static vae_status lower_transposed(vae_lowering *lowering, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    const vae_shape *weight = vae_lowering_shape(lowering, op->inputs[1]);
    const vae_matmul matmul = {
        .left = op->inputs[0],
        .right = op->inputs[1],
        .target = VAE_SCRATCH_TENSOR,
        .m = lowering->program->tensors[op->inputs[0]].elements / weight->size[0],
        .n = weight->size[1],
        .k = weight->size[0],
        .product = VAE_PRODUCT_FORWARD,
        .epilogue = VAE_EPILOGUE_NONE,
        .bias = VAE_NO_TENSOR,
        .mask = -1,
    };
    VAE_TRY(vae_lowering_append_matmul(lowering, index, &matmul));
    vae_launch_windows windows = windows_of(lowering, op, op->outputs[0], op->inputs[0]);
    windows.activation = vae_op_activation(op);
    windows.bias = op->inputs[2];
    windows.pre_activation = op->outputs[1];
    return append_windows(lowering, VAE_LAUNCH_UNPATCH, index, &windows);
}

vae_status vae_lower_convolution(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    if (is_pointwise(op)) return vae_lower_forward(lowering, options, index, op->inputs[0]);
    if (op->kind == VAE_OP_CONV_TRANSPOSE2D) return lower_transposed(lowering, index);
    VAE_TRY(lower_patches(lowering, index, op->inputs[0], op->outputs[0]));
    return vae_lower_forward(lowering, options, index, VAE_SCRATCH_TENSOR);
}

/* ---- Backward ---- */

static vae_status lower_input_gradient(vae_lowering *lowering, int32_t index, vae_tensor left, vae_tensor target)
{
    const vae_matmul matmul = vae_input_gradient_product(lowering, index, left, target);
    return vae_lowering_append_matmul(lowering, index, &matmul);
}

/* d_x of a conv2d from its patches, and where a convolution made x, that one's derivative and bias gradient. */
static vae_status lower_unpatch_backward(vae_lowering *lowering, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index], *below;
    vae_launch_windows windows = windows_of(lowering, op, op->outputs[2], op->inputs[0]);
    if (is_handed_down(lowering, op->outputs[2], &below)) {
        windows.activation = vae_op_activation(below);
        windows.from = below->inputs[4] != VAE_NO_TENSOR ? below->inputs[4] : below->inputs[1];
        windows.d_bias = below->outputs[1];
    }
    return append_windows(lowering, VAE_LAUNCH_UNPATCH, index, &windows);
}

static vae_status lower_conv2d_backward(vae_lowering *lowering, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    VAE_TRY(lower_patches(lowering, index, op->inputs[2], op->inputs[0]));
    VAE_TRY(vae_lower_weight_gradient(lowering, index, VAE_SCRATCH_TENSOR, op->inputs[0], false));
    if (op->outputs[2] == VAE_NO_TENSOR) return VAE_OK;
    VAE_TRY(lower_input_gradient(lowering, index, op->inputs[0], VAE_SCRATCH_TENSOR));
    return lower_unpatch_backward(lowering, index);
}

static vae_status lower_transposed_backward(vae_lowering *lowering, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    VAE_TRY(lower_patches(lowering, index, op->inputs[0], op->inputs[2]));
    VAE_TRY(vae_lower_weight_gradient(lowering, index, op->inputs[2], VAE_SCRATCH_TENSOR, false));
    if (op->outputs[2] == VAE_NO_TENSOR) return VAE_OK;
    return lower_input_gradient(lowering, index, VAE_SCRATCH_TENSOR, op->outputs[2]);
}

static vae_status lower_pointwise_backward(vae_lowering *lowering, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    VAE_TRY(vae_lower_weight_gradient(lowering, index, op->inputs[2], op->inputs[0], false));
    if (op->outputs[2] == VAE_NO_TENSOR) return VAE_OK;
    return lower_input_gradient(lowering, index, op->inputs[0], op->outputs[2]);
}

/* Bias gradients are kernels': as an epilogue of a product whose sums run over all positions, one would keep cuBLASLt
 * from splitting those. */
vae_status vae_lower_convolution_backward(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    const vae_op *op = &lowering->program->ops[index], *below;
    if (!is_handed_down(lowering, op->inputs[0], &below)) {
        VAE_TRY(vae_lower_activation_backward(lowering, index));
    }
    if (is_pointwise(op)) return lower_pointwise_backward(lowering, index);
    return op->kind == VAE_OP_CONV2D_BACKWARD ? lower_conv2d_backward(lowering, index)
                                              : lower_transposed_backward(lowering, index);
}
