/* sample_tokens: ids of which some are drawn from predictions. */
#include <inttypes.h>

#include "core/random.h"
#include "program/op.h"
#include "program/op/sequence_likelihood.h"
#include "program/sequence.h"

vae_status vae_program_sample_tokens(vae_program *program, const char *name, vae_tensor logits, vae_tensor ids,
                                     vae_tensor lengths, int64_t never, vae_tensor *y)
{
    vae_op op = vae_op_make(VAE_OP_SAMPLE_TOKENS, name);
    op.inputs[0] = logits;
    op.inputs[1] = ids;
    op.inputs[2] = lengths;
    VAE_TRY(vae_sequence_likelihood_check(program, &op, 1));
    const vae_shape shape = *vae_tensor_shape(program, ids);
    const int64_t vocabulary = vae_shape_columns(vae_tensor_shape(program, logits));
    const int64_t steps = shape.size[0] / vae_tensor_shape(program, lengths)->size[0];
    if (never < 0 || never >= vocabulary || vocabulary < 2) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "%s: of %" PRId64 " tokens, %" PRId64 " is never drawn, but it must be one of several",
                             name, vocabulary, never);
    }
    if (vae_sample_place(steps, vocabulary) > (int64_t)UINT32_MAX) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "%s: %" PRId64 " steps of %" PRId64 " tokens are more than 2^32, for which there is noise",
                             name, steps, vocabulary);
    }
    op.attributes.sample_tokens.never = never;
    VAE_TRY(vae_program_noise_site(program, name, VAE_STREAM_SAMPLE, &op.attributes.sample_tokens.stream));
    VAE_TRY(vae_program_add_activation(program, name, shape, &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

/* As if every token were drawn: of a logit its noise, two logarithms, a sum and a comparison. */
static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 5, op->inputs[0]);
}

static const vae_field fields[] = {VAE_FIELD(INTEGER, never, sample_tokens.never), {0}};

/* A block a token. */
static vae_grid grid(const vae_program *program, const vae_op *op)
{
    return vae_grid_of_blocks(program->tensors[op->outputs[0]].elements);
}

const vae_op_info vae_op_info_sample_tokens = {
    .flags = VAE_OP_READS_STEP, .cost = cost, .fields = fields, .grid = grid};
