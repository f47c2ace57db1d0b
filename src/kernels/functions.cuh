/* The elementwise functions of program/function.h in float: a device function for the value and for each gradient. */
#ifndef VAE_KERNELS_FUNCTIONS_CUH
#define VAE_KERNELS_FUNCTIONS_CUH

#include "activation.cuh"
#include "program/elementwise.h"
#include "program/function.h"

namespace
{

/* A function and a part of it as one number. */
__host__ __device__ constexpr int operation_of(int function, int part)
{
    return function * (VAE_PART_GRADIENT_B + 1) + part;
}

#define ROW(NAME, name, operands, value, by_a, by_b, onnx)                                                             \
    __device__ inline float name##_value(float a, float b, float y, float d)                                           \
    {                                                                                                                  \
        return value;                                                                                                  \
    }                                                                                                                  \
    __device__ inline float name##_by_a(float a, float b, float y, float d)                                            \
    {                                                                                                                  \
        return by_a;                                                                                                   \
    }                                                                                                                  \
    __device__ inline float name##_by_b(float a, float b, float y, float d)                                            \
    {                                                                                                                  \
        return by_b;                                                                                                   \
    }
VAE_FUNCTION_MAP(ROW)
#undef ROW

/* operands: a, b, y and d, WIDTH of each. */
template <int WIDTH>
__device__ inline void apply(int operation, const float (&operands)[VAE_LIST_OPERANDS][WIDTH], float (&result)[WIDTH])
{
    const auto &[a, b, y, d] = operands;
    switch (operation) {
#define PART(NAME, PART_, function)                                                                                    \
    case operation_of(VAE_FUNCTION_##NAME, PART_):                                                                     \
        for (int k = 0; k < WIDTH; ++k)                                                                                \
            result[k] = function(a[k], b[k], y[k], d[k]);                                                              \
        break;
#define ROW(NAME, name, ...)                                                                                           \
    PART(NAME, VAE_PART_VALUE, name##_value)                                                                           \
    PART(NAME, VAE_PART_GRADIENT_A, name##_by_a)                                                                       \
    PART(NAME, VAE_PART_GRADIENT_B, name##_by_b)
        VAE_FUNCTION_MAP(ROW)
#undef ROW
#undef PART
    }
}

} // namespace

#endif
