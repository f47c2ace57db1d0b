/* The Bernoulli likelihood, from a logit for each element. */
#include <math.h>

#include "backend/reference/kernels.h"

/* log p = x·l - max(l, 0) - log(1 + e^-|l|), its derivative x - sigmoid(l); no overflow for any logit l. */
static double row(const vae_likelihood_options *options, const double *logits, const double *x, int64_t pixels,
                  double weight, double *gradient)
{
    double sum = 0;
    for (int64_t j = 0; j < pixels * options->channels; ++j) {
        const double e = exp(-fabs(logits[j]));
        sum += x[j] * logits[j] - fmax(logits[j], 0) - log1p(e);
        if (gradient) gradient[j] = weight * (x[j] - vae_reference_activation(VAE_ACTIVATION_SIGMOID, logits[j]));
    }
    return sum;
}

static void mean(const vae_likelihood_options *options, const double *logits, int64_t pixels, double *values)
{
    for (int64_t j = 0; j < pixels * options->channels; ++j)
        values[j] = vae_reference_activation(VAE_ACTIVATION_SIGMOID, logits[j]);
}

const vae_reference_family vae_reference_likelihood_bernoulli = {.row = row, .mean = mean};
