/* The Gaussian likelihood with a given variance. */
#include <math.h>
#include <string.h>

#include "backend/reference/kernels.h"

/* log p = -½(x - mean)²/σ² - ½ log 2πσ². */
static double row(const vae_likelihood_options *options, const double *means, const double *x, int64_t pixels,
                  double weight, double *gradient)
{
    double sum = 0;
    for (int64_t j = 0; j < pixels * options->channels; ++j) {
        const double error = x[j] - means[j];
        sum -= 0.5 * error * error / options->variance + 0.5 * log(2 * M_PI * options->variance);
        if (gradient) gradient[j] = weight * error / options->variance;
    }
    return sum;
}

static void mean(const vae_likelihood_options *options, const double *means, int64_t pixels, double *values)
{
    memcpy(values, means, (size_t)(pixels * options->channels) * sizeof *values);
}

const vae_reference_family vae_reference_likelihood_gaussian = {.row = row, .mean = mean};
