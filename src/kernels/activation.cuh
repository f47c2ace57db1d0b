/* The primitives of program/function.h in float, and the activations made of them. */
#ifndef VAE_KERNELS_ACTIVATION_CUH
#define VAE_KERNELS_ACTIVATION_CUH

#include "kernels.h"
#include "program/function.h"

#define REAL(x) ((float)(x))
#define EXP(x) expf(x)
#define LOG(x) logf(x)
#define SQRT(x) sqrtf(x)
#define ABS(x) fabsf(x)
#define TANH(x) tanhf(x)
#define SIGMOID(x) sigmoid(x)
#define SOFTPLUS(x) softplus(x)
#define EXPM1_NEGATIVE(x) expm1f(x)
#define NORMAL_CDF(x) normal_cdf(x)

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

/* y */
__device__ inline float activate(int activation, float a)
{
    switch (activation) {
#define ROW(NAME, name, operands, value, ...)                                                                          \
    case VAE_ACTIVATION_##NAME: return (value);
        VAE_ACTIVATION_FUNCTIONS(ROW)
#undef ROW
    default: return a;
    }
}

/* ∂loss/∂a of d = ∂loss/∂y. `from` is what a layer keeps: a where vae_activation_needs_input, else y. */
__device__ inline float activation_gradient(int activation, float d, float from)
{
    const float a = from, y = from;
    switch (activation) {
#define ROW(NAME, name, operands, value, gradient, ...)                                                                \
    case VAE_ACTIVATION_##NAME: return (gradient);
        VAE_ACTIVATION_FUNCTIONS(ROW)
#undef ROW
    default: return d;
    }
}

/* The same at a pre-activation. */
__device__ inline float activation_gradient_at(int activation, float d, float a)
{
    switch (activation) {
#define ROW(NAME, name, operands, value, gradient, ...)                                                                \
    case VAE_ACTIVATION_##NAME: {                                                                                      \
        [[maybe_unused]] const float y = (value);                                                                      \
        return (gradient);                                                                                             \
    }
        VAE_ACTIVATION_FUNCTIONS(ROW)
#undef ROW
    default: return d;
    }
}

} // namespace

#endif
