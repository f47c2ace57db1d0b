/* The Laplace likelihood with a mean and a log-width for each element. */
#include <math.h>

#include "backend/reference/kernels.h"

/* log p = -|x - mean|/b - log 2b, by log b. */
static vae_reference_term term(double mean, double log_width, double x, const vae_likelihood_options *options)
{
    (void)options;
    const double inverse = exp(-log_width), error = x - mean;
    return (vae_reference_term){
        .value = -fabs(error) * inverse - log_width - M_LN2,
        .d_mean = ((error > 0) - (error < 0)) * inverse,
        .d_log_width = fabs(error) * inverse - 1,
    };
}

static double row(const vae_likelihood_options *options, const double *prediction, const double *x, int64_t pixels,
                  double weight, double *gradient)
{
    return vae_reference_location_scale_row(term, options, prediction, x, pixels, weight, gradient);
}

const vae_reference_family vae_reference_likelihood_laplace = {.row = row, .mean = vae_reference_location_scale_mean};
