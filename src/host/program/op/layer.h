/* What the layers with weights share: dense and the convolutions. Operands by position: program.h. */
#ifndef VAE_PROGRAM_OP_LAYER_H
#define VAE_PROGRAM_OP_LAYER_H

#include "program/op.h"

/* Appends a layer's op, whose inputs are set, with its output and, where the backward pass needs it, pre-activation. */
vae_status vae_layer_append(vae_program *program, vae_op *op, vae_shape output, vae_activation activation,
                            bool training, vae_tensor *y);
/* Appends the backward op, of `kind`, of the op at `index`. */
vae_status vae_layer_backward(vae_backward_pass *pass, int32_t index, vae_op_kind kind);
/* `positions`: how many times every weight is multiplied. */
vae_cost vae_layer_cost(const vae_program *program, const vae_op *op, double positions);
vae_cost vae_layer_backward_cost(const vae_program *program, const vae_op *op, double positions);

#endif
