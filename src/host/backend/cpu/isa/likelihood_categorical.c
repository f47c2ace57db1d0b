/* The categorical likelihood of 256 levels: a softmax for each element, by SIMD over the levels. */
#include "backend/cpu/isa/level.h"
#include "backend/cpu/isa/simd_math.h"

/* e^(logit - largest) of each level, and their sum. */
typedef struct softmax {
    float exponentials[VAE_LEVELS];
    float largest, sum;
} softmax;

static softmax softmax_of(const float *restrict logits)
{
    softmax s = {.largest = logits[0]};
    float largest = logits[0], sum = 0.0f;
#pragma omp simd reduction(max : largest)
    for (int i = 0; i < VAE_LEVELS; ++i)
        largest = logits[i] > largest ? logits[i] : largest;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < VAE_LEVELS; ++i) {
        s.exponentials[i] = simd_exp(logits[i] - largest);
        sum += s.exponentials[i];
    }
    s.largest = largest;
    s.sum = sum;
    return s;
}

static int level_of(const vae_likelihood_options *options, float x)
{
    const double level = ((double)x - options->shift) / options->scale + 0.5;
    return level < 0.0 ? 0 : (level < VAE_LEVELS - 1 ? (int)level : VAE_LEVELS - 1);
}

static double row(const vae_likelihood_options *options, const float *prediction, const float *x, int64_t pixels,
                  float weight, float *gradient)
{
    double sum = 0.0;
    for (int64_t j = 0; j < pixels * options->channels; ++j) {
        const float *logits = prediction + j * VAE_LEVELS;
        const softmax s = softmax_of(logits);
        const int level = level_of(options, x[j]);
        sum += (double)(logits[level] - s.largest - simd_log(s.sum));
        if (!gradient) continue;
        float *restrict target = gradient + j * VAE_LEVELS;
        const float factor = -weight / s.sum;
#pragma omp simd
        for (int i = 0; i < VAE_LEVELS; ++i)
            target[i] = factor * s.exponentials[i];
        target[level] += weight;
    }
    return sum;
}

static void mean(const vae_likelihood_options *options, const float *prediction, int64_t pixels, float *values)
{
    for (int64_t j = 0; j < pixels * options->channels; ++j) {
        const softmax s = softmax_of(prediction + j * VAE_LEVELS);
        float level = 0.0f;
#pragma omp simd reduction(+ : level)
        for (int i = 0; i < VAE_LEVELS; ++i)
            level += (float)i * s.exponentials[i];
        values[j] = (float)((double)(level / s.sum) * options->scale + options->shift);
    }
}

const vae_cpu_family VAE_ISA_NAME(vae_cpu_likelihood_categorical) = {.row = row, .mean = mean};
