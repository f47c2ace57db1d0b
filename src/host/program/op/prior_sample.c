/* prior_sample: draws from a normal distribution around 0. */
#include "core/random.h"
#include "program/op.h"

static vae_status append_normal(vae_program *program, const char *name, vae_shape shape, uint32_t stream,
                                double temperature, vae_tensor *z)
{
    vae_op op = vae_op_make(VAE_OP_PRIOR_SAMPLE, name);
    op.attributes.prior_sample.temperature = temperature;
    VAE_TRY(vae_program_noise_site(program, name, stream, &op.attributes.prior_sample.stream));
    VAE_TRY(vae_program_add_activation(program, name, shape, &op.outputs[0]));
    *z = op.outputs[0];
    return vae_program_append(program, &op);
}

vae_status vae_program_normal(vae_program *program, const char *name, vae_shape shape, uint32_t stream, vae_tensor *z)
{
    return append_normal(program, name, shape, stream, 1.0, z);
}

vae_status vae_program_prior_sample(vae_program *program, const char *name, vae_shape shape, double temperature,
                                    vae_tensor *z)
{
    return append_normal(program, name, shape, VAE_STREAM_PRIOR, temperature, z);
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 10, op->outputs[0]);
}

static const vae_field fields[] = {VAE_FIELD(REAL, temperature, prior_sample.temperature), {0}};

static vae_grid grid(const vae_program *program, const vae_op *op)
{
    const int64_t elements = program->tensors[op->outputs[0]].elements;
    return vae_grid_of_vectors(elements, elements, VAE_SMALL_BLOCK_THREADS);
}

const vae_op_info vae_op_info_prior_sample = {.flags = VAE_OP_READS_STEP, .cost = cost, .fields = fields, .grid = grid};
