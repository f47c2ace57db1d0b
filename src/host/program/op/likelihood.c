/* likelihood: log p(x|z) of each row, with its gradient; likelihood_mean: E[x|z]. */
#include <inttypes.h>

#include "program/op.h"

/* Pixels of a row of predictions, if it is a whole number of them. */
static vae_status count_pixels(const vae_program *program, const char *name, vae_tensor prediction,
                               const vae_likelihood_options *options, int64_t *pixels)
{
    VAE_TRY(vae_program_require_matrix(program, name, "prediction", prediction));
    const vae_status status = vae_likelihood_check(options);
    if (status) return vae_error_prepend(status, "%s", name);
    const vae_shape *shape = vae_tensor_shape(program, prediction);
    const int64_t width = vae_likelihood_width(options);
    *pixels = vae_shape_columns(shape) / width;
    if (*pixels * width == vae_shape_columns(shape)) return VAE_OK;
    char text[96];
    return vae_error_set(VAE_ERROR_SHAPE,
                         "%s: prediction %s does not fit likelihood '%s', which takes %" PRId64 " numbers a pixel",
                         name, vae_shape_format(shape, text, sizeof text), vae_likelihood_name(options->family), width);
}

static vae_op make_likelihood(vae_op_kind kind, const char *name, vae_tensor prediction,
                              const vae_likelihood_options *options)
{
    vae_op op = vae_op_make(kind, name);
    op.inputs[0] = prediction;
    op.attributes.likelihood.options = *options;
    return op;
}

vae_status vae_program_likelihood(vae_program *program, const char *name, vae_tensor prediction, vae_tensor x,
                                  const vae_likelihood_options *options, bool training, vae_tensor *ll)
{
    int64_t pixels;
    VAE_TRY(count_pixels(program, name, prediction, options, &pixels));
    VAE_TRY(vae_program_require_matrix(program, name, "x", x));
    const vae_shape predicted = *vae_tensor_shape(program, prediction);
    const vae_shape data = *vae_tensor_shape(program, x);
    if (vae_shape_columns(&data) != pixels * options->channels || predicted.size[0] % data.size[0] != 0) {
        char first[96], second[96];
        return vae_error_set(VAE_ERROR_SHAPE, "%s: prediction %s does not fit x %s", name,
                             vae_shape_format(&predicted, first, sizeof first),
                             vae_shape_format(&data, second, sizeof second));
    }
    vae_op op = make_likelihood(VAE_OP_LIKELIHOOD, name, prediction, options);
    op.inputs[1] = x;
    if (options->family == VAE_LIKELIHOOD_GAUSSIAN_SHARED) {
        VAE_TRY(vae_program_find_parameter(program, "likelihood", "log_variance", vae_shape_vector(1), &op.inputs[2]));
        if (training) op.outputs[2] = op.inputs[2];
    }
    op.attributes.likelihood.samples = predicted.size[0] / data.size[0];
    VAE_TRY(vae_program_add_activation(program, name, vae_shape_vector(predicted.size[0]), &op.outputs[0]));
    *ll = op.outputs[0];
    return vae_program_append(program, &op);
}

vae_status vae_program_likelihood_mean(vae_program *program, const char *name, vae_tensor prediction,
                                       const vae_likelihood_options *options, vae_tensor *mean)
{
    int64_t pixels;
    VAE_TRY(count_pixels(program, name, prediction, options, &pixels));
    vae_op op = make_likelihood(VAE_OP_LIKELIHOOD_MEAN, name, prediction, options);
    const int64_t rows = vae_tensor_shape(program, prediction)->size[0];
    VAE_TRY(
        vae_program_add_activation(program, name, vae_shape_matrix(rows, pixels * options->channels), &op.outputs[0]));
    *mean = op.outputs[0];
    return vae_program_append(program, &op);
}

/* Likelihoods write their gradient in the forward pass. The weight of their rows is known when the program is built,
 * where only a term of the loss reads them; else the gradient that they write has weight 1, and each row is multiplied
 * later. */
static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    vae_program *program = pass->program;
    const vae_op op = program->ops[index];
    const vae_loss_term *term = vae_backward_find_term(pass, op.outputs[0]);
    const vae_tensor d_ll = vae_backward_output_gradient(pass, &op, 0);
    if ((!term && d_ll == VAE_NO_TENSOR) || !pass->needed[op.inputs[0]]) return VAE_OK;
    vae_tensor gradient;
    VAE_TRY(vae_backward_new_gradient(pass, op.inputs[0], &gradient));
    vae_op *forward = &program->ops[index];
    forward->outputs[1] = gradient;
    forward->attributes.likelihood.weight = term ? term->weight : (vae_weight){1.0, VAE_SCALAR_ONE};
    return term ? VAE_OK : vae_program_append_scaled_rows(program, gradient, d_ll);
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 10, op->inputs[0]);
}

static vae_cost cost_mean(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 2, op->inputs[0]);
}

static const vae_field fields[] = {
    VAE_FIELD(LIKELIHOOD, family, likelihood.options.family),
    VAE_FIELD(INTEGER, channels, likelihood.options.channels),
    VAE_FIELD(INTEGER, mixtures, likelihood.options.mixtures),
    VAE_FIELD(REAL, variance, likelihood.options.variance),
    VAE_FIELD(REAL, scale, likelihood.options.scale),
    VAE_FIELD(REAL, shift, likelihood.options.shift),
    {0},
};

static vae_grid grid(const vae_program *program, const vae_op *op)
{
    return vae_op_grid_of_rows(program, op->inputs[0]);
}

static vae_grid grid_mean(const vae_program *program, const vae_op *op)
{
    const vae_likelihood_options *options = &op->attributes.likelihood.options;
    const int64_t elements = program->tensors[op->inputs[0]].elements;
    return vae_grid_of_means(options, elements / vae_likelihood_width(options));
}

const vae_op_info vae_op_info_likelihood = {
    .flags = VAE_OP_ABSORBS_TERM_0 | VAE_OP_READS_STEP,
    .backward = backward,
    .cost = cost,
    .fields = fields,
    .grid = grid,
    .shadowed = 1 << 1, /* the gradient */
};
const vae_op_info vae_op_info_likelihood_mean = {.cost = cost_mean, .fields = fields, .grid = grid_mean};
