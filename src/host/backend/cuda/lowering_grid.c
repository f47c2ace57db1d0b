/* The grids of launches: an op's own kernel has its op's. */
#include "backend/cuda/lowering.h"
#include "backend/cuda/lowering_internal.h"
#include "program/op.h"

static int64_t elements_of(const vae_lowering *lowering, vae_tensor tensor)
{
    return lowering->program->tensors[tensor].elements;
}

static vae_grid flat_grid(int64_t elements)
{
    return vae_grid_of_vectors(elements, elements, VAE_BLOCK_THREADS);
}

/* A pass over a matrix that leaves so many sums of each column. */
static vae_grid columns_grid(const vae_lowering *lowering, vae_tensor matrix, int64_t columns, int64_t sums)
{
    const vae_column_plan plan = vae_plan_columns(elements_of(lowering, matrix) / columns, columns);
    return vae_grid_of_columns(&plan, sums);
}

static vae_grid activation_grid(const vae_lowering *lowering, const vae_launch_activation *activation)
{
    return vae_grid_of_vectors(elements_of(lowering, activation->x), activation->columns, VAE_BLOCK_THREADS);
}

static vae_grid activation_backward_grid(const vae_lowering *lowering, const vae_launch_activation *activation)
{
    return columns_grid(lowering, activation->x, activation->columns, activation->d_bias != VAE_NO_TENSOR);
}

static vae_grid patches_grid(const vae_lowering *lowering, const vae_launch_windows *w)
{
    const vae_shape *images = vae_lowering_shape(lowering, w->images);
    return vae_grid_of_patches(images->size[0] * w->height * w->width, w->window.kernel, images->size[3]);
}

static vae_grid unpatch_grid(const vae_lowering *lowering, const vae_launch_windows *w)
{
    const int64_t channels = vae_lowering_shape(lowering, w->images)->size[3];
    return columns_grid(lowering, w->images, channels, w->d_bias != VAE_NO_TENSOR);
}

static vae_grid norm_sums_grid(const vae_lowering *lowering, const vae_op *op)
{
    const vae_shape *shape = vae_lowering_shape(lowering, op->inputs[0]);
    return columns_grid(lowering, op->inputs[0], shape->size[shape->rank - 1], 2);
}

vae_grid vae_launch_grid(const vae_lowering *lowering, const vae_launch *launch)
{
    const vae_op *op = &lowering->program->ops[launch->op < 0 ? 0 : launch->op];
    switch (launch->kind) {
    case VAE_LAUNCH_OP: return vae_op_grid(lowering->program, op);
    case VAE_LAUNCH_ACTIVATION: return activation_grid(lowering, &launch->as.activation);
    case VAE_LAUNCH_ACTIVATION_BACKWARD: return activation_backward_grid(lowering, &launch->as.activation);
    case VAE_LAUNCH_PATCHES: return patches_grid(lowering, &launch->as.windows);
    case VAE_LAUNCH_UNPATCH: return unpatch_grid(lowering, &launch->as.windows);
    case VAE_LAUNCH_NORM_SUMS: return norm_sums_grid(lowering, op);
    case VAE_LAUNCH_CELL:
    case VAE_LAUNCH_CELL_BACKWARD:
    case VAE_LAUNCH_CELL_INITIAL:
    case VAE_LAUNCH_CELL_SUMS: return vae_cell_grid(lowering, launch);
    case VAE_LAUNCH_COLUMN_SUMS: return activation_backward_grid(lowering, &launch->as.activation);
    case VAE_LAUNCH_SHARED_VARIANCE: return vae_op_grid_of_rows(lowering->program, op->inputs[0]);
    case VAE_LAUNCH_GRADIENT_NORM: return flat_grid(vae_adam_count(lowering->program->layout, op));
    case VAE_LAUNCH_ROUND_BF16: return flat_grid(elements_of(lowering, launch->as.rounded));
    case VAE_LAUNCH_BEGIN_STEP:
    case VAE_LAUNCH_MATMUL:
    case VAE_LAUNCH_COUNT: break;
    }
    return vae_grid_of_blocks(1);
}

int64_t vae_launch_blocks(const vae_lowering *lowering, const vae_launch *launch)
{
    return launch->kind == VAE_LAUNCH_MATMUL ? 0 : vae_grid_blocks(vae_launch_grid(lowering, launch));
}
