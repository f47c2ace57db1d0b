/* WIDTH numbers at a time: one 128-bit access where rows are multiples of four, single ones elsewhere. */
#ifndef VAE_KERNELS_VECTOR_CUH
#define VAE_KERNELS_VECTOR_CUH

#include "kernels.h"

namespace
{

/* `from` is aligned to WIDTH × 4 bytes. */
template <int WIDTH> __device__ inline void load(const float *from, float (&values)[WIDTH])
{
    if constexpr (WIDTH == 4) {
        const float4 vector = *reinterpret_cast<const float4 *>(from);
        values[0] = vector.x;
        values[1] = vector.y;
        values[2] = vector.z;
        values[3] = vector.w;
    } else {
        for (int i = 0; i < WIDTH; ++i)
            values[i] = from[i];
    }
}

template <int WIDTH> __device__ inline void store(float *to, const float (&values)[WIDTH])
{
    if constexpr (WIDTH == 4) {
        *reinterpret_cast<float4 *>(to) = make_float4(values[0], values[1], values[2], values[3]);
    } else {
        for (int i = 0; i < WIDTH; ++i)
            to[i] = values[i];
    }
}

/* Ties to even; NaN stays NaN. */
__device__ inline uint16_t round_bf16(float value)
{
    const uint32_t bits = __float_as_uint(value);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

/* Nothing where there is no shadow. */
template <int WIDTH> __device__ inline void store_shadow(uint16_t *to, const float (&values)[WIDTH])
{
    if (!to) return;
    if constexpr (WIDTH == 4) {
        *reinterpret_cast<ushort4 *>(to) =
            make_ushort4(round_bf16(values[0]), round_bf16(values[1]), round_bf16(values[2]), round_bf16(values[3]));
    } else {
        for (int i = 0; i < WIDTH; ++i)
            to[i] = round_bf16(values[i]);
    }
}

__device__ inline uint16_t *shadow_at(uint16_t *shadow, int64_t index)
{
    return shadow ? shadow + index : nullptr;
}

__device__ inline float weight_value(vae_weight weight, const vae_cuda_step *step)
{
    return (float)vae_weight_in_step(weight, step->beta, step->share);
}

} // namespace

#endif
