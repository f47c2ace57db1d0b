/* Dense layers, and the products that convolutions share with them. */
#include <stdlib.h>

#include "backend/cuda/lowering.h"
#include "backend/cuda/lowering_internal.h"

enum { MASK_ROW_BITS = 128, MASK_ALIGNMENT = 256 };

/* ---- Relu masks ---- */

static vae_status find_mask(vae_lowering *lowering, vae_tensor y, int32_t *mask)
{
    for (int32_t i = 0; i < lowering->mask_count; ++i) {
        if (lowering->masks[i].y != y) continue;
        *mask = i;
        return VAE_OK;
    }
    vae_relu_mask *grown = realloc(lowering->masks, (size_t)(lowering->mask_count + 1) * sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "relu masks of '%s': out of memory", lowering->program->name);
    lowering->masks = grown;
    const vae_shape *shape = vae_lowering_shape(lowering, y);
    vae_relu_mask made = {.y = y, .rows = shape->size[0], .offset = lowering->mask_bytes};
    made.row_bits = (vae_shape_columns(shape) + MASK_ROW_BITS - 1) / MASK_ROW_BITS * MASK_ROW_BITS;
    const int64_t bytes = made.rows * made.row_bits / 8;
    lowering->mask_bytes += (bytes + MASK_ALIGNMENT - 1) / MASK_ALIGNMENT * MASK_ALIGNMENT;
    *mask = lowering->mask_count;
    grown[lowering->mask_count++] = made;
    return VAE_OK;
}

/* ---- What one layer's product carries of another's backward pass ---- */

/* The op that makes `tensor` as its output `output`, or -1. */
static int32_t find_maker(const vae_lowering *lowering, vae_tensor tensor, int output)
{
    for (int32_t i = 0; i < lowering->program->op_count; ++i) {
        if (lowering->program->ops[i].outputs[output] == tensor) return i;
    }
    return -1;
}

/* The dense_backward whose input `input` is `tensor`, or NULL. */
static const vae_op *find_backward(const vae_lowering *lowering, vae_tensor tensor, int input)
{
    for (int32_t i = 0; i < lowering->program->op_count; ++i) {
        const vae_op *op = &lowering->program->ops[i];
        if (op->kind == VAE_OP_DENSE_BACKWARD && op->inputs[input] == tensor) return op;
    }
    return NULL;
}

static int32_t count_readers(const vae_lowering *lowering, vae_tensor tensor)
{
    int32_t readers = 0;
    for (int32_t i = 0; i < lowering->program->op_count; ++i) {
        for (int k = 0; k < VAE_MAX_INPUTS; ++k)
            readers += lowering->program->ops[i].inputs[k] == tensor;
    }
    return readers;
}

/* Whether the product that makes d_y can carry the backward pass of the layer that reads it: its relu's derivative, by
 * the mask that the layer's own product left, and its bias gradient. Nobody else may read d_y, as a residual block's
 * copy does, and neither product may refuse its part. */
static bool is_carried(const vae_lowering *lowering, vae_lowering_options options, const vae_op *backward)
{
    if (backward->attributes.dense.activation != VAE_ACTIVATION_RELU) return false;
    if (count_readers(lowering, backward->inputs[0]) > 1) return false;
    const int32_t above = find_maker(lowering, backward->inputs[0], 2);
    if (above < 0 || lowering->program->ops[above].kind != VAE_OP_DENSE_BACKWARD) return false;
    const int32_t layer = find_maker(lowering, backward->inputs[1], 0);
    return !vae_lowering_refuses(options, above, VAE_PRODUCT_INPUT_GRADIENT, VAE_EPILOGUE_DRELU_BIAS_GRADIENT) &&
           !vae_lowering_refuses(options, layer, VAE_PRODUCT_FORWARD, VAE_EPILOGUE_RELU_MASK_BIAS);
}

/* Whether the layer that makes `y` has to leave a mask for its backward pass. */
static bool needs_mask(const vae_lowering *lowering, vae_lowering_options options, vae_tensor y)
{
    const vae_op *backward = find_backward(lowering, y, 1);
    return backward && is_carried(lowering, options, backward);
}

/* ---- Products ----
 *
 * A product's rows are a batch's, or all positions of its images: what a tensor holds, over its width. */

static int64_t rows_of(const vae_lowering *lowering, vae_tensor tensor, int64_t width)
{
    return lowering->program->tensors[tensor].elements / width;
}

static vae_status append_activation(vae_lowering *lowering, vae_launch_kind kind, int32_t op,
                                    const vae_launch_activation *activation)
{
    return vae_lowering_append(lowering, &(vae_launch){.kind = kind, .op = op, .as.activation = *activation});
}

/* The most that the product may carry: a relu with its bias or none of both, another activation's bias. */
static vae_epilogue forward_epilogue(const vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    vae_epilogue epilogue = VAE_EPILOGUE_BIAS;
    if (vae_op_activation(op) == VAE_ACTIVATION_RELU) {
        if (needs_mask(lowering, options, op->outputs[0])) return VAE_EPILOGUE_RELU_MASK_BIAS;
        epilogue = VAE_EPILOGUE_RELU_BIAS;
    }
    return vae_lowering_refuses(options, index, VAE_PRODUCT_FORWARD, epilogue) ? VAE_EPILOGUE_NONE : epilogue;
}

