/* The categorical likelihood of 256 levels, from a logit for each level. */
#include <math.h>

#include "backend/reference/kernels.h"

static double log_sum_exp(const double *logits)
{
    double largest = logits[0], sum = 0;
    for (int i = 1; i < VAE_LEVELS; ++i)
        largest = fmax(largest, logits[i]);
    for (int i = 0; i < VAE_LEVELS; ++i)
        sum += exp(logits[i] - largest);
    return largest + log(sum);
}

/* log p = logit of x's level - log Σ e^logit, its derivative (1 at the level, else 0) - softmax. */
static double row(const vae_likelihood_options *options, const double *prediction, const double *x, int64_t pixels,
                  double weight, double *gradient)
{
    double sum = 0;
    for (int64_t j = 0; j < pixels * options->channels; ++j) {
        const double *logits = prediction + j * VAE_LEVELS;
        const int level = (int)round((vae_reference_clamp(options, x[j]) - options->shift) / options->scale);
        const double normaliser = log_sum_exp(logits);
        sum += logits[level] - normaliser;
        for (int i = 0; gradient && i < VAE_LEVELS; ++i)
            gradient[j * VAE_LEVELS + i] = weight * ((i == level) - exp(logits[i] - normaliser));
    }
    return sum;
}

static void mean(const vae_likelihood_options *options, const double *prediction, int64_t pixels, double *values)
{
    for (int64_t j = 0; j < pixels * options->channels; ++j) {
        const double *logits = prediction + j * VAE_LEVELS;
        const double normaliser = log_sum_exp(logits);
        double level = 0;
        for (int i = 0; i < VAE_LEVELS; ++i)
            level += i * exp(logits[i] - normaliser);
        values[j] = level * options->scale + options->shift;
    }
}

const vae_reference_family vae_reference_likelihood_categorical = {.row = row, .mean = mean};
