/* Dense layers, and the products that convolutions share with them. */
#include <stdlib.h>

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

/* The dense_backward that reads `d_y` as the gradient of its output, or NULL. */
static const vae_op *find_backward_of(const vae_lowering *lowering, vae_tensor d_y)
{
    for (int32_t i = 0; i < lowering->program->op_count; ++i) {
        const vae_op *op = &lowering->program->ops[i];
        if (op->kind == VAE_OP_DENSE_BACKWARD && op->inputs[0] == d_y) return op;
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

/* Whether the product that makes `d_y` can carry the backward pass of the layer that reads it: its relu's derivative
 * and its bias gradient. Nobody else may read it, as a residual block's copy does. */
static bool is_carried(const vae_lowering *lowering, const vae_op *backward)
{
    if (backward->attributes.dense.activation != VAE_ACTIVATION_RELU) return false;
    if (count_readers(lowering, backward->inputs[0]) > 1) return false;
    for (int32_t i = 0; i < lowering->program->op_count; ++i) {
        const vae_op *op = &lowering->program->ops[i];
        if (op->kind == VAE_OP_DENSE_BACKWARD && op->outputs[2] == backward->inputs[0]) return true;
    }
    return false;
}

/* Whether the layer that makes `y` has to leave a mask for its backward pass. */
static bool needs_mask(const vae_lowering *lowering, vae_tensor y)
{
    for (int32_t i = 0; i < lowering->program->op_count; ++i) {
        const vae_op *op = &lowering->program->ops[i];
        if (op->kind == VAE_OP_DENSE_BACKWARD && op->inputs[1] == y) return is_carried(lowering, op);
    }
    return false;
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

vae_status vae_lower_forward(vae_lowering *lowering, vae_lowering_options options, int32_t index, vae_tensor left)
{
    const vae_op *op = &lowering->program->ops[index];
    const vae_shape *weight = vae_lowering_shape(lowering, op->inputs[1]);
    const vae_activation activation = vae_op_activation(op);
    const bool in_epilogue =
        options.fused_forward && (activation == VAE_ACTIVATION_IDENTITY || activation == VAE_ACTIVATION_RELU);
    const vae_tensor y = op->outputs[0], pre = op->outputs[1] == VAE_NO_TENSOR ? y : op->outputs[1];
    vae_matmul matmul = {
        .left = left,
        .right = op->inputs[1],
        .target = in_epilogue ? y : pre,
        .m = rows_of(lowering, y, weight->size[1]),
        .n = weight->size[1],
        .k = weight->size[0],
        .epilogue = options.fused_forward ? VAE_EPILOGUE_BIAS : VAE_EPILOGUE_NONE,
        .bias = options.fused_forward ? op->inputs[2] : VAE_NO_TENSOR,
        .mask = -1,
    };
    if (in_epilogue && activation == VAE_ACTIVATION_RELU) {
        const bool masked = options.fused_backward && needs_mask(lowering, y);
        matmul.epilogue = masked ? VAE_EPILOGUE_RELU_MASK_BIAS : VAE_EPILOGUE_RELU_BIAS;
        if (masked) VAE_TRY(find_mask(lowering, y, &matmul.mask));
    }
    VAE_TRY(vae_lowering_append_matmul(lowering, index, &matmul));
    if (in_epilogue) return VAE_OK;
    const vae_launch_activation call = {
        .activation = activation,
        .x = pre,
        .y = y,
        .bias = options.fused_forward ? VAE_NO_TENSOR : op->inputs[2],
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
    const vae_op *below = options.fused_backward ? find_backward_of(lowering, op->outputs[2]) : NULL;
    if (below && is_carried(lowering, below)) {
        matmul.epilogue = VAE_EPILOGUE_DRELU_BIAS_GRADIENT;
        matmul.bias = below->outputs[1];
        VAE_TRY(find_mask(lowering, below->inputs[1], &matmul.mask));
    }
    return vae_lowering_append_matmul(lowering, index, &matmul);
}

vae_status vae_lower_dense_backward(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    const bool carried = options.fused_backward && is_carried(lowering, op);
    const bool identity = op->attributes.dense.activation == VAE_ACTIVATION_IDENTITY;
    const bool with_kernel = !carried && !(options.fused_backward && identity);
    if (with_kernel) VAE_TRY(vae_lower_activation_backward(lowering, index));
    VAE_TRY(vae_lower_weight_gradient(lowering, index, op->inputs[2], op->inputs[0], !carried && !with_kernel));
    return op->outputs[2] == VAE_NO_TENSOR ? VAE_OK : lower_input_gradient(lowering, options, index);
}
