/* The discretised logistic of one element; how it is computed stands in reference/likelihood_logistic.c. */
#ifndef VAE_BACKEND_CPU_ISA_LOGISTIC_H
#define VAE_BACKEND_CPU_ISA_LOGISTIC_H

#include "backend/cpu/isa/location_scale.h"

VAE_ALWAYS_INLINE location_scale_term logistic_term(const location_scale *family, float mean, float log_scale, float x)
{
    const float inverse = simd_exp(-log_scale), width = family->level * inverse;
    const float upper = (x - mean + 0.5f * family->level) * inverse;
    const float lower = (x - mean - 0.5f * family->level) * inverse;
    const float has_upper = x > family->last_edge ? 0.0f : 1.0f, has_lower = x < family->first_edge ? 0.0f : 1.0f;
    const float inner = has_upper * has_lower;
    const float upper_e = simd_exp(-fabsf(upper)), lower_e = simd_exp(-fabsf(lower));
    const float upper_factor = 1.0f + has_upper * upper_e, lower_factor = 1.0f + has_lower * lower_e;
    const float upper_slope = has_upper * (upper >= 0.0f ? upper_e : 1.0f) / upper_factor;
    const float lower_slope = has_lower * (lower >= 0.0f ? 1.0f : lower_e) / lower_factor;
    const float lost = has_upper * (upper < 0.0f ? upper : 0.0f) - has_lower * (lower > 0.0f ? lower : 0.0f);
    const float decay = inner > 0.0f ? simd_unit_decay(width) : 1.0f;
    /* Three logarithms in one: each factor is between e^-9 and 2. */
    return (location_scale_term){
        .value = lost + inner * (family->log_level - log_scale) - simd_log(upper_factor * lower_factor / decay),
        .d_mean = (lower_slope - upper_slope) * inverse,
        .d_log_width = lower * lower_slope - upper * upper_slope + inner * (width * simd_unit_decay_mean(width) - 1.0f),
    };
}

#endif
