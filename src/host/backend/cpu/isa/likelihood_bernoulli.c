/* The Bernoulli likelihood by SIMD: one exponential for each element, one logarithm for every four. */
#include "backend/cpu/isa/level.h"
#include "backend/cpu/isa/simd_math.h"

typedef struct bernoulli_term {
    float value;    /* x·logit - max(logit, 0) */
    float factor;   /* 1 + e^-|logit|: log p = value - ln(factor) */
    float gradient; /* x - sigmoid(logit) */
} bernoulli_term;

static inline bernoulli_term bernoulli(float logit, float x)
{
    const float e = simd_exp(-fabsf(logit));
    const float factor = 1.0f + e;
    const float positive = logit >= 0.0f ? 1.0f : 0.0f;
    const float numerator = logit >= 0.0f ? 1.0f : e;
    return (bernoulli_term){logit * (x - positive), factor, x - numerator / factor};
}

/* Four factors, each in (1, 2], share one logarithm: ln Π = Σ ln. */
static float bernoulli_values(const float *restrict logits, const float *restrict x, int64_t count)
{
    const int64_t quarter = count / 4;
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < quarter; ++j) {
        const bernoulli_term a = bernoulli(logits[j], x[j]);
        const bernoulli_term b = bernoulli(logits[j + quarter], x[j + quarter]);
        const bernoulli_term c = bernoulli(logits[j + 2 * quarter], x[j + 2 * quarter]);
        const bernoulli_term d = bernoulli(logits[j + 3 * quarter], x[j + 3 * quarter]);
        sum += (a.value + b.value) + (c.value + d.value) - simd_log((a.factor * b.factor) * (c.factor * d.factor));
    }
    for (int64_t j = 4 * quarter; j < count; ++j) {
        const bernoulli_term a = bernoulli(logits[j], x[j]);
        sum += a.value - simd_log(a.factor);
    }
    return sum;
}

static float bernoulli_values_and_gradient(const float *restrict logits, const float *restrict x, int64_t count,
                                           float weight, float *restrict gradient)
{
    const int64_t quarter = count / 4;
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < quarter; ++j) {
        const bernoulli_term a = bernoulli(logits[j], x[j]);
        const bernoulli_term b = bernoulli(logits[j + quarter], x[j + quarter]);
        const bernoulli_term c = bernoulli(logits[j + 2 * quarter], x[j + 2 * quarter]);
        const bernoulli_term d = bernoulli(logits[j + 3 * quarter], x[j + 3 * quarter]);
        gradient[j] = weight * a.gradient;
        gradient[j + quarter] = weight * b.gradient;
        gradient[j + 2 * quarter] = weight * c.gradient;
        gradient[j + 3 * quarter] = weight * d.gradient;
        sum += (a.value + b.value) + (c.value + d.value) - simd_log((a.factor * b.factor) * (c.factor * d.factor));
    }
    for (int64_t j = 4 * quarter; j < count; ++j) {
        const bernoulli_term a = bernoulli(logits[j], x[j]);
        gradient[j] = weight * a.gradient;
        sum += a.value - simd_log(a.factor);
    }
    return sum;
}

static float bernoulli_run(const float *logits, const float *x, int64_t count, float weight, float *gradient)
{
    return gradient ? bernoulli_values_and_gradient(logits, x, count, weight, gradient)
                    : bernoulli_values(logits, x, count);
}

static double row(const vae_likelihood_options *options, const float *logits, const float *x, int64_t pixels,
                  float weight, float *gradient)
{
    return vae_cpu_sum_runs(bernoulli_run, logits, x, pixels * options->channels, weight, gradient);
}

static void mean(const vae_likelihood_options *options, const float *logits, int64_t pixels, float *values)
{
    VAE_ISA_NAME(vae_cpu_activate_elements)(VAE_ACTIVATION_SIGMOID, logits, values, pixels * options->channels, 1);
}

const vae_cpu_family VAE_ISA_NAME(vae_cpu_likelihood_bernoulli) = {.row = row, .mean = mean};
