#include "backend/cuda/lowering.h"

#include <stdlib.h>
#include <string.h>

enum { MASK_ROW_BITS = 128, MASK_ALIGNMENT = 256 };

vae_precision vae_cuda_precision(vae_precision precision)
{
    return precision == VAE_PRECISION_AUTO ? VAE_PRECISION_TF32 : precision;
}

const char *vae_cuda_precision_name(vae_precision precision)
{
    static const char *const names[] = {"auto", "fp32", "tf32", "bf16"};
    return names[precision];
}

const char *vae_launch_name(const vae_lowering *lowering, const vae_launch *launch)
{
    static const char *const names[] = {
#define ROW(name, text) text,
        VAE_LAUNCH_MAP(ROW)
#undef ROW
    };
    if (launch->kind == VAE_LAUNCH_OP) return vae_op_kind_name(lowering->program->ops[launch->op].kind);
    return names[launch->kind];
}

const char *vae_epilogue_name(vae_epilogue epilogue)
{
    static const char *const names[] = {
#define ROW(name, text) text,
        VAE_EPILOGUE_MAP(ROW)
#undef ROW
    };
    return (unsigned)epilogue < VAE_EPILOGUE_COUNT ? names[epilogue] : "unknown";
}

static const vae_shape *shape_of(const vae_lowering *lowering, vae_tensor tensor)
{
    return &lowering->program->tensors[tensor].shape;
}

/* ---- The list ---- */

static vae_status insert(vae_lowering *lowering, int32_t at, const vae_launch *launch)
{
    vae_launch *grown = realloc(lowering->launches, (size_t)(lowering->count + 1) * sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "launches of '%s': out of memory", lowering->program->name);
    lowering->launches = grown;
    memmove(grown + at + 1, grown + at, (size_t)(lowering->count - at) * sizeof *grown);
    grown[at] = *launch;
    lowering->count++;
    return VAE_OK;
}

static vae_status append(vae_lowering *lowering, const vae_launch *launch)
{
    return insert(lowering, lowering->count, launch);
}

static vae_status append_simple(vae_lowering *lowering, vae_launch_kind kind, int32_t op)
{
    return append(lowering, &(vae_launch){.kind = kind, .op = op});
}

static vae_status append_matmul(vae_lowering *lowering, int32_t op, const vae_matmul *matmul)
{
    return append(lowering, &(vae_launch){.kind = VAE_LAUNCH_MATMUL, .op = op, .as.matmul = *matmul});
}

static vae_status append_activation(vae_lowering *lowering, vae_launch_kind kind, int32_t op,
                                    const vae_launch_activation *activation)
{
    return append(lowering, &(vae_launch){.kind = kind, .op = op, .as.activation = *activation});
}

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
    const vae_shape *shape = shape_of(lowering, y);
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

/* ---- Layers ---- */

static vae_status lower_dense(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    const vae_activation activation = op->attributes.dense.activation;
    const bool in_epilogue =
        options.fused_forward && (activation == VAE_ACTIVATION_IDENTITY || activation == VAE_ACTIVATION_RELU);
    const vae_tensor y = op->outputs[0], pre = op->outputs[1] == VAE_NO_TENSOR ? y : op->outputs[1];
    vae_matmul matmul = {
        .left = op->inputs[0],
        .right = op->inputs[1],
        .target = in_epilogue ? y : pre,
        .m = shape_of(lowering, y)->size[0],
        .n = shape_of(lowering, y)->size[1],
        .k = shape_of(lowering, op->inputs[1])->size[0],
        .epilogue = options.fused_forward ? VAE_EPILOGUE_BIAS : VAE_EPILOGUE_NONE,
        .bias = options.fused_forward ? op->inputs[2] : VAE_NO_TENSOR,
        .mask = -1,
    };
    if (in_epilogue && activation == VAE_ACTIVATION_RELU) {
        const bool masked = options.fused_backward && needs_mask(lowering, y);
        matmul.epilogue = masked ? VAE_EPILOGUE_RELU_MASK_BIAS : VAE_EPILOGUE_RELU_BIAS;
        if (masked) VAE_TRY(find_mask(lowering, y, &matmul.mask));
    }
    VAE_TRY(append_matmul(lowering, index, &matmul));
    if (in_epilogue) return VAE_OK;
    const vae_launch_activation call = {
        .activation = activation,
        .x = pre,
        .y = y,
        .bias = options.fused_forward ? VAE_NO_TENSOR : op->inputs[2],
        .d_bias = VAE_NO_TENSOR,
        .from = VAE_NO_TENSOR,
    };
    return append_activation(lowering, VAE_LAUNCH_ACTIVATION, index, &call);
}

