/* The discretised logistic likelihood, and its term, which the mixture uses too. */
#include <math.h>

#include "backend/reference/kernels.h"

/* The mass between lower = (x - ½ level - mean)/s and upper = (x + ½ level - mean)/s is σ(upper) - σ(lower), σ being
 * the logistic function; with a level of w = upper - lower that is σ(upper)·σ(-lower)·(1 - e^-w), a product, whose log
 * cancels nothing however far x is from the mean. log(1 - e^-w) = log w + log((1 - e^-w)/w), log w = log level - log s.
 * In the outer bins one of the two sides is missing, and 1 - e^-w with it. */
vae_reference_term vae_reference_logistic(double mean, double log_scale, double x,
                                          const vae_likelihood_options *options)
{
    const double level = options->scale, inverse = exp(-log_scale), width = level * inverse;
    const double upper = (x - mean + 0.5 * level) * inverse, lower = (x - mean - 0.5 * level) * inverse;
    const double place = round((x - options->shift) / level);
    vae_reference_term t = {0};
    if (place < VAE_LEVELS - 1) {
        const double slope = vae_reference_activation(VAE_ACTIVATION_SIGMOID, -upper);
        t.value -= vae_reference_activation(VAE_ACTIVATION_SOFTPLUS, -upper);
        t.d_mean -= slope * inverse;
        t.d_log_width -= upper * slope;
    }
    if (place > 0) {
        const double slope = vae_reference_activation(VAE_ACTIVATION_SIGMOID, lower);
        t.value -= vae_reference_activation(VAE_ACTIVATION_SOFTPLUS, lower);
        t.d_mean += slope * inverse;
        t.d_log_width += lower * slope;
    }
    if (place > 0 && place < VAE_LEVELS - 1) {
        t.value += log(level) - log_scale + vae_reference_log_unit_decay(width);
        t.d_log_width += width * vae_reference_unit_decay_mean(width) - 1;
    }
    return t;
}

static double row(const vae_likelihood_options *options, const double *prediction, const double *x, int64_t pixels,
                  double weight, double *gradient)
{
    return vae_reference_location_scale_row(vae_reference_logistic, options, prediction, x, pixels, weight, gradient);
}

static void mean(const vae_likelihood_options *options, const double *prediction, int64_t pixels, double *values)
{
    vae_reference_location_scale_mean(options, prediction, pixels, values);
    for (int64_t j = 0; j < pixels * options->channels; ++j)
        values[j] = vae_reference_clamp(options, values[j]);
}

const vae_reference_family vae_reference_likelihood_logistic = {.row = row, .mean = mean};
