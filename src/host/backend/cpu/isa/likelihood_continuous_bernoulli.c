/* The continuous Bernoulli likelihood by SIMD; reference/likelihood_continuous_bernoulli.c derives the formulas. */
#include "backend/cpu/isa/level.h"
#include "backend/cpu/isa/simd_math.h"

static inline float mean_of(float logit)
{
    const float decayed = simd_unit_decay_mean(fabsf(logit));
    return logit < 0.0f ? decayed : 1.0f - decayed;
}

static float values_and_gradient(const float *restrict logits, const float *restrict x, int64_t count, float weight,
                                 float *restrict gradient)
{
    float sum = 0.0f;
    if (gradient) {
#pragma omp simd
        for (int64_t j = 0; j < count; ++j)
            gradient[j] = weight * (x[j] - mean_of(logits[j]));
    }
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < count; ++j) {
        const float positive = logits[j] > 0.0f ? 1.0f : 0.0f;
        sum += logits[j] * (x[j] - positive) - simd_log_unit_decay(fabsf(logits[j]));
    }
    return sum;
}

static double row(const vae_likelihood_options *options, const float *logits, const float *x, int64_t pixels,
                  float weight, float *gradient)
{
    return vae_cpu_sum_runs(values_and_gradient, logits, x, pixels * options->channels, weight, gradient);
}

static void mean(const vae_likelihood_options *options, const float *logits, int64_t pixels, float *values)
{
#pragma omp simd
    for (int64_t j = 0; j < pixels * options->channels; ++j)
        values[j] = mean_of(logits[j]);
}

const vae_cpu_family VAE_ISA_NAME(vae_cpu_likelihood_continuous_bernoulli) = {.row = row, .mean = mean};
