/* replace_tokens: ids of which some are left out. */
#include <inttypes.h>

#include "core/random.h"
#include "program/op.h"

vae_status vae_program_replace_tokens(vae_program *program, const char *name, vae_tensor ids, int64_t rows, double rate,
                                      int64_t token, vae_tensor *y)
{
    const vae_shape shape = *vae_tensor_shape(program, ids);
    if (!(rate >= 0.0 && rate <= 1.0)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: the rate is %g, but must be from 0 to 1", name, rate);
    }
    if (shape.size[0] != vae_shape_elements(&shape) || rows < 1 || shape.size[0] % rows != 0) {
        char text[96];
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: ids have shape %s, but must be a vector of steps of %" PRId64 " rows", name,
                             vae_shape_format(&shape, text, sizeof text), rows);
    }
    vae_op op = vae_op_make(VAE_OP_REPLACE_TOKENS, name);
    op.inputs[0] = ids;
    op.attributes.replace_tokens.rate = rate;
    op.attributes.replace_tokens.token = token;
    op.attributes.replace_tokens.rows = rows;
    VAE_TRY(vae_program_noise_site(program, name, VAE_STREAM_REPLACE, &op.attributes.replace_tokens.stream));
    VAE_TRY(vae_program_add_activation(program, name, shape, &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 4, op->outputs[0]);
}

static const vae_field fields[] = {
    VAE_FIELD(REAL, rate, replace_tokens.rate),
    VAE_FIELD(INTEGER, token, replace_tokens.token),
    VAE_FIELD(INTEGER, rows, replace_tokens.rows),
    {0},
};

/* A thread a token. */
static vae_grid grid(const vae_program *program, const vae_op *op)
{
    return vae_grid_of_vectors(program->tensors[op->outputs[0]].elements, 1, VAE_BLOCK_THREADS);
}

const vae_op_info vae_op_info_replace_tokens = {
    .flags = VAE_OP_READS_STEP, .cost = cost, .fields = fields, .grid = grid};
