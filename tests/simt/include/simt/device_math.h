/* CUDA's mathematical functions and intrinsics that the C++ library lacks. The approximate ones (__expf and others) are
 * exact here: a test must allow the GPU's error, not rely on it. */
#ifndef SIMT_DEVICE_MATH_H
#define SIMT_DEVICE_MATH_H

#include "device_language.h"
#include <math.h>

#define SIMT_MIN_MAX(type)                                                                                             \
    inline type min(type a, type b)                                                                                    \
    {                                                                                                                  \
        return b < a ? b : a;                                                                                          \
    }                                                                                                                  \
    inline type max(type a, type b)                                                                                    \
    {                                                                                                                  \
        return a < b ? b : a;                                                                                          \
    }
SIMT_MIN_MAX(int)
SIMT_MIN_MAX(unsigned int)
SIMT_MIN_MAX(long)
SIMT_MIN_MAX(unsigned long)
SIMT_MIN_MAX(long long)
SIMT_MIN_MAX(unsigned long long)
#undef SIMT_MIN_MAX

/* Of a number and a NaN, the number: not std::min. */
inline float min(float a, float b)
{
    return ::fminf(a, b);
}
inline float max(float a, float b)
{
    return ::fmaxf(a, b);
}
inline double min(double a, double b)
{
    return ::fmin(a, b);
}
inline double max(double a, double b)
{
    return ::fmax(a, b);
}

inline float rsqrtf(float x)
{
    return static_cast<float>(1.0 / ::sqrt(static_cast<double>(x)));
}
inline double rsqrt(double x)
{
    return 1.0 / ::sqrt(x);
}

/* sin and cos of pi x: the argument is reduced exactly before it is multiplied. */
inline void sincospi(double x, double *sine, double *cosine)
{
    const double quadrant = ::nearbyint(2.0 * x);
    const double r = (x - 0.5 * quadrant) * 3.14159265358979323846;
    const double s = ::sin(r), c = ::cos(r);
    switch (static_cast<long long>(quadrant) & 3) {
    case 0: *sine = s, *cosine = c; break;
    case 1: *sine = c, *cosine = -s; break;
    case 2: *sine = -s, *cosine = -c; break;
    default: *sine = -c, *cosine = s; break;
    }
}
inline void sincospif(float x, float *sine, float *cosine)
{
    double s, c;
    sincospi(x, &s, &c);
    *sine = static_cast<float>(s);
    *cosine = static_cast<float>(c);
}
inline double sinpi(double x)
{
    double s, c;
    sincospi(x, &s, &c);
    return s;
}
inline double cospi(double x)
{
    double s, c;
    sincospi(x, &s, &c);
    return c;
}
inline float sinpif(float x)
{
    return static_cast<float>(sinpi(x));
}
inline float cospif(float x)
{
    return static_cast<float>(cospi(x));
}
inline float normcdff(float x)
{
    return static_cast<float>(0.5 * ::erfc(-static_cast<double>(x) * 0.70710678118654752440));
}
inline float fdividef(float a, float b)
{
    return a / b;
}
inline float __saturatef(float x)
{
    return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f;
}

/* Fast approximations. */
inline float __expf(float x)
{
    return ::expf(x);
}
inline float __exp10f(float x)
{
    return ::powf(10.0f, x);
}
inline float __logf(float x)
{
    return ::logf(x);
}
inline float __log2f(float x)
{
    return ::log2f(x);
}
inline float __log10f(float x)
{
    return ::log10f(x);
}
inline float __powf(float x, float y)
{
    return ::powf(x, y);
}
inline float __sinf(float x)
{
    return ::sinf(x);
}
inline float __cosf(float x)
{
    return ::cosf(x);
}
inline float __tanhf(float x)
{
    return ::tanhf(x);
}
inline void __sincosf(float x, float *sine, float *cosine)
{
    *sine = ::sinf(x);
    *cosine = ::cosf(x);
}
inline float __fdividef(float a, float b)
{
    return a / b;
}

/* Operations rounded as named, never fused into others. */
inline float __fadd_rn(float a, float b)
{
    return a + b;
}
inline float __fsub_rn(float a, float b)
{
    return a - b;
}
inline float __fmul_rn(float a, float b)
{
    return a * b;
}
inline float __fdiv_rn(float a, float b)
{
    return a / b;
}
inline float __frcp_rn(float x)
{
    return 1.0f / x;
}
inline float __fsqrt_rn(float x)
{
    return ::sqrtf(x);
}
inline float __frsqrt_rn(float x)
{
    return rsqrtf(x);
}
inline float __fmaf_rn(float a, float b, float c)
{
    return ::fmaf(a, b, c);
}
inline double __fma_rn(double a, double b, double c)
{
    return ::fma(a, b, c);
}

