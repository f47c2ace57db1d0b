/* bfloat16 as cuda_bf16.h has it, as far as storage, conversion and arithmetic through float go. */
#ifndef SIMT_CUDA_BF16_H
#define SIMT_CUDA_BF16_H

#include "cuda_runtime.h"

typedef struct __attribute__((aligned(2))) {
    unsigned short x;
} __nv_bfloat16_raw;

#ifdef __cplusplus

struct __attribute__((aligned(2))) __nv_bfloat16 {
    unsigned short __x;

    __nv_bfloat16() = default;
    __nv_bfloat16(float value) : __x(round(value))
    {
    }
    __nv_bfloat16(__nv_bfloat16_raw raw) : __x(raw.x)
    {
    }
    operator float() const
    {
        return __uint_as_float(static_cast<unsigned>(__x) << 16);
    }
    operator __nv_bfloat16_raw() const
    {
        return {__x};
    }

  private:
    /* To nearest, ties to even; any NaN becomes CUDA's. */
    static unsigned short round(float value)
    {
        const unsigned bits = __float_as_uint(value);
        if (value != value) return 0x7fff;
        return static_cast<unsigned short>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
    }
};

struct __attribute__((aligned(4))) __nv_bfloat162 {
    __nv_bfloat16 x, y;
};

typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;

inline __nv_bfloat16 __float2bfloat16(float value)
{
    return __nv_bfloat16(value);
}
inline __nv_bfloat16 __float2bfloat16_rn(float value)
{
    return __nv_bfloat16(value);
}
inline float __bfloat162float(__nv_bfloat16 value)
{
    return static_cast<float>(value);
}
inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y)
{
    return {__nv_bfloat16(x), __nv_bfloat16(y)};
}
inline __nv_bfloat162 __float22bfloat162_rn(float2 value)
{
    return __floats2bfloat162_rn(value.x, value.y);
}
inline float2 __bfloat1622float2(__nv_bfloat162 value)
{
    return make_float2(static_cast<float>(value.x), static_cast<float>(value.y));
}
inline __nv_bfloat162 make_bfloat162(__nv_bfloat16 x, __nv_bfloat16 y)
{
    return {x, y};
}
inline float __low2float(__nv_bfloat162 value)
{
    return static_cast<float>(value.x);
}
inline float __high2float(__nv_bfloat162 value)
{
    return static_cast<float>(value.y);
}
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 value)
{
    return value.__x;
}
inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits)
{
    return __nv_bfloat16(__nv_bfloat16_raw{bits});
}

#else

typedef __nv_bfloat16_raw __nv_bfloat16;

#endif
#endif
