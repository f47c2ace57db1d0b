/* The Laplace likelihood with a mean and a log-width for each element: its term for location_scale.h. */
#include "backend/cpu/isa/location_scale.h"

VAE_ALWAYS_INLINE location_scale_term laplace_term(const location_scale *family, float mean, float log_width, float x)
{
    (void)family;
    const float inverse = simd_exp(-log_width), error = x - mean, distance = fabsf(error) * inverse;
    const float sign = error > 0.0f ? 1.0f : (error < 0.0f ? -1.0f : 0.0f);
    return (location_scale_term){
        .value = -distance - log_width - 0.69314718055994531f, /* ln 2 */
        .d_mean = sign * inverse,
        .d_log_width = distance - 1.0f,
    };
}

static double row(const vae_likelihood_options *options, const float *prediction, const float *x, int64_t pixels,
                  float weight, float *gradient)
{
    return location_scale_row(laplace_term, options, prediction, x, pixels, weight, gradient);
}

const vae_cpu_family VAE_ISA_NAME(vae_cpu_likelihood_laplace) = {.row = row, .mean = location_scale_mean};
