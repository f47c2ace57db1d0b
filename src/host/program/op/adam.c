/* adam: the update of all trained parameters. */
#include "program/op.h"

vae_status vae_program_adam(vae_program *program, vae_adam_options options)
{
    vae_op op = vae_op_make(VAE_OP_ADAM, "adam");
    op.attributes.adam.beta1 = options.beta1;
    op.attributes.adam.beta2 = options.beta2;
    op.attributes.adam.epsilon = options.epsilon;
    op.attributes.adam.weight_decay = options.weight_decay;
    op.attributes.adam.clip_norm = options.clip_norm;
    return vae_program_append(program, &op);
}

/* Parameters and both moments are read and written, the gradient read. */
static vae_cost cost(const vae_program *program, const vae_op *op)
{
    (void)op;
    const double trained = (double)program->layout->trained_elements;
    return (vae_cost){.flops = 14 * trained, .bytes_read = 16 * trained, .bytes_written = 12 * trained};
}

static const vae_field fields[] = {
    VAE_FIELD(REAL, beta1, adam.beta1),         VAE_FIELD(REAL, beta2, adam.beta2),
    VAE_FIELD(REAL, epsilon, adam.epsilon),     VAE_FIELD(REAL, weight_decay, adam.weight_decay),
    VAE_FIELD(REAL, clip_norm, adam.clip_norm), {0},
};

static vae_grid grid(const vae_program *program, const vae_op *op)
{
    (void)op;
    const int64_t elements = program->layout->trained_elements;
    return vae_grid_of_vectors(elements, elements, VAE_BLOCK_THREADS);
}

const vae_op_info vae_op_info_adam = {
    .flags = VAE_OP_READS_STEP | VAE_OP_TRAINS, .cost = cost, .fields = fields, .grid = grid};
