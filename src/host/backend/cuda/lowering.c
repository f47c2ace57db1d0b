/* Builds the list of launches: one lowering function for each kind of op, then the bf16 copies that products read. */
#include "backend/cuda/lowering.h"
#include "backend/cuda/lowering_internal.h"
#include "program/op.h"

#include <stdlib.h>
#include <string.h>

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

const char *vae_product_name(vae_product product)
{
    static const char *const names[] = {
#define ROW(name, text) text,
        VAE_PRODUCT_MAP(ROW)
#undef ROW
    };
    return (unsigned)product < VAE_PRODUCT_COUNT ? names[product] : "unknown";
}

bool vae_lowering_refuses(vae_lowering_options options, int32_t op, vae_product product, vae_epilogue epilogue)
{
    for (int32_t i = 0; i < options.refusal_count; ++i) {
        const vae_refusal *refusal = &options.refusals[i];
        if (refusal->op == op && refusal->product == product && refusal->epilogue == epilogue) return true;
    }
    return false;
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

vae_status vae_lowering_append(vae_lowering *lowering, const vae_launch *launch)
{
    return insert(lowering, lowering->count, launch);
}

static vae_status append_simple(vae_lowering *lowering, vae_launch_kind kind, int32_t op)
{
    return vae_lowering_append(lowering, &(vae_launch){.kind = kind, .op = op});
}

void vae_lowering_reserve(vae_lowering *lowering, vae_tensor tensor, int64_t elements)
{
    if (!vae_is_scratch(tensor)) return;
    int64_t *reserved = &lowering->scratch_elements[VAE_SCRATCH_TENSOR - tensor];
    if (elements > *reserved) *reserved = elements;
}

int64_t vae_scratch_offset(const vae_lowering *lowering, vae_tensor scratch)
{
    int64_t offset = 0;
    for (vae_tensor i = VAE_SCRATCH_TENSOR; i > scratch; --i) {
        const int64_t elements = lowering->scratch_elements[VAE_SCRATCH_TENSOR - i];
        offset += vae_ceiling(elements, VAE_ALIGNMENT_ELEMENTS) * VAE_ALIGNMENT_ELEMENTS;
    }
    return offset;
}

int64_t vae_scratch_total(const vae_lowering *lowering)
{
    return vae_scratch_offset(lowering, VAE_SCRATCH_TENSOR - VAE_SCRATCH_COUNT);
}

vae_status vae_lowering_append_matmul(vae_lowering *lowering, int32_t op, const vae_matmul *matmul)
{
    vae_lowering_reserve(lowering, matmul->left, matmul->m * matmul->k);
    vae_lowering_reserve(lowering, matmul->right, matmul->k * matmul->n);
    vae_lowering_reserve(lowering, matmul->target, matmul->m * matmul->n);
    return vae_lowering_append(lowering, &(vae_launch){.kind = VAE_LAUNCH_MATMUL, .op = op, .as.matmul = *matmul});
}

/* ---- The other ops ---- */

static vae_status lower_matmul(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    const vae_op *op = &lowering->program->ops[index];
    const vae_shape *y = vae_lowering_shape(lowering, op->outputs[0]);
    const vae_matmul matmul = {
        .left = op->inputs[0],
        .right = op->inputs[1],
        .target = op->outputs[0],
        .m = y->size[0],
        .n = vae_shape_columns(y),
        .k = vae_shape_elements(vae_lowering_shape(lowering, op->inputs[0])) / y->size[0],
        .left_transposed = op->attributes.matmul.a_transposed,
        .right_transposed = op->attributes.matmul.b_transposed,
        .product = VAE_PRODUCT_FORWARD,
        .epilogue = VAE_EPILOGUE_NONE,
        .bias = VAE_NO_TENSOR,
        .mask = -1,
    };
    return vae_lowering_append_matmul(lowering, index, &matmul);
}

/* Sums that follow one another are one launch. */
static vae_status lower_accumulate(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    vae_launch *last = lowering->count > 0 ? &lowering->launches[lowering->count - 1] : NULL;
    const vae_op *ops = lowering->program->ops;
    if (last && last->kind == VAE_LAUNCH_OP && ops[last->op].kind == VAE_OP_ACCUMULATE &&
        last->as.more_ops + 1 < VAE_LAUNCH_MAX_OPS && last->op + last->as.more_ops + 1 == index) {
        last->as.more_ops++;
        return VAE_OK;
    }
    return append_simple(lowering, VAE_LAUNCH_OP, index);
}

static vae_status lower_likelihood(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    const bool updates = lowering->program->ops[index].outputs[2] != VAE_NO_TENSOR;
    if (updates) VAE_TRY(append_simple(lowering, VAE_LAUNCH_SHARED_VARIANCE, index));
    return append_simple(lowering, VAE_LAUNCH_OP, index);
}

static vae_status lower_adam(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    if (lowering->program->ops[index].attributes.adam.clip_norm > 0) {
        VAE_TRY(append_simple(lowering, VAE_LAUNCH_GRADIENT_NORM, index));
    }
    return append_simple(lowering, VAE_LAUNCH_OP, index);
}

/* In training the batch's statistics come first. */
static vae_status lower_batch_norm(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    if (lowering->program->ops[index].attributes.norm.training) {
        VAE_TRY(append_simple(lowering, VAE_LAUNCH_NORM_SUMS, index));
    }
    return append_simple(lowering, VAE_LAUNCH_OP, index);
}

/* The parameters' gradients, then that of the input, which takes the place of what the first are made from. */
static vae_status lower_norm_backward(vae_lowering *lowering, vae_lowering_options options, int32_t index)
{
    (void)options;
    VAE_TRY(append_simple(lowering, VAE_LAUNCH_NORM_SUMS, index));
    if (lowering->program->ops[index].outputs[0] == VAE_NO_TENSOR) return VAE_OK;
    return append_simple(lowering, VAE_LAUNCH_OP, index);
}

typedef vae_status (*lower_function)(vae_lowering *lowering, vae_lowering_options options, int32_t index);

/* Ops that are more, or less, than one launch of a kernel of their own. */
static const lower_function lower_functions[VAE_OP_COUNT] = {
    [VAE_OP_DENSE] = vae_lower_dense,
    [VAE_OP_DENSE_BACKWARD] = vae_lower_dense_backward,
    [VAE_OP_CONV2D] = vae_lower_convolution,
    [VAE_OP_CONV2D_BACKWARD] = vae_lower_convolution_backward,
    [VAE_OP_CONV_TRANSPOSE2D] = vae_lower_convolution,
    [VAE_OP_CONV_TRANSPOSE2D_BACKWARD] = vae_lower_convolution_backward,
    [VAE_OP_MATMUL] = lower_matmul,
    [VAE_OP_LSTM] = vae_lower_recurrent,
    [VAE_OP_LSTM_BACKWARD] = vae_lower_recurrent_backward,
    [VAE_OP_GRU] = vae_lower_recurrent,
    [VAE_OP_GRU_BACKWARD] = vae_lower_recurrent_backward,
    [VAE_OP_LIKELIHOOD] = lower_likelihood,
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
        if (vae_op_info_of(program->ops[i].kind)->flags & VAE_OP_READS_STEP) return true;
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

/* Whether what a launch's kernel writes are its op's outputs. */
static bool writes_outputs(const vae_launch *launch)
{
    return launch->kind == VAE_LAUNCH_OP || launch->kind == VAE_LAUNCH_CELL || launch->kind == VAE_LAUNCH_CELL_BACKWARD;
}

vae_tensor vae_launch_shadowed(const vae_lowering *lowering, const vae_launch *launch, int place)
{
    if (writes_outputs(launch)) {
        const vae_op *op = &lowering->program->ops[launch->op];
        const int shadowed = vae_op_info_of(op->kind)->shadowed;
        return (shadowed ? shadowed : 1) >> place & 1 ? op->outputs[place] : VAE_NO_TENSOR;
    }
    if (place > 0) return VAE_NO_TENSOR;
    switch (launch->kind) {
    case VAE_LAUNCH_ACTIVATION: return launch->as.activation.y;
    case VAE_LAUNCH_ACTIVATION_BACKWARD: return launch->as.activation.x;
    case VAE_LAUNCH_UNPATCH: return launch->as.windows.images;
    default: return VAE_NO_TENSOR;
    }
}

/* Rounds an operand ahead of the product at `*at`, unless its copy is there already. Parameters' copies are Adam's, and
 * scratches are written in bf16. */
static vae_status round_operand(vae_lowering *lowering, bool *rounded, vae_tensor tensor, int32_t *at)
{
    if (vae_is_scratch(tensor) || rounded[tensor] || lowering->program->tensors[tensor].kind == VAE_TENSOR_PARAMETER)
        return VAE_OK;
    const vae_launch launch = {.kind = VAE_LAUNCH_ROUND_BF16, .op = lowering->launches[*at].op, .as.rounded = tensor};
    VAE_TRY(insert(lowering, *at, &launch));
    rounded[tensor] = true;
    ++*at;
    return VAE_OK;
}

/* The copies that a launch can write along are those that products read. */
static void write_shadows(const vae_lowering *lowering, bool *rounded, vae_launch *launch)
{
    for (int i = 0; i < VAE_MAX_OUTPUTS; ++i) {
        const vae_tensor written = vae_launch_shadowed(lowering, launch, i);
        if (written == VAE_NO_TENSOR) continue;
        rounded[written] = is_operand(lowering, written);
        launch->shadows |= (uint32_t)rounded[written] << i;
    }
}

static vae_status add_shadows(vae_lowering *lowering)
{
    bool *rounded = calloc((size_t)lowering->program->tensor_count + 1, sizeof *rounded);
    if (!rounded) return vae_error_set(VAE_ERROR_MEMORY, "launches of '%s': out of memory", lowering->program->name);
    vae_status status = VAE_OK;
    for (int32_t i = 0; i < lowering->count && !status; ++i) {
        vae_launch *launch = &lowering->launches[i];
        write_shadows(lowering, rounded, launch);
        if (launch->kind != VAE_LAUNCH_MATMUL) continue;
        const vae_matmul matmul = launch->as.matmul;
        status = round_operand(lowering, rounded, matmul.left, &i);
        if (!status) status = round_operand(lowering, rounded, matmul.right, &i);
        if (!vae_is_scratch(matmul.target)) rounded[matmul.target] = false;
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
