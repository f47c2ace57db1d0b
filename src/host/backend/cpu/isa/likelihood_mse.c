/* The negative squared error in place of log p, and the sum of squared errors that the Gaussians use too. */
#include <string.h>

#include "backend/cpu/isa/level.h"

static float squared_error(const float *restrict mean, const float *restrict x, int64_t count, float scale,
                           float *restrict gradient)
{
    float sum = 0.0f;
    if (gradient) {
#pragma omp simd
        for (int64_t j = 0; j < count; ++j)
            gradient[j] = scale * (x[j] - mean[j]);
    }
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < count; ++j)
        sum += (x[j] - mean[j]) * (x[j] - mean[j]);
    return sum;
}

double VAE_ISA_NAME(vae_cpu_squared_error)(const float *means, const float *x, int64_t elements, float scale,
                                           float *gradient)
{
    return vae_cpu_sum_runs(squared_error, means, x, elements, scale, gradient);
}

static double row(const vae_likelihood_options *options, const float *means, const float *x, int64_t pixels,
                  float weight, float *gradient)
{
    return -VAE_ISA_NAME(vae_cpu_squared_error)(means, x, pixels * options->channels, 2.0f * weight, gradient);
}

static void mean(const vae_likelihood_options *options, const float *means, int64_t pixels, float *values)
{
    memcpy(values, means, (size_t)(pixels * options->channels) * sizeof *values);
}

const vae_cpu_family VAE_ISA_NAME(vae_cpu_likelihood_mse) = {.row = row, .mean = mean};