static vae_status lower_activation_backward(vae_lowering *lowering, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    const vae_launch_activation call = {
        .activation = op->attributes.dense.activation,
        .x = op->inputs[0],
        .y = VAE_NO_TENSOR,
        .bias = VAE_NO_TENSOR,
        .d_bias = op->outputs[1],
        .from = op->inputs[4] != VAE_NO_TENSOR ? op->inputs[4] : op->inputs[1],
    };
    return append_activation(lowering, VAE_LAUNCH_ACTIVATION_BACKWARD, index, &call);
}

static vae_status lower_weight_gradient(vae_lowering *lowering, int32_t index, bool with_bias)
{
    const vae_op *op = &lowering->program->ops[index];
    const vae_shape *weight = shape_of(lowering, op->inputs[3]);
    const vae_matmul matmul = {
        .left = op->inputs[2],
        .right = op->inputs[0],
        .target = op->outputs[0],
        .m = weight->size[0],
        .n = weight->size[1],
        .k = shape_of(lowering, op->inputs[0])->size[0],
        .left_transposed = true,
        .epilogue = with_bias ? VAE_EPILOGUE_BIAS_GRADIENT : VAE_EPILOGUE_NONE,
        .bias = with_bias ? op->outputs[1] : VAE_NO_TENSOR,
        .mask = -1,
    };
    return append_matmul(lowering, index, &matmul);
}

static vae_status lower_input_gradient(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    const vae_shape *weight = shape_of(lowering, op->inputs[3]);
    vae_matmul matmul = {
        .left = op->inputs[0],
        .right = op->inputs[3],
        .target = op->outputs[2],
        .m = shape_of(lowering, op->inputs[0])->size[0],
        .n = weight->size[0],
        .k = weight->size[1],
        .right_transposed = true,
        .epilogue = VAE_EPILOGUE_NONE,
        .bias = VAE_NO_TENSOR,
        .mask = -1,
    };
    const vae_op *below = options.fused_backward ? find_backward_of(lowering, op->outputs[2]) : NULL;
    if (below && is_carried(lowering, below)) {
        matmul.epilogue = VAE_EPILOGUE_DRELU_BIAS_GRADIENT;
        matmul.bias = below->outputs[1];
        VAE_TRY(find_mask(lowering, below->inputs[1], &matmul.mask));
    }
    return append_matmul(lowering, index, &matmul);
}

static vae_status lower_dense_backward(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    const vae_op *op = &lowering->program->ops[index];
    const bool carried = options.fused_backward && is_carried(lowering, op);
    const bool identity = op->attributes.dense.activation == VAE_ACTIVATION_IDENTITY;
    const bool with_kernel = !carried && !(options.fused_backward && identity);
    if (with_kernel) VAE_TRY(lower_activation_backward(lowering, index));
    VAE_TRY(lower_weight_gradient(lowering, index, !carried && !with_kernel));
    return op->outputs[2] == VAE_NO_TENSOR ? VAE_OK : lower_input_gradient(lowering, options, index);
}

/* ---- The other ops ---- */

