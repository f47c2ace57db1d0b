/* The discretised logistic of one element; how it is computed stands in reference/likelihood_logistic.c. */
#ifndef VAE_KERNELS_LOGISTIC_CUH
#define VAE_KERNELS_LOGISTIC_CUH

#include "location_scale.cuh"

namespace
{

struct logistic {
    float level, log_level;      /* distance of two levels */
    float first_edge, last_edge; /* x below or above lies in an outer bin */
    float low, high;             /* the outer levels */
    __device__ explicit logistic(const vae_cuda_likelihood_call &call)
        : level((float)call.options.scale), log_level(logf((float)call.options.scale)),
          first_edge((float)(call.options.shift + 0.5 * call.options.scale)),
          last_edge((float)(call.options.shift + (VAE_LEVELS - 1.5) * call.options.scale)),
          low((float)call.options.shift), high((float)(call.options.shift + (VAE_LEVELS - 1) * call.options.scale))
    {
    }
    __device__ location_scale_term term(float mean, float log_scale, float x) const
    {
        const float inverse = expf(-log_scale), width = level * inverse;
        const float upper = (x - mean + 0.5f * level) * inverse, lower = (x - mean - 0.5f * level) * inverse;
        const bool has_upper = x < last_edge;
        const bool has_lower = x > first_edge;
        location_scale_term t = {0.0f, 0.0f, 0.0f};
        if (has_upper) {
            const float slope = sigmoid(-upper);
            t.value -= softplus(-upper);
            t.d_mean -= slope * inverse;
            t.d_log_width -= upper * slope;
        }
        if (has_lower) {
            const float slope = sigmoid(lower);
            t.value -= softplus(lower);
            t.d_mean += slope * inverse;
            t.d_log_width += lower * slope;
        }
        if (has_upper && has_lower) {
            t.value += log_level - log_scale + log_unit_decay(width);
            t.d_log_width += width * unit_decay_mean(width) - 1.0f;
        }
        return t;
    }
    __device__ float mean(float mean) const
    {
        return fminf(fmaxf(mean, low), high);
    }
};

} // namespace

#endif
