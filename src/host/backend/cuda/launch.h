/* What the parts of launching share: how a launch's operands are found, and the launches of launch_block.c. */
#ifndef VAE_BACKEND_CUDA_LAUNCH_H
#define VAE_BACKEND_CUDA_LAUNCH_H

#include "backend/cuda/internal.h"

/* The bf16 copy that this launch has to write, or NULL. */
static inline uint16_t *written_shadow(const vae_executable *executable, const vae_launch *launch)
{
    if (!launch->writes_shadow) return NULL;
    return vae_cuda_shadow(executable, vae_launch_shadowed(&executable->lowering, launch));
}

static inline const vae_op *op_of(const vae_executable *executable, const vae_launch *launch)
{
    return &executable->program->ops[launch->op];
}

static inline const vae_shape *shape_of(const vae_executable *executable, vae_tensor tensor)
{
    return &executable->program->tensors[tensor].shape;
}

cudaError_t vae_cuda_launch_norm(const vae_executable *e, const vae_launch *launch);
cudaError_t vae_cuda_launch_norm_backward(const vae_executable *e, const vae_launch *launch);
cudaError_t vae_cuda_launch_norm_sums(const vae_executable *e, const vae_launch *launch);
cudaError_t vae_cuda_launch_dropout(const vae_executable *e, const vae_launch *launch);
cudaError_t vae_cuda_launch_upsample(const vae_executable *e, const vae_launch *launch);
cudaError_t vae_cuda_launch_add(const vae_executable *e, const vae_launch *launch);

#endif