/* Sums that follow one another are one launch. */
static vae_status lower_accumulate(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    vae_launch *last = lowering->count > 0 ? &lowering->launches[lowering->count - 1] : NULL;
    if (last && last->kind == VAE_LAUNCH_ACCUMULATE && last->as.op_count < VAE_LAUNCH_MAX_SUMS &&
        last->op + last->as.op_count == index) {
        last->as.op_count++;
        return VAE_OK;
    }
    return append(lowering, &(vae_launch){.kind = VAE_LAUNCH_ACCUMULATE, .op = index, .as.op_count = 1});
}

static vae_status lower_adam(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    if (lowering->program->ops[index].attributes.adam.clip_norm > 0) {
        VAE_TRY(append_simple(lowering, VAE_LAUNCH_GRADIENT_NORM, index));
    }
    return append_simple(lowering, VAE_LAUNCH_OP, index);
}

static vae_status lower_activate(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    const vae_op *op = &lowering->program->ops[index];
    const vae_launch_activation call = {
        .activation = op->attributes.activate.activation,
        .x = op->inputs[0],
        .y = op->outputs[0],
        .bias = VAE_NO_TENSOR,
        .d_bias = VAE_NO_TENSOR,
        .from = VAE_NO_TENSOR,
    };
    return append_activation(lowering, VAE_LAUNCH_ACTIVATION, index, &call);
}

/* In training the batch's statistics come first. */
static vae_status lower_batch_norm(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    if (lowering->program->ops[index].attributes.norm.training) {
        VAE_TRY(append_simple(lowering, VAE_LAUNCH_COLUMN_SUMS, index));
    }
    return append_simple(lowering, VAE_LAUNCH_OP, index);
}

/* The parameters' gradients, then that of the input, which takes the place of what the first are made from. */
static vae_status lower_norm_backward(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    VAE_TRY(append_simple(lowering, VAE_LAUNCH_COLUMN_SUMS, index));
    if (lowering->program->ops[index].outputs[0] == VAE_NO_TENSOR) return VAE_OK;
    return append_simple(lowering, VAE_LAUNCH_OP, index);
}

typedef vae_status (*lower_function)(vae_lowering *lowering, vae_lowering_options options, int32_t index);

/* Ops that are more, or less, than one launch of their own kernel. */
static const lower_function lower_functions[VAE_OP_COUNT] = {
    [VAE_OP_DENSE] = lower_dense,
    [VAE_OP_DENSE_BACKWARD] = lower_dense_backward,
    [VAE_OP_ACTIVATE] = lower_activate,
    [VAE_OP_ACCUMULATE] = lower_accumulate,
    [VAE_OP_ADAM] = lower_adam,
    [VAE_OP_BATCH_NORM] = lower_batch_norm,
    [VAE_OP_BATCH_NORM_BACKWARD] = lower_norm_backward,
    [VAE_OP_LAYER_NORM_BACKWARD] = lower_norm_backward,
};

static vae_status lower_op(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    const lower_function function = lower_functions[lowering->program->ops[index].kind];
    return function ? function(lowering, options, index) : append_simple(lowering, VAE_LAUNCH_OP, index);
}

/* Whether any op's numbers change from step to step. */
static bool needs_step(const vae_program *program)
{
    for (int32_t i = 0; i < program->op_count; ++i) {
        switch (program->ops[i].kind) {
        case VAE_OP_DENSE:
        case VAE_OP_DENSE_BACKWARD:
        case VAE_OP_ACTIVATE:
        case VAE_OP_ACTIVATE_BACKWARD:
        case VAE_OP_BATCH_NORM:
        case VAE_OP_BATCH_NORM_BACKWARD:
        case VAE_OP_LAYER_NORM:
        case VAE_OP_LAYER_NORM_BACKWARD:
        case VAE_OP_UPSAMPLE:
        case VAE_OP_UPSAMPLE_BACKWARD:
        case VAE_OP_ADD:
        case VAE_OP_ACCUMULATE: break;
        default: return true;
        }
    }
    return false;
}

