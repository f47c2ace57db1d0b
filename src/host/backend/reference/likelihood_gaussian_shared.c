/* The Gaussian likelihood with one variance for all elements, kept as a running statistic. */
#include <math.h>

#include "backend/reference/kernels.h"
#include "program/shared_variance.h"

static double squared_error(const vae_call *call, int64_t rows, int64_t elements)
{
    const double *means = call->inputs[0], *x = call->inputs[1];
    const int64_t samples = call->op->attributes.likelihood.samples;
    double sum = 0;
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t j = 0; j < elements; ++j) {
            const double error = x[r / samples * elements + j] - means[r * elements + j];
            sum += error * error;
        }
    }
    return sum;
}

/* In training σ² is the batch's mean squared error, at which the derivative of Σ log p by σ² is zero: so the gradient
 * by the means is that with σ² held fixed, provided that all rows weigh the same. */
static void begin(const vae_call *call, vae_likelihood_options *options)
{
    const double *kept = call->inputs[2];
    double *updated = call->outputs[2];
    options->variance = exp(*kept);
    if (!updated) return;
    const vae_shape *shape = vae_call_input_shape(call, 0);
    const int64_t rows = shape->size[0], elements = vae_shape_columns(shape);
    options->variance = vae_shared_variance(squared_error(call, rows, elements), (double)(rows * elements),
                                            vae_likelihood_floor(options));
    *updated = vae_running_log_variance(*kept, options->variance, call->step->adam_step);
}

static double row(const vae_likelihood_options *options, const double *means, const double *x, int64_t pixels,
                  double weight, double *gradient)
{
    return vae_reference_likelihood_gaussian.row(options, means, x, pixels, weight, gradient);
}

static void mean(const vae_likelihood_options *options, const double *means, int64_t pixels, double *values)
{
    vae_reference_likelihood_gaussian.mean(options, means, pixels, values);
}

const vae_reference_family vae_reference_likelihood_gaussian_shared = {.row = row, .mean = mean, .begin = begin};
