/* token_likelihood: log p of each row's tokens, with its gradient. */
#include <inttypes.h>

#include "program/op.h"
#include "program/op/sequence_likelihood.h"

vae_status vae_program_token_likelihood(vae_program *program, const char *name, vae_tensor logits, vae_tensor targets,
                                        vae_tensor lengths, vae_tensor *ll)
{
    vae_op op = vae_op_make(VAE_OP_TOKEN_LIKELIHOOD, name);
    op.inputs[0] = logits;
    op.inputs[1] = targets;
    op.inputs[2] = lengths;
    VAE_TRY(vae_sequence_likelihood_check(program, &op, 1));
    VAE_TRY(vae_program_add_activation(program, name, vae_shape_vector(vae_tensor_shape(program, lengths)->size[0]),
                                       &op.outputs[0]));
    *ll = op.outputs[0];
    return vae_program_append(program, &op);
}

static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    return vae_sequence_likelihood_backward(pass, index, offsetof(vae_attributes, token_likelihood.weight));
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 6, op->inputs[0]);
}

/* A block a step of a sequence; the last of a sequence adds up what the others left. */
static vae_grid grid(const vae_program *program, const vae_op *op)
{
    const int64_t steps = vae_tensor_shape(program, op->inputs[0])->size[0];
    return (vae_grid){steps, 1, steps, vae_tensor_shape(program, op->inputs[2])->size[0]};
}

const vae_op_info vae_op_info_token_likelihood = {
    .flags = VAE_OP_ABSORBS_TERM_0 | VAE_OP_READS_STEP,
    .backward = backward,
    .cost = cost,
    .grid = grid,
    .shadowed = 1 << 1, /* the gradient */
};