vae_status vae_lower_forward(vae_lowering *lowering, vae_lowering_options options, int32_t index, vae_tensor left)
{
    const vae_op *op = &lowering->program->ops[index];
    const vae_shape *weight = vae_lowering_shape(lowering, op->inputs[1]);
    const vae_activation activation = vae_op_activation(op);
    const vae_epilogue epilogue = forward_epilogue(lowering, options, index);
    const bool with_bias = epilogue != VAE_EPILOGUE_NONE;
    const bool complete = with_bias && (activation == VAE_ACTIVATION_IDENTITY || activation == VAE_ACTIVATION_RELU);
    const vae_tensor y = op->outputs[0], pre = op->outputs[1] == VAE_NO_TENSOR ? y : op->outputs[1];
    vae_matmul matmul = {
        .left = left,
        .right = op->inputs[1],
        .target = complete ? y : pre,
        .m = rows_of(lowering, y, weight->size[1]),
        .n = weight->size[1],
        .k = weight->size[0],
        .product = VAE_PRODUCT_FORWARD,
        .epilogue = epilogue,
        .bias = with_bias ? op->inputs[2] : VAE_NO_TENSOR,
        .mask = -1,
    };
    if (epilogue == VAE_EPILOGUE_RELU_MASK_BIAS) VAE_TRY(find_mask(lowering, y, &matmul.mask));
    VAE_TRY(vae_lowering_append_matmul(lowering, index, &matmul));
    if (complete) return VAE_OK;
    const vae_launch_activation call = {
        .activation = activation,
        .x = pre,
        .y = y,
        .bias = with_bias ? VAE_NO_TENSOR : op->inputs[2],
        .d_bias = VAE_NO_TENSOR,
        .from = VAE_NO_TENSOR,
        .columns = weight->size[1],
    };
    return append_activation(lowering, VAE_LAUNCH_ACTIVATION, index, &call);
}

vae_status vae_lower_activation_backward(vae_lowering *lowering, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    const vae_launch_activation call = {
        .activation = vae_op_activation(op),
        .x = op->inputs[0],
        .y = VAE_NO_TENSOR,
        .bias = VAE_NO_TENSOR,
        .d_bias = op->outputs[1],
        .from = op->inputs[4] != VAE_NO_TENSOR ? op->inputs[4] : op->inputs[1],
        .columns = lowering->program->tensors[op->outputs[1]].elements,
    };
    return append_activation(lowering, VAE_LAUNCH_ACTIVATION_BACKWARD, index, &call);
}

vae_status vae_lower_weight_gradient(vae_lowering *lowering, int32_t index, vae_tensor left, vae_tensor right,
                                     bool with_bias)
{
    const vae_op *op = &lowering->program->ops[index];
    const vae_shape *weight = vae_lowering_shape(lowering, op->inputs[3]);
    const vae_matmul matmul = {
        .left = left,
        .right = right,
        .target = op->outputs[0],
        .m = weight->size[0],
        .n = weight->size[1],
        .k = left == VAE_SCRATCH_TENSOR ? rows_of(lowering, right, weight->size[1])
                                        : rows_of(lowering, left, weight->size[0]),
        .left_transposed = true,
        .product = VAE_PRODUCT_WEIGHT_GRADIENT,
        .epilogue = with_bias ? VAE_EPILOGUE_BIAS_GRADIENT : VAE_EPILOGUE_NONE,
        .bias = with_bias ? op->outputs[1] : VAE_NO_TENSOR,
        .mask = -1,
    };
    return vae_lowering_append_matmul(lowering, index, &matmul);
}

vae_matmul vae_input_gradient_product(const vae_lowering *lowering, int32_t index, vae_tensor left, vae_tensor target)
{
    const vae_tensor w = lowering->program->ops[index].inputs[3];
    const vae_shape *weight = vae_lowering_shape(lowering, w);
    return (vae_matmul){
        .left = left,
        .right = w,
        .target = target,
        .m = left == VAE_SCRATCH_TENSOR ? rows_of(lowering, target, weight->size[0])
                                        : rows_of(lowering, left, weight->size[1]),
        .n = weight->size[0],
        .k = weight->size[1],
        .right_transposed = true,
        .product = VAE_PRODUCT_INPUT_GRADIENT,
        .epilogue = VAE_EPILOGUE_NONE,
        .bias = VAE_NO_TENSOR,
        .mask = -1,
    };
}

/* ---- Dense layers ---- */

vae_status vae_lower_dense(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    return vae_lower_forward(lowering, options, index, lowering->program->ops[index].inputs[0]);
}

static vae_status lower_input_gradient(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    vae_matmul matmul = vae_input_gradient_product(lowering, index, op->inputs[0], op->outputs[2]);
    const vae_op *below = find_backward(lowering, op->outputs[2], 0);
    if (below && is_carried(lowering, options, below)) {
        matmul.epilogue = VAE_EPILOGUE_DRELU_BIAS_GRADIENT;
        matmul.bias = below->outputs[1];
        VAE_TRY(find_mask(lowering, below->inputs[1], &matmul.mask));
    }
    return vae_lowering_append_matmul(lowering, index, &matmul);
}

vae_status vae_lower_dense_backward(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    const bool carried = is_carried(lowering, options, op);
    const bool with_bias =
        !carried && op->attributes.dense.activation == VAE_ACTIVATION_IDENTITY &&
        !vae_lowering_refuses(options, index, VAE_PRODUCT_WEIGHT_GRADIENT, VAE_EPILOGUE_BIAS_GRADIENT);
    if (!carried && !with_bias) VAE_TRY(vae_lower_activation_backward(lowering, index));
    VAE_TRY(vae_lower_weight_gradient(lowering, index, op->inputs[2], op->inputs[0], with_bias));
    return op->outputs[2] == VAE_NO_TENSOR ? VAE_OK : lower_input_gradient(lowering, options, index);
}
