/* What likelihoods of sequences share: predictions [steps·rows, columns] and targets [steps·rows, numbers] of which a
 * row's first lengths[row] steps count, and a gradient that takes the place of the prediction. */
#ifndef VAE_PROGRAM_OP_SEQUENCE_LIKELIHOOD_H
#define VAE_PROGRAM_OP_SEQUENCE_LIKELIHOOD_H

#include "program/op.h"

/* Whether prediction, targets and lengths, inputs 0 to 2 of `op`, fit one another; targets have `numbers` a step. */
vae_status vae_sequence_likelihood_check(const vae_program *program, const vae_op *op, int64_t numbers);

/* Where only a term of the loss reads ll, the op itself gives the gradient, times the weight at `weight` of its
 * attributes; else it runs once more with row_weight, the gradient of ll. */
vae_status vae_sequence_likelihood_backward(vae_backward_pass *pass, int32_t index, size_t weight);

#endif
