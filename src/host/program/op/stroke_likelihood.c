/* stroke_likelihood: log p of each row's strokes, with its gradient. */
#include <inttypes.h>

#include "program/op.h"
#include "program/op/sequence_likelihood.h"
#include "program/stroke.h"

/* The components that a step of `columns` numbers predicts. */
static vae_status count_mixtures(const vae_program *program, const char *name, vae_tensor prediction, int64_t *mixtures)
{
    VAE_TRY(vae_program_require_matrix(program, name, "prediction", prediction));
    const vae_shape *shape = vae_tensor_shape(program, prediction);
    const int64_t numbers = vae_shape_columns(shape) - VAE_PEN_STATES;
    *mixtures = numbers / VAE_STROKE_PARTS;
    const bool fits = numbers > 0 && numbers % VAE_STROKE_PARTS == 0 && *mixtures <= VAE_STROKE_MIXTURES;
    if (fits) return VAE_OK;
    char text[96];
    return vae_error_set(VAE_ERROR_SHAPE,
                         "%s: prediction %s: a mixture of M strokes, 1 to %d, takes 6·M + 3 numbers a step", name,
                         vae_shape_format(shape, text, sizeof text), VAE_STROKE_MIXTURES);
}

vae_status vae_program_stroke_likelihood(vae_program *program, const char *name, vae_tensor prediction,
                                         vae_tensor targets, vae_tensor lengths, bool published, vae_tensor *ll)
{
    vae_op op = vae_op_make(VAE_OP_STROKE_LIKELIHOOD, name);
    op.inputs[0] = prediction;
    op.inputs[1] = targets;
    op.inputs[2] = lengths;
    VAE_TRY(count_mixtures(program, name, prediction, &op.attributes.stroke_likelihood.mixtures));
    VAE_TRY(vae_sequence_likelihood_check(program, &op, VAE_STROKE_NUMBERS));
    op.attributes.stroke_likelihood.published = published;
    VAE_TRY(vae_program_add_activation(program, name, vae_shape_vector(vae_tensor_shape(program, lengths)->size[0]),
                                       &op.outputs[0]));
    *ll = op.outputs[0];
    return vae_program_append(program, &op);
}

static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    return vae_sequence_likelihood_backward(pass, index, offsetof(vae_attributes, stroke_likelihood.weight));
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 10, op->inputs[0]);
}

static const vae_field fields[] = {
    VAE_FIELD(INTEGER, mixtures, stroke_likelihood.mixtures),
    VAE_FIELD(FLAG, published, stroke_likelihood.published),
    {0},
};

/* A block a sequence. */
static vae_grid grid(const vae_program *program, const vae_op *op)
{
    return vae_op_grid_of_rows(program, op->inputs[2]);
}

const vae_op_info vae_op_info_stroke_likelihood = {
    .flags = VAE_OP_ABSORBS_TERM_0 | VAE_OP_READS_STEP,
    .backward = backward,
    .cost = cost,
    .fields = fields,
    .grid = grid,
    .shadowed = 1 << 1, /* the gradient */
};