/* ---- bf16 copies ---- */

static bool is_operand(const vae_lowering *lowering, vae_tensor tensor)
{
    for (int32_t i = 0; i < lowering->count; ++i) {
        const vae_launch *launch = &lowering->launches[i];
        if (launch->kind != VAE_LAUNCH_MATMUL) continue;
        if (launch->as.matmul.left == tensor || launch->as.matmul.right == tensor) return true;
    }
    return false;
}

vae_tensor vae_launch_shadowed(const vae_lowering *lowering, const vae_launch *launch)
{
    if (launch->op < 0) return VAE_NO_TENSOR;
    const vae_op *op = &lowering->program->ops[launch->op];
    switch (launch->kind) {
    case VAE_LAUNCH_OP: return op->outputs[op->kind == VAE_OP_LIKELIHOOD ? 1 : 0];
    case VAE_LAUNCH_ACTIVATION: return launch->as.activation.y;
    case VAE_LAUNCH_ACTIVATION_BACKWARD: return launch->as.activation.x;
    default: return VAE_NO_TENSOR;
    }
}

/* Rounds an operand ahead of the product at `*at`, unless its copy is there already. Parameters' copies are Adam's. */
static vae_status round_operand(vae_lowering *lowering, bool *rounded, vae_tensor tensor, int32_t *at)
{
    if (rounded[tensor] || lowering->program->tensors[tensor].kind == VAE_TENSOR_PARAMETER) return VAE_OK;
    const vae_launch launch = {.kind = VAE_LAUNCH_ROUND_BF16, .op = lowering->launches[*at].op, .as.rounded = tensor};
    VAE_TRY(insert(lowering, *at, &launch));
    rounded[tensor] = true;
    ++*at;
    return VAE_OK;
}

static vae_status add_shadows(vae_lowering *lowering)
{
    bool *rounded = calloc((size_t)lowering->program->tensor_count + 1, sizeof *rounded);
    if (!rounded) return vae_error_set(VAE_ERROR_MEMORY, "launches of '%s': out of memory", lowering->program->name);
    vae_status status = VAE_OK;
    for (int32_t i = 0; i < lowering->count && !status; ++i) {
        vae_launch *launch = &lowering->launches[i];
        const vae_tensor written = vae_launch_shadowed(lowering, launch);
        if (written != VAE_NO_TENSOR) {
            launch->writes_shadow = is_operand(lowering, written);
            rounded[written] = launch->writes_shadow;
        }
        if (launch->kind != VAE_LAUNCH_MATMUL) continue;
        const vae_matmul matmul = launch->as.matmul;
        status = round_operand(lowering, rounded, matmul.left, &i);
        if (!status) status = round_operand(lowering, rounded, matmul.right, &i);
        rounded[matmul.target] = false;
    }
    free(rounded);
    return status;
}

/* ---- All of it ---- */

static vae_status lower(vae_lowering *lowering, vae_lowering_options options)
{
    if (needs_step(lowering->program)) VAE_TRY(append_simple(lowering, VAE_LAUNCH_BEGIN_STEP, -1));
    for (int32_t i = 0; i < lowering->program->op_count; ++i)
        VAE_TRY(lower_op(lowering, options, i));
    return options.bf16 ? add_shadows(lowering) : VAE_OK;
}

vae_status vae_lowering_create(const vae_program *program, vae_lowering_options options, vae_lowering *lowering)
{
    *lowering = (vae_lowering){.program = program, .bf16 = options.bf16};
    const vae_status status = lower(lowering, options);
    if (status) vae_lowering_free(lowering);
    return status;
}

void vae_lowering_free(vae_lowering *lowering)
{
    free(lowering->launches);
    free(lowering->masks);
    *lowering = (vae_lowering){0};
}
