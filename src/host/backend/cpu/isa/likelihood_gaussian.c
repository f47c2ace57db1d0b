/* The Gaussian likelihood with a given variance, from the sum of squared errors. */
#include <math.h>
#include <string.h>

#include "backend/cpu/isa/level.h"

static double row(const vae_likelihood_options *options, const float *means, const float *x, int64_t pixels,
                  float weight, float *gradient)
{
    const int64_t elements = pixels * options->channels;
    const double squares =
        VAE_ISA_NAME(vae_cpu_squared_error)(means, x, elements, weight / (float)options->variance, gradient);
    return -0.5 * (squares / options->variance + log(2.0 * M_PI * options->variance) * (double)elements);
}

static void mean(const vae_likelihood_options *options, const float *means, int64_t pixels, float *values)
{
    memcpy(values, means, (size_t)(pixels * options->channels) * sizeof *values);
}

const vae_cpu_family VAE_ISA_NAME(vae_cpu_likelihood_gaussian) = {.row = row, .mean = mean};