/* Conversions; out-of-range values saturate and NaN gives 0, as on a GPU. */
inline int __float2int_rn(float x)
{
    const double r = ::nearbyint(static_cast<double>(x));
    return r >= 2147483647.0 ? 2147483647 : r <= -2147483648.0 ? -2147483647 - 1 : r == r ? static_cast<int>(r) : 0;
}
inline int __float2int_rz(float x)
{
    return __float2int_rn(::truncf(x));
}
inline int __float2int_rd(float x)
{
    return __float2int_rn(::floorf(x));
}
inline int __float2int_ru(float x)
{
    return __float2int_rn(::ceilf(x));
}
inline unsigned __float2uint_rn(float x)
{
    const double r = ::nearbyint(static_cast<double>(x));
    return r >= 4294967295.0 ? 4294967295u : r > 0.0 ? static_cast<unsigned>(r) : 0u;
}
inline float __int2float_rn(int x)
{
    return static_cast<float>(x);
}
inline float __uint2float_rn(unsigned x)
{
    return static_cast<float>(x);
}
inline float __double2float_rn(double x)
{
    return static_cast<float>(x);
}

#define SIMT_REINTERPRET(name, from, to)                                                                               \
    inline to name(from value)                                                                                         \
    {                                                                                                                  \
        to result;                                                                                                     \
        std::memcpy(&result, &value, sizeof result);                                                                   \
        return result;                                                                                                 \
    }
SIMT_REINTERPRET(__float_as_int, float, int)
SIMT_REINTERPRET(__float_as_uint, float, unsigned int)
SIMT_REINTERPRET(__int_as_float, int, float)
SIMT_REINTERPRET(__uint_as_float, unsigned int, float)
SIMT_REINTERPRET(__double_as_longlong, double, long long)
SIMT_REINTERPRET(__longlong_as_double, long long, double)
#undef SIMT_REINTERPRET

/* Integers. */
inline unsigned __umulhi(unsigned a, unsigned b)
{
    return static_cast<unsigned>((static_cast<unsigned long long>(a) * b) >> 32);
}
inline int __mulhi(int a, int b)
{
    return static_cast<int>((static_cast<long long>(a) * b) >> 32);
}
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    __extension__ typedef unsigned __int128 wide;
    return static_cast<unsigned long long>((static_cast<wide>(a) * b) >> 64);
}
inline int __clz(int x)
{
    return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x));
}
inline int __clzll(long long x)
{
    return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x));
}
inline int __ffs(int x)
{
    return __builtin_ffs(x);
}
inline int __ffsll(long long x)
{
    return __builtin_ffsll(x);
}
inline int __popc(unsigned x)
{
    return __builtin_popcount(x);
}
inline int __popcll(unsigned long long x)
{
    return __builtin_popcountll(x);
}
inline unsigned __brev(unsigned x)
{
    x = ((x >> 1) & 0x55555555u) | ((x & 0x55555555u) << 1);
    x = ((x >> 2) & 0x33333333u) | ((x & 0x33333333u) << 2);
    x = ((x >> 4) & 0x0f0f0f0fu) | ((x & 0x0f0f0f0fu) << 4);
    return __builtin_bswap32(x);
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift)
{
    const unsigned long long both = (static_cast<unsigned long long>(high) << 32) | low;
    return static_cast<unsigned>((both << (shift & 31)) >> 32);
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift)
{
    const unsigned long long both = (static_cast<unsigned long long>(high) << 32) | low;
    return static_cast<unsigned>(both >> (shift & 31));
}

/* Loads and stores with cache hints. */
#define SIMT_LOAD(name)                                                                                                \
    template <class T> T name(const T *address)                                                                        \
    {                                                                                                                  \
        return *address;                                                                                               \
    }
SIMT_LOAD(__ldg)
SIMT_LOAD(__ldcg)
SIMT_LOAD(__ldca)
SIMT_LOAD(__ldcs)
SIMT_LOAD(__ldlu)
SIMT_LOAD(__ldcv)
#undef SIMT_LOAD
#define SIMT_STORE(name)                                                                                               \
    template <class T> void name(T *address, T value)                                                                  \
    {                                                                                                                  \
        *address = value;                                                                                              \
    }
SIMT_STORE(__stwb)
SIMT_STORE(__stcg)
SIMT_STORE(__stcs)
SIMT_STORE(__stwt)
#undef SIMT_STORE

#endif
