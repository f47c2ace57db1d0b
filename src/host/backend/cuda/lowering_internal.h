/* What the parts of the lowering share: the list they append to, and the products of layers. */
#ifndef VAE_BACKEND_CUDA_LOWERING_INTERNAL_H
#define VAE_BACKEND_CUDA_LOWERING_INTERNAL_H

#include "backend/cuda/launch_list.h"
#include "program/grid.h"

static inline const vae_shape *vae_lowering_shape(const vae_lowering *lowering, vae_tensor tensor)
{
    return &lowering->program->tensors[tensor].shape;
}

vae_status vae_lowering_append(vae_lowering *lowering, const vae_launch *launch);
/* Makes a scratch as large as this, at least; another tensor stays as it is. */
void vae_lowering_reserve(vae_lowering *lowering, vae_tensor tensor, int64_t elements);
bool vae_lowering_refuses(vae_lowering_options options, int32_t op, vae_product product, vae_epilogue epilogue);
/* Makes scratches as large as the product needs them. */
vae_status vae_lowering_append_matmul(vae_lowering *lowering, int32_t op, const vae_matmul *matmul);

/* ---- Layers, by the index of their op (lowering_dense.c, lowering_convolution.c, lowering_recurrent.c) ---- */

vae_status vae_lower_dense(vae_lowering *lowering, vae_lowering_options options, int32_t index);
vae_status vae_lower_dense_backward(vae_lowering *lowering, vae_lowering_options options, int32_t index);
vae_status vae_lower_convolution(vae_lowering *lowering, vae_lowering_options options, int32_t index);
vae_status vae_lower_convolution_backward(vae_lowering *lowering, vae_lowering_options options, int32_t index);
vae_status vae_lower_recurrent(vae_lowering *lowering, vae_lowering_options options, int32_t index);
vae_status vae_lower_recurrent_backward(vae_lowering *lowering, vae_lowering_options options, int32_t index);
/* The grid and the cost of a launch of theirs. */
vae_grid vae_cell_grid(const vae_lowering *lowering, const vae_launch *launch);
vae_cost vae_cell_cost(const vae_lowering *lowering, const vae_launch *launch);

/* ---- Their steps. `left`, `right` and `target` are the layer's own tensors or VAE_SCRATCH_TENSOR. ---- */

/* y = activation(left · weight + bias) */
vae_status vae_lower_forward(vae_lowering *lowering, vae_lowering_options options, int32_t index, vae_tensor left);
/* d_y times the activation's derivative, and the bias gradient, by a kernel. */
vae_status vae_lower_activation_backward(vae_lowering *lowering, int32_t index);
/* d_weight = leftᵀ · right; the bias gradient, Σ rows of `right`, too where `with_bias`. */
vae_status vae_lower_weight_gradient(vae_lowering *lowering, int32_t index, vae_tensor left, vae_tensor right,
                                     bool with_bias);
/* target = left · weightᵀ, with no epilogue. */
vae_matmul vae_input_gradient_product(const vae_lowering *lowering, int32_t index, vae_tensor left, vae_tensor target);

#endif
