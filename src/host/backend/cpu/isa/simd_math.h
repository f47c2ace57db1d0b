/* Elementary functions that compilers turn into SIMD code: no branches, no calls, no tables. The polynomials of exp,
 * log, sin and cos are those of Moshier's Cephes library, single precision. */
#ifndef VAE_BACKEND_CPU_ISA_SIMD_MATH_H
#define VAE_BACKEND_CPU_ISA_SIMD_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline int32_t simd_bits(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float simd_float(int32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* e^x = p·2^n for x in [-88, 89]; n stands in the low bits of `shifted`. */
static inline float simd_exp_fraction(float x, float *shifted)
{
    /* Adding 1.5·2²³ rounds to an integer. */
    *shifted = x * 1.44269504088896341f + 12582912.0f;
    const float n = *shifted - 12582912.0f;
    const float r = (x - n * 0.693145751953125f) - n * 1.42860682030941723e-6f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return p * r * r + r + 1.0f;
}

/* p·2^n */
static inline float simd_scale(float p, float shifted)
{
    const int32_t exponent = (int32_t)((uint32_t)simd_bits(shifted) << 23);
    return simd_float((int32_t)((uint32_t)simd_bits(p) + (uint32_t)exponent));
}

/* e^x to about 1 ulp; below -87.3 it is e^-87.3 (1e-38), above 88.3 infinity; NaN stays NaN. */
static inline float simd_exp(float x)
{
    float shifted;
    const float p = simd_exp_fraction(x < -87.3f ? -87.3f : (x > 88.3f ? 88.3f : x), &shifted);
    const float result = simd_scale(p, shifted);
    return x > 88.3f ? INFINITY : result;
}

/* The same up to the largest float, 2^128 being more than an exponent can hold. */
static inline float simd_exp_any(float x)
{
    float shifted;
    const float p = simd_exp_fraction(x < -87.3f ? -87.3f : (x > 89.0f ? 89.0f : x), &shifted);
    const float last = 12582912.0f + 128.0f;
    const float result = simd_scale(p, shifted == last ? last - 1.0f : shifted);
    return shifted == last ? 2.0f * result : result;
}

/* ln(x·2^offset) to about 1 ulp, for normal positive x. */
static inline float simd_log_scaled(float x, int32_t offset)
{
    const int32_t bits = simd_bits(x);
    /* The mantissa is taken in [sqrt(1/2), sqrt(2)). */
    const int32_t exponent = (bits - 0x3F3504F3) >> 23;
    const float m = simd_float(bits - (int32_t)((uint32_t)exponent << 23)) - 1.0f;
    const float e = (float)(exponent + offset);
    const float square = m * m;
    float p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    const float tail = m * square * p + e * -2.12194440e-4f - 0.5f * square;
    return m + tail + e * 0.693359375f;
}

/* ln x to about 1 ulp, for normal positive x. */
static inline float simd_log(float x)
{
    return simd_log_scaled(x, 0);
}

/* The same for any number: -∞ of 0, NaN of those below. A subnormal's bits count units of 2^-149, and are read as such,
 * as arithmetic takes subnormals for zero. */
static inline float simd_log_any(float x)
{
    const int32_t bits = simd_bits(x);
    const float value = simd_log_scaled(bits < 0x00800000 ? (float)bits : x, bits < 0x00800000 ? -149 : 0);
    const float finite_or_not = bits >= 0x7F800000 ? x : value; /* ∞ and NaN stay */
    const float signed_value = bits < 0 ? NAN : finite_or_not;
    return (bits & 0x7FFFFFFF) == 0 ? -INFINITY : signed_value;
}

