/* The negative squared error in place of log p. */
#include <string.h>

#include "backend/reference/kernels.h"

/* -(x - mean)²: what an autoencoder without a noise model minimises. */
static double row(const vae_likelihood_options *options, const double *means, const double *x, int64_t pixels,
                  double weight, double *gradient)
{
    double sum = 0;
    for (int64_t j = 0; j < pixels * options->channels; ++j) {
        const double error = x[j] - means[j];
        sum -= error * error;
        if (gradient) gradient[j] = weight * 2 * error;
    }
    return sum;
}

static void mean(const vae_likelihood_options *options, const double *means, int64_t pixels, double *values)
{
    memcpy(values, means, (size_t)(pixels * options->channels) * sizeof *values);
}

const vae_reference_family vae_reference_likelihood_mse = {.row = row, .mean = mean};
