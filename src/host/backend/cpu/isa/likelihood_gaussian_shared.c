/* The Gaussian likelihood with one variance for all elements, which in training is found before the rows are run. */
#include <math.h>

#include "backend/cpu/isa/level.h"
#include "program/shared_variance.h"

/* Σ (x - mean)² over the batch: rows in parallel, their sums one after the other. `sums` has a place for each row. */
static double squared_error(const vae_call *call, int64_t rows, int64_t elements, float *sums)
{
    const int64_t samples = call->op->attributes.likelihood.samples;
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t r = 0; r < rows; ++r) {
        const float *means = (const float *)call->inputs[0] + r * elements;
        const float *x = (const float *)call->inputs[1] + r / samples * elements;
        sums[r] = (float)VAE_ISA_NAME(vae_cpu_squared_error)(means, x, elements, 0.0f, NULL);
    }
    double sum = 0.0;
    for (int64_t r = 0; r < rows; ++r)
        sum += (double)sums[r];
    return sum;
}

static void begin(const vae_call *call, vae_likelihood_options *options)
{
    const double kept = (double)*(const float *)call->inputs[2];
    float *updated = call->outputs[2];
    options->variance = exp(kept);
    if (!updated) return;
    const vae_shape *shape = vae_call_input_shape(call, 0);
    const int64_t rows = shape->size[0], elements = vae_shape_columns(shape);
    /* Rows' sums stand where their log p will. */
    const double squares = squared_error(call, rows, elements, call->outputs[0]);
    options->variance = vae_shared_variance(squares, (double)(rows * elements), vae_likelihood_floor(options));
    *updated = (float)vae_running_log_variance(kept, options->variance, call->step->adam_step);
}

static double row(const vae_likelihood_options *options, const float *means, const float *x, int64_t pixels,
                  float weight, float *gradient)
{
    return VAE_ISA_NAME(vae_cpu_likelihood_gaussian).row(options, means, x, pixels, weight, gradient);
}

static void mean(const vae_likelihood_options *options, const float *means, int64_t pixels, float *values)
{
    VAE_ISA_NAME(vae_cpu_likelihood_gaussian).mean(options, means, pixels, values);
}

const vae_cpu_family VAE_ISA_NAME(vae_cpu_likelihood_gaussian_shared) = {.row = row, .mean = mean, .begin = begin};
