/* The activations as SIMD expressions, one row each: y from `x`; dy/dx from `from`, which is y or, for gelu and silu,
 * x. */
#ifndef VAE_BACKEND_CPU_ISA_ACTIVATION_FUNCTIONS_H
#define VAE_BACKEND_CPU_ISA_ACTIVATION_FUNCTIONS_H

#include "backend/cpu/isa/simd_math.h"
#include "program/activation.h"

#define SLOPE ((float)VAE_LEAKY_RELU_SLOPE)

#define ACTIVATION_FUNCTIONS(X)                                                                                        \
    X(IDENTITY, x, 1.0f + 0.0f * from)                                                                                 \
    X(RELU, x > 0.0f ? x : 0.0f, from > 0.0f ? 1.0f : 0.0f)                                                            \
    X(LEAKY_RELU, x > 0.0f ? x : SLOPE * x, from > 0.0f ? 1.0f : SLOPE)                                                \
    X(TANH, simd_tanh(x), 1.0f - from * from)                                                                          \
    X(SIGMOID, simd_sigmoid(x), from *(1.0f - from))                                                                   \
    X(ELU, x > 0.0f ? x : simd_expm1_negative(x < 0.0f ? x : 0.0f), from > 0.0f ? 1.0f : from + 1.0f)                  \
    X(GELU, x *simd_normal_cdf(x),                                                                                     \
      simd_normal_cdf(from) + from * 0.39894228040143268f * simd_exp(-0.5f * from * from))                             \
    X(SOFTPLUS, simd_softplus(x), -simd_expm1_negative(-from))                                                         \
    X(SILU, x *simd_sigmoid(x), simd_sigmoid(from) * (1.0f + from * (1.0f - simd_sigmoid(from))))

#endif
