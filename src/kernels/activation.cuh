/* The activations of vae_activation and their derivatives. */
#ifndef VAE_KERNELS_ACTIVATION_CUH
#define VAE_KERNELS_ACTIVATION_CUH

#include "kernels.h"
#include "program/activation.h"

namespace
{

__device__ inline float sigmoid(float x)
{
    const float e = expf(-fabsf(x));
    return (x >= 0.0f ? 1.0f : e) / (1.0f + e);
}

/* Φ(x) */
__device__ inline float normal_cdf(float x)
{
    return 0.5f * erfcf(-x * 0.70710678f);
}

__device__ inline float softplus(float x)
{
    return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)));
}

__device__ inline float activate(int activation, float x)
{
    switch (activation) {
    case VAE_ACTIVATION_RELU: return x > 0.0f ? x : 0.0f;
    case VAE_ACTIVATION_LEAKY_RELU: return x > 0.0f ? x : (float)VAE_LEAKY_RELU_SLOPE * x;
    case VAE_ACTIVATION_TANH: return tanhf(x);
    case VAE_ACTIVATION_SIGMOID: return sigmoid(x);
    case VAE_ACTIVATION_ELU: return x > 0.0f ? x : expm1f(x);
    case VAE_ACTIVATION_GELU: return x * normal_cdf(x);
    case VAE_ACTIVATION_SOFTPLUS: return softplus(x);
    case VAE_ACTIVATION_SILU: return x * sigmoid(x);
    default: return x;
    }
}

/* `from` is the pre-activation for gelu and silu, else the activation. */
__device__ inline float derivative(int activation, float from)
{
    switch (activation) {
    case VAE_ACTIVATION_RELU: return from > 0.0f ? 1.0f : 0.0f;
    case VAE_ACTIVATION_LEAKY_RELU: return from > 0.0f ? 1.0f : (float)VAE_LEAKY_RELU_SLOPE;
    case VAE_ACTIVATION_TANH: return 1.0f - from * from;
    case VAE_ACTIVATION_SIGMOID: return from * (1.0f - from);
    case VAE_ACTIVATION_ELU: return from > 0.0f ? 1.0f : from + 1.0f;
    case VAE_ACTIVATION_GELU: return normal_cdf(from) + from * expf(-0.5f * from * from) * 0.39894228f;
    case VAE_ACTIVATION_SOFTPLUS: return -expm1f(-from);
    case VAE_ACTIVATION_SILU: return sigmoid(from) * (1.0f + from * (1.0f - sigmoid(from)));
    default: return 1.0f;
    }
}

/* The derivative at a pre-activation. */
__device__ inline float derivative_at(int activation, float x)
{
    const bool from_input = vae_activation_needs_input((vae_activation)activation);
    return derivative(activation, from_input ? x : activate(activation, x));
}

} // namespace

#endif
