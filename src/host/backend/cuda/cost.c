/* What a launch moves and computes. */
#include "backend/cuda/lowering.h"
#include "backend/cuda/lowering_internal.h"
#include "program/op.h"

static double bytes_of(const vae_lowering *lowering, vae_tensor tensor)
{
    return tensor == VAE_NO_TENSOR ? 0.0 : 4.0 * (double)lowering->program->tensors[tensor].elements;
}

static vae_cost matmul_cost(const vae_lowering *lowering, const vae_launch *launch, double operand_share)
{
    const vae_matmul *m = &launch->as.matmul;
    vae_cost cost = {.flops = 2.0 * (double)m->m * (double)m->n * (double)m->k,
                     .bytes_read = operand_share * 4.0 * (double)(m->m * m->k + m->k * m->n),
                     .bytes_written = 4.0 * (double)(m->m * m->n)};
    double mask = 0.0;
    if (m->mask >= 0) mask = (double)(lowering->masks[m->mask].rows * lowering->masks[m->mask].row_bits) / 8.0;
    const bool writes_mask = m->epilogue == VAE_EPILOGUE_RELU_MASK_BIAS;
    const bool writes_bias =
        m->epilogue == VAE_EPILOGUE_BIAS_GRADIENT || m->epilogue == VAE_EPILOGUE_DRELU_BIAS_GRADIENT;
    cost.bytes_read += (writes_mask ? 0.0 : mask) + (writes_bias ? 0.0 : bytes_of(lowering, m->bias));
    cost.bytes_written += (writes_mask ? mask : 0.0) + (writes_bias ? bytes_of(lowering, m->bias) : 0.0);
    return cost;
}

static vae_cost activation_cost(const vae_lowering *lowering, const vae_launch *launch)
{
    const vae_launch_activation *a = &launch->as.activation;
    const bool backward = launch->kind != VAE_LAUNCH_ACTIVATION;
    const bool keeps_biased = !backward && a->bias != VAE_NO_TENSOR && a->x != a->y;
    const bool in_place = backward ? a->from != VAE_NO_TENSOR : keeps_biased;
    vae_cost cost = {.flops = (double)lowering->program->tensors[a->x].elements * 2.0};
    cost.bytes_read = bytes_of(lowering, a->x) + bytes_of(lowering, a->bias) + bytes_of(lowering, a->from);
    cost.bytes_written =
        bytes_of(lowering, a->y) + bytes_of(lowering, a->d_bias) + (in_place ? bytes_of(lowering, a->x) : 0.0);
    return cost;
}

/* Each pixel once, though several windows read it: the others find it in a cache. */
static vae_cost windows_cost(const vae_lowering *lowering, const vae_launch *launch)
{
    const vae_launch_windows *w = &launch->as.windows;
    const vae_shape *images = vae_lowering_shape(lowering, w->images);
    const double patches =
        (double)(images->size[0] * w->height * w->width * w->window.kernel * w->window.kernel * images->size[3]);
    const double pixels = (double)vae_shape_elements(images);
    if (launch->kind == VAE_LAUNCH_PATCHES) {
        return (vae_cost){.bytes_read = 4.0 * pixels, .bytes_written = (lowering->bf16 ? 2.0 : 4.0) * patches};
    }
    return (vae_cost){
        .flops = patches + 2.0 * pixels,
        .bytes_read = 4.0 * patches + bytes_of(lowering, w->bias) + bytes_of(lowering, w->from),
        .bytes_written = 4.0 * pixels + bytes_of(lowering, w->pre_activation) + bytes_of(lowering, w->d_bias),
    };
}

static vae_cost add(vae_cost a, vae_cost b)
{
    return (vae_cost){a.flops + b.flops, a.bytes_read + b.bytes_read, a.bytes_written + b.bytes_written};
}

static vae_cost ops_cost(const vae_lowering *lowering, const vae_launch *launch)
{
    vae_cost cost = {0};
    for (int32_t i = 0; i <= launch->as.more_ops; ++i)
        cost = add(cost, vae_op_cost(lowering->program, &lowering->program->ops[launch->op + i]));
    /* The bf16 copies of parameters. */
    const bool trains = vae_op_info_of(lowering->program->ops[launch->op].kind)->flags & VAE_OP_TRAINS;
    if (lowering->bf16 && trains) {
        const vae_op *op = &lowering->program->ops[launch->op];
        cost.bytes_written += 2.0 * (double)vae_adam_count(lowering->program->layout, op);
    }
    return cost;
}

static vae_cost shared_variance_cost(const vae_lowering *lowering, const vae_launch *launch)
{
    const vae_op *op = &lowering->program->ops[launch->op];
    const double read = bytes_of(lowering, op->inputs[0]) + bytes_of(lowering, op->inputs[1]);
    return (vae_cost){.flops = 0.75 * read, .bytes_read = read, .bytes_written = bytes_of(lowering, op->outputs[0])};
}

