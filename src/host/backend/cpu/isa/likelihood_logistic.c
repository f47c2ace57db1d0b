/* The discretised logistic likelihood: the term of logistic.h in the loops of location_scale.h. */
#include "backend/cpu/isa/logistic.h"

static double row(const vae_likelihood_options *options, const float *prediction, const float *x, int64_t pixels,
                  float weight, float *gradient)
{
    return location_scale_row(logistic_term, options, prediction, x, pixels, weight, gradient);
}

static void mean(const vae_likelihood_options *options, const float *prediction, int64_t pixels, float *values)
{
    location_scale_mean(options, prediction, pixels, values);
    for (int64_t j = 0; j < pixels * options->channels; ++j)
        values[j] = location_scale_clamp(options, values[j]);
}

const vae_cpu_family VAE_ISA_NAME(vae_cpu_likelihood_logistic) = {.row = row, .mean = mean};
