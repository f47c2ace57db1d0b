/* Functions that several likelihoods share; their definitions stand in reference/kernels.h. */
#ifndef VAE_KERNELS_LIKELIHOOD_MATH_CUH
#define VAE_KERNELS_LIKELIHOOD_MATH_CUH

#include "kernels.h"

namespace
{

__device__ inline float sigmoid(float x)
{
    const float e = expf(-fabsf(x));
    return (x >= 0.0f ? 1.0f : e) / (1.0f + e);
}

__device__ inline float softplus(float x)
{
    return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)));
}

/* (1 - e^-t) / t for t ≥ 0 */
__device__ inline float unit_decay(float t)
{
    return t > 1e-6f ? -expm1f(-t) / t : 1.0f;
}

__device__ inline float log_unit_decay(float t)
{
    const float s = t * t;
    return t < 0.5f ? -0.5f * t + s * (1.0f / 24 - s * (1.0f / 2880 - s * (1.0f / 181440))) : logf(unit_decay(t));
}

__device__ inline float unit_decay_mean(float t)
{
    const float s = t * t;
    if (t < 1.0f) {
        return 0.5f -
               t * (1.0f / 12 - s * (1.0f / 720 - s * (1.0f / 30240 - s * (1.0f / 1209600 - s * (1.0f / 47900160)))));
    }
    const float e = expf(-t);
    return 1.0f / t - e / (1.0f - e);
}

} // namespace

#endif