/* The batch's numbers, or d_y and x; what is a number a channel counts as nothing. */
static vae_cost norm_sums_cost(const vae_lowering *lowering, const vae_launch *launch)
{
    const vae_op *op = &lowering->program->ops[launch->op];
    const bool backward = op->kind != VAE_OP_BATCH_NORM;
    const double bytes = bytes_of(lowering, op->inputs[0]);
    return (vae_cost){.flops = bytes * (backward ? 2.0 : 0.75), .bytes_read = backward ? 2.0 * bytes : bytes};
}

vae_cost vae_launch_cost(const vae_lowering *lowering, const vae_launch *launch)
{
    vae_cost cost = {0};
    const double arena = 4.0 * (double)lowering->program->layout->trained_elements;
    switch (launch->kind) {
    case VAE_LAUNCH_BEGIN_STEP:
    case VAE_LAUNCH_COUNT: break;
    case VAE_LAUNCH_MATMUL: cost = matmul_cost(lowering, launch, lowering->bf16 ? 0.5 : 1.0); break;
    case VAE_LAUNCH_ACTIVATION:
    case VAE_LAUNCH_ACTIVATION_BACKWARD:
    case VAE_LAUNCH_COLUMN_SUMS: cost = activation_cost(lowering, launch); break;
    case VAE_LAUNCH_CELL:
    case VAE_LAUNCH_CELL_BACKWARD:
    case VAE_LAUNCH_CELL_INITIAL:
    case VAE_LAUNCH_CELL_SUMS: cost = vae_cell_cost(lowering, launch); break;
    case VAE_LAUNCH_PATCHES:
    case VAE_LAUNCH_UNPATCH: cost = windows_cost(lowering, launch); break;
    case VAE_LAUNCH_SHARED_VARIANCE: cost = shared_variance_cost(lowering, launch); break;
    case VAE_LAUNCH_NORM_SUMS: cost = norm_sums_cost(lowering, launch); break;
    case VAE_LAUNCH_GRADIENT_NORM: cost = (vae_cost){.flops = arena / 2.0, .bytes_read = arena}; break;
    case VAE_LAUNCH_ROUND_BF16:
        cost.bytes_read = bytes_of(lowering, launch->as.rounded);
        cost.bytes_written = 0.5 * cost.bytes_read;
        break;
    case VAE_LAUNCH_OP: cost = ops_cost(lowering, launch); break;
    }
    for (int i = 0; i < VAE_MAX_OUTPUTS; ++i) {
        if (launch->shadows >> i & 1) {
            cost.bytes_written += 0.5 * bytes_of(lowering, vae_launch_shadowed(lowering, launch, i));
        }
    }
    return cost;
}

/* Each instruction of a list was, or would be, an op and a launch of its own. */
static void add_savings(const vae_program *program, const vae_op *op, vae_step_cost *total)
{
    if (op->kind != VAE_OP_ELEMENTWISE) return;
    const vae_cost apart = vae_elementwise_traffic_apart(program, op), joined = vae_op_cost(program, op);
    total->saved_launches += op->attributes.elementwise.count - 1;
    total->saved.bytes_read += apart.bytes_read - joined.bytes_read;
    total->saved.bytes_written += apart.bytes_written - joined.bytes_written;
}

vae_step_cost vae_lowering_cost(const vae_lowering *lowering)
{
    vae_step_cost total = {0};
    for (int32_t i = 0; i < lowering->count; ++i) {
        const vae_launch *launch = &lowering->launches[i];
        const bool product = launch->kind == VAE_LAUNCH_MATMUL;
        vae_cost *part = product ? &total.products : &total.elementwise;
        *part = add(*part, vae_launch_cost(lowering, launch));
        total.product_count += product;
    }
    for (int32_t i = 0; i < lowering->program->op_count; ++i) {
        const vae_op *op = &lowering->program->ops[i];
        if (!vae_op_is_layer(op->kind)) total.minimum = add(total.minimum, vae_op_cost(lowering->program, op));
        add_savings(lowering->program, op, &total);
    }
    return total;
}

double vae_lowering_roofline(const vae_lowering *lowering, const vae_gpu *gpu, vae_precision precision)
{
    double seconds = 0.0;
    for (int32_t i = 0; i < lowering->count; ++i) {
        const vae_launch *launch = &lowering->launches[i];
        const bool product = launch->kind == VAE_LAUNCH_MATMUL;
        seconds += vae_gpu_roofline(gpu, vae_launch_cost(lowering, launch), product ? precision : VAE_PRECISION_FP32);
    }
    return seconds;
}
