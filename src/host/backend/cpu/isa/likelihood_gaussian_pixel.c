/* The Gaussian likelihood with a mean and a log-variance for each element: its term for location_scale.h. */
#include "backend/cpu/isa/location_scale.h"

VAE_ALWAYS_INLINE location_scale_term gaussian_term(const location_scale *family, float mean, float log_variance,
                                                    float x)
{
    (void)family;
    const float precision = simd_exp(-log_variance), error = x - mean, square = error * error * precision;
    return (location_scale_term){
        .value = -0.5f * (square + log_variance + 1.83787706640934548f), /* ln 2π */
        .d_mean = error * precision,
        .d_log_width = 0.5f * (square - 1.0f),
    };
}

static double row(const vae_likelihood_options *options, const float *prediction, const float *x, int64_t pixels,
                  float weight, float *gradient)
{
    return location_scale_row(gaussian_term, options, prediction, x, pixels, weight, gradient);
}

const vae_cpu_family VAE_ISA_NAME(vae_cpu_likelihood_gaussian_pixel) = {.row = row, .mean = location_scale_mean};
