/* The primitives of program/function.h for lanes of float. */
#ifndef VAE_BACKEND_CPU_ISA_PRIMITIVES_H
#define VAE_BACKEND_CPU_ISA_PRIMITIVES_H

#include "backend/cpu/isa/simd_math.h"
#include "program/function.h"

#define REAL(x) ((float)(x))
#define EXP(x) simd_exp_any(x)
#define LOG(x) simd_log_any(x)
#define SQRT(x) sqrtf(x)
#define ABS(x) fabsf(x)
#define TANH(x) simd_tanh(x)
#define SIGMOID(x) simd_sigmoid(x)
#define SOFTPLUS(x) simd_softplus(x)
#define EXPM1_NEGATIVE(x) simd_expm1_negative(x)
#define NORMAL_CDF(x) simd_normal_cdf(x)

#endif
