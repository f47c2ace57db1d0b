/* The Gaussian likelihood with a mean and a log-variance for each element. */
#include <math.h>

#include "backend/reference/kernels.h"

/* log p = -½(x - mean)²/σ² - ½ log 2πσ², by log σ². */
static vae_reference_term term(double mean, double log_variance, double x, const vae_likelihood_options *options)
{
    (void)options;
    const double precision = exp(-log_variance), error = x - mean;
    return (vae_reference_term){
        .value = -0.5 * (error * error * precision + log_variance + log(2 * M_PI)),
        .d_mean = error * precision,
        .d_log_width = 0.5 * (error * error * precision - 1),
    };
}

static double row(const vae_likelihood_options *options, const double *prediction, const double *x, int64_t pixels,
                  double weight, double *gradient)
{
    return vae_reference_location_scale_row(term, options, prediction, x, pixels, weight, gradient);
}

const vae_reference_family vae_reference_likelihood_gaussian_pixel = {.row = row,
                                                                      .mean = vae_reference_location_scale_mean};
