/* adam: the update of all trained parameters, or of some that lie together. */
#include <inttypes.h>

#include "program/op.h"

vae_status vae_program_adam(vae_program *program, vae_adam_options options)
{
    const int64_t trained = program->layout->trained_elements;
    if (options.first < 0 || options.count < 0 || options.first % VAE_ALIGNMENT_ELEMENTS != 0 ||
        options.first + options.count > trained) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "adam: elements %" PRId64 " … %" PRId64 " are not parameters among the first %" PRId64
                             " of the arena",
                             options.first, options.first + options.count - 1, trained);
    }
    vae_op op = vae_op_make(VAE_OP_ADAM, "adam");
    op.attributes.adam.beta1 = options.beta1;
    op.attributes.adam.beta2 = options.beta2;
    op.attributes.adam.epsilon = options.epsilon;
    op.attributes.adam.weight_decay = options.weight_decay;
    op.attributes.adam.clip_value = options.clip_value;
    op.attributes.adam.clip_norm = options.clip_norm;
    op.attributes.adam.first = options.first;
    op.attributes.adam.count = options.count;
    return vae_program_append(program, &op);
}

/* Parameters and both moments are read and written, the gradient read. */
static vae_cost cost(const vae_program *program, const vae_op *op)
{
    const double trained = (double)vae_adam_count(program->layout, op);
    return (vae_cost){.flops = 14 * trained, .bytes_read = 16 * trained, .bytes_written = 12 * trained};
}

static const vae_field fields[] = {
    VAE_FIELD(REAL, beta1, adam.beta1),
    VAE_FIELD(REAL, beta2, adam.beta2),
    VAE_FIELD(REAL, epsilon, adam.epsilon),
    VAE_FIELD(REAL, weight_decay, adam.weight_decay),
    VAE_FIELD(REAL, clip_value, adam.clip_value),
    VAE_FIELD(REAL, clip_norm, adam.clip_norm),
    VAE_FIELD(INTEGER, first, adam.first),
    VAE_FIELD(INTEGER, count, adam.count),
    {0},
};

static vae_grid grid(const vae_program *program, const vae_op *op)
{
    const int64_t elements = vae_adam_count(program->layout, op);
    return vae_grid_of_vectors(elements, elements, VAE_BLOCK_THREADS);
}

const vae_op_info vae_op_info_adam = {
    .flags = VAE_OP_READS_STEP | VAE_OP_TRAINS, .cost = cost, .fields = fields, .grid = grid};