/* sin and cos of 2π·turn, turn in [0, 1]. */
static inline void simd_sincos_turn(float turn, float *sine, float *cosine)
{
    const float shifted = turn * 4.0f + 12582912.0f;
    const int32_t quadrant = simd_bits(shifted);
    const float angle = (turn - (shifted - 12582912.0f) * 0.25f) * 6.28318530717958648f;
    const float square = angle * angle;
    const float s =
        angle + angle * square * (-1.6666654611e-1f + square * (8.3321608736e-3f - square * 1.9515295891e-4f));
    const float c =
        1.0f - 0.5f * square +
        square * square * (4.166664568298827e-2f + square * (-1.388731625493765e-3f + square * 2.443315711809948e-5f));
    const float swapped_s = quadrant & 1 ? c : s;
    const float swapped_c = quadrant & 1 ? s : c;
    *sine = quadrant & 2 ? -swapped_s : swapped_s;
    *cosine = (quadrant + 1) & 2 ? -swapped_c : swapped_c;
}

/* 1 / (1 + e^-x), stable for every x. */
static inline float simd_sigmoid(float x)
{
    const float e = simd_exp(-fabsf(x));
    const float numerator = x >= 0.0f ? 1.0f : e;
    return numerator / (1.0f + e);
}

/* ln(1 + y) for y in [0, 1]: the rounding of 1 + y is given back (Kahan), so small y keep their digits. */
static inline float simd_log1p(float y)
{
    const float u = 1.0f + y;
    const float lost = y - (u - 1.0f);
    return simd_log(u) + lost / u;
}

/* ln(1 + e^x) */
static inline float simd_softplus(float x)
{
    const float positive = x > 0.0f ? x : 0.0f;
    return positive + simd_log1p(simd_exp(-fabsf(x)));
}

/* e^x - 1 for x ≤ 0: a Taylor polynomial where the subtraction would cancel. */
static inline float simd_expm1_negative(float x)
{
    const float series =
        x * (1.0f + x * (0.5f + x * (1.0f / 6 + x * (1.0f / 24 + x * (1.0f / 120 + x * (1.0f / 720))))));
    const float direct = simd_exp(x) - 1.0f;
    return x > -0.25f ? series : direct;
}

/* (1 - e^-t) / t for t ≥ 0, 1 at 0. */
static inline float simd_unit_decay(float t)
{
    const float safe = t > 1e-6f ? t : 1e-6f;
    return t > 1e-6f ? -simd_expm1_negative(-safe) / safe : 1.0f;
}

/* ln of it: a Taylor polynomial where it is near 0. */
static inline float simd_log_unit_decay(float t)
{
    const float s = t * t;
    const float series = -0.5f * t + s * (1.0f / 24 - s * (1.0f / 2880 - s * (1.0f / 181440)));
    const float direct = simd_log(simd_unit_decay(t));
    return t < 0.5f ? series : direct;
}

/* Minus the derivative of that: 1/t - 1/(e^t - 1), the mean of u in [0, 1] under a density that decays as e^-tu. */
static inline float simd_unit_decay_mean(float t)
{
    const float s = t * t;
    const float series =
        0.5f - t * (1.0f / 12 - s * (1.0f / 720 - s * (1.0f / 30240 - s * (1.0f / 1209600 - s * (1.0f / 47900160)))));
    const float safe = t > 1.0f ? t : 1.0f;
    const float e = simd_exp(-safe);
    const float direct = 1.0f / safe - e / (1.0f - e);
    return t < 1.0f ? series : direct;
}

static inline float simd_tanh(float x)
{
    const float magnitude = fabsf(x);
    const float e = simd_expm1_negative(-2.0f * magnitude);
    const float t = -e / (2.0f + e);
    return x < 0.0f ? -t : t;
}

/* Φ(x), the standard normal distribution function, from Abramowitz & Stegun 7.1.26: |error| ≤ 1e-7, and relative to
 * that in the left tail, which 1 - … would lose. */
static inline float simd_normal_cdf(float x)
{
    const float magnitude = fabsf(x) * 0.70710678118654752f;
    const float t = 1.0f / (1.0f + 0.3275911f * magnitude);
    const float p =
        t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
    const float tail = 0.5f * p * simd_exp(-magnitude * magnitude);
    return x < 0.0f ? tail : 1.0f - tail;
}

#endif
