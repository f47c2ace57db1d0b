/* Likelihoods that describe each element by a mean and the log of a width. */
#include "backend/reference/kernels.h"

double vae_reference_location_scale_row(vae_reference_location_scale term, const vae_likelihood_options *options,
                                        const double *prediction, const double *x, int64_t pixels, double weight,
                                        double *gradient)
{
    const int64_t channels = options->channels;
    const double floor = vae_likelihood_floor(options);
    double sum = 0;
    for (int64_t p = 0; p < pixels; ++p) {
        for (int64_t c = 0; c < channels; ++c) {
            const int64_t at = p * 2 * channels + c;
            double slope;
            const double log_width = vae_reference_soft_floor(prediction[at + channels], floor, &slope);
            const vae_reference_term t = term(prediction[at], log_width, x[p * channels + c], options);
            sum += t.value;
            if (!gradient) continue;
            gradient[at] = weight * t.d_mean;
            gradient[at + channels] = weight * t.d_log_width * slope;
        }
    }
    return sum;
}

void vae_reference_location_scale_mean(const vae_likelihood_options *options, const double *prediction, int64_t pixels,
                                       double *mean)
{
    const int64_t channels = options->channels;
    for (int64_t p = 0; p < pixels; ++p) {
        for (int64_t c = 0; c < channels; ++c)
            mean[p * channels + c] = prediction[p * 2 * channels + c];
    }
}
