/* The continuous Bernoulli likelihood, from a logit for each element. */
#include <math.h>

#include "backend/reference/kernels.h"

/* Loaiza-Ganem & Cunningham's C(λ)·λ^x·(1 - λ)^(1-x), with λ = sigmoid(l) and C = 2·artanh(1 - 2λ)/(1 - 2λ), is
 * l·e^(xl)/(e^l - 1): an exponential density on [0, 1]. So log p = x·l - max(l, 0) - ln((1 - e^-|l|)/|l|), which needs
 * no case for λ near ½, and E[x] is, for l < 0, the mean of a density that decays at the rate |l|. */
static double mean_of(double logit)
{
    const double decayed = vae_reference_unit_decay_mean(fabs(logit));
    return logit < 0 ? decayed : 1 - decayed;
}

static double row(const vae_likelihood_options *options, const double *logits, const double *x, int64_t pixels,
                  double weight, double *gradient)
{
    double sum = 0;
    for (int64_t j = 0; j < pixels * options->channels; ++j) {
        sum += x[j] * logits[j] - fmax(logits[j], 0) - vae_reference_log_unit_decay(fabs(logits[j]));
        if (gradient) gradient[j] = weight * (x[j] - mean_of(logits[j]));
    }
    return sum;
}

static void mean(const vae_likelihood_options *options, const double *logits, int64_t pixels, double *values)
{
    for (int64_t j = 0; j < pixels * options->channels; ++j)
        values[j] = mean_of(logits[j]);
}

const vae_reference_family vae_reference_likelihood_continuous_bernoulli = {.row = row, .mean = mean};
