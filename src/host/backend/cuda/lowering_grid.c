/* The grids of launches. */
#include "backend/cuda/lowering.h"
#include "backend/cuda/lowering_internal.h"

static int64_t elements_of(const vae_lowering *lowering, vae_tensor tensor)
{
    return lowering->program->tensors[tensor].elements;
}

/* The size of a shape's last axis. */
static int64_t channels_of(const vae_lowering *lowering, vae_tensor tensor)
{
    const vae_shape *shape = vae_lowering_shape(lowering, tensor);
    return shape->size[shape->rank - 1];
}

static vae_grid channels_grid(const vae_lowering *lowering, vae_tensor tensor)
{
    return vae_grid_of_vectors(elements_of(lowering, tensor), channels_of(lowering, tensor), VAE_BLOCK_THREADS);
}

static vae_grid flat_grid(int64_t elements, int64_t threads)
{
    return vae_grid_of_vectors(elements, elements, threads);
}

static vae_grid gather_grid(const vae_lowering *lowering, const vae_op *op)
{
    const vae_shape *shape = vae_lowering_shape(lowering, op->outputs[0]);
    return vae_grid_of_gather(shape->size[0], vae_shape_columns(shape), op->attributes.gather.flip);
}

static vae_grid means_grid(const vae_lowering *lowering, const vae_op *op)
{
    const vae_likelihood_options *options = &op->attributes.likelihood.options;
    return vae_grid_of_means(options, elements_of(lowering, op->inputs[0]) / vae_likelihood_width(options));
}

static vae_grid posterior_backward_grid(const vae_lowering *lowering, const vae_op *op)
{
    const int64_t latent = vae_lowering_shape(lowering, op->inputs[0])->size[1] / 2;
    return vae_grid_of_vectors(elements_of(lowering, op->inputs[0]) / 2, latent, VAE_SMALL_BLOCK_THREADS);
}

/* Of an op's own kernel. */
static vae_grid op_grid(const vae_lowering *lowering, const vae_op *op)
{
    const vae_tensor in = op->inputs[0], out = op->outputs[0];
    switch (op->kind) {
    case VAE_OP_GATHER: return gather_grid(lowering, op);
    case VAE_OP_GAUSSIAN_SAMPLE_KL: return vae_grid_of_warps(vae_lowering_shape(lowering, out)->size[0]);
    case VAE_OP_GAUSSIAN_SAMPLE_KL_BACKWARD: return posterior_backward_grid(lowering, op);
    case VAE_OP_LIKELIHOOD:
    case VAE_OP_LAYER_NORM:
    case VAE_OP_LAYER_NORM_BACKWARD: return vae_grid_of_blocks(vae_lowering_shape(lowering, in)->size[0]);
    case VAE_OP_LIKELIHOOD_MEAN: return means_grid(lowering, op);
    case VAE_OP_BATCH_NORM:
    case VAE_OP_BATCH_NORM_BACKWARD:
    case VAE_OP_UPSAMPLE: return channels_grid(lowering, in);
    case VAE_OP_UPSAMPLE_BACKWARD: return channels_grid(lowering, out);
    case VAE_OP_PRIOR_SAMPLE: return flat_grid(elements_of(lowering, out), VAE_SMALL_BLOCK_THREADS);
    case VAE_OP_ADAM: return flat_grid(lowering->program->layout->trained_elements, VAE_BLOCK_THREADS);
    default: return flat_grid(elements_of(lowering, out), VAE_BLOCK_THREADS);
    }
}

int32_t vae_launch_column_plan(const vae_lowering *lowering, const vae_launch *launch, vae_column_plan *plan)
{
    vae_tensor matrix;
    int64_t columns;
    int32_t sums;
    *plan = (vae_column_plan){0};
    switch (launch->kind) {
    case VAE_LAUNCH_ACTIVATION_BACKWARD:
        matrix = launch->as.activation.x;
        columns = launch->as.activation.columns;
        sums = launch->as.activation.d_bias != VAE_NO_TENSOR;
        break;
    case VAE_LAUNCH_UNPATCH:
        matrix = launch->as.windows.images;
        columns = channels_of(lowering, matrix);
        sums = launch->as.windows.d_bias != VAE_NO_TENSOR;
        break;
    case VAE_LAUNCH_NORM_SUMS:
        matrix = lowering->program->ops[launch->op].inputs[0];
        columns = channels_of(lowering, matrix);
        sums = 2;
        break;
    default: return 0;
    }
    *plan = vae_plan_columns(elements_of(lowering, matrix) / columns, columns);
    return sums;
}

static vae_grid patches_grid(const vae_lowering *lowering, const vae_launch_windows *w)
{
    const vae_shape *images = vae_lowering_shape(lowering, w->images);
    return vae_grid_of_patches(images->size[0] * w->height * w->width, w->window.kernel, images->size[3]);
}

static vae_grid activation_grid(const vae_lowering *lowering, const vae_launch_activation *activation)
{
    return vae_grid_of_vectors(elements_of(lowering, activation->x), activation->columns, VAE_BLOCK_THREADS);
}

static vae_grid grid_of(const vae_lowering *lowering, const vae_launch *launch)
{
    vae_column_plan plan;
    vae_launch_column_plan(lowering, launch, &plan);
    if (plan.tasks > 0) return vae_grid_of_blocks(plan.tasks);
    switch (launch->kind) {
    case VAE_LAUNCH_OP: return op_grid(lowering, &lowering->program->ops[launch->op]);
    case VAE_LAUNCH_ACTIVATION: return activation_grid(lowering, &launch->as.activation);
    case VAE_LAUNCH_PATCHES: return patches_grid(lowering, &launch->as.windows);
    case VAE_LAUNCH_SHARED_VARIANCE: {
        const vae_tensor prediction = lowering->program->ops[launch->op].inputs[0];
        return vae_grid_of_blocks(vae_lowering_shape(lowering, prediction)->size[0]);
    }
    case VAE_LAUNCH_GRADIENT_NORM: return flat_grid(lowering->program->layout->trained_elements, VAE_BLOCK_THREADS);
    case VAE_LAUNCH_ROUND_BF16: return flat_grid(elements_of(lowering, launch->as.rounded), VAE_BLOCK_THREADS);
    default: return vae_grid_of_blocks(1);
    }
}

int64_t vae_launch_blocks(const vae_lowering *lowering, const vae_launch *launch)
{
    return launch->kind == VAE_LAUNCH_MATMUL ? 0 : vae_grid_blocks(grid_of(lowering, launch));
}
