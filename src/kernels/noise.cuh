/* Noise is a function: Philox4x32-10 through cuRAND's own device code, in the arrangement of core/random.h. */
#ifndef VAE_KERNELS_NOISE_CUH
#define VAE_KERNELS_NOISE_CUH

#include <curand_kernel.h>

#include "core/random.h"
#include "kernels.h"

namespace
{

__device__ inline curandStatePhilox4_32_10_t noise_at(const vae_cuda_step *step, uint32_t stream, int64_t element)
{
    curandStatePhilox4_32_10_t state;
    const uint64_t subsequence = (uint64_t)stream << 48 | (step->step & 0xFFFFFFFFFFFFu);
    curand_init(step->seed, subsequence, (uint64_t)element / 4 * 4, &state);
    return state;
}

template <int WIDTH> __device__ inline void pick(float4 four, int64_t element, float (&values)[WIDTH])
{
    if constexpr (WIDTH == 4) {
        values[0] = four.x;
        values[1] = four.y;
        values[2] = four.z;
        values[3] = four.w;
    } else {
        /* An array picked from by index would live in memory. */
        const float low = element % 2 ? four.y : four.x, high = element % 2 ? four.w : four.z;
        values[0] = element % 4 < 2 ? low : high;
    }
}

/* The element that the first of a step is, where each row of the batch has `per_row` of them. */
__device__ inline int64_t first_element(const vae_cuda_step *step, int64_t per_row)
{
    return step->first_row * per_row;
}

/* Standard normals of elements element … element + WIDTH - 1; WIDTH is 1, or 4 with element a multiple of it. */
template <int WIDTH>
__device__ inline void normals(const vae_cuda_step *step, uint32_t stream, int64_t element, float (&values)[WIDTH])
{
    curandStatePhilox4_32_10_t state = noise_at(step, stream, element);
    pick(curand_normal4(&state), element, values);
}

/* The same, uniform in (0, 1]. */
template <int WIDTH>
__device__ inline void uniforms(const vae_cuda_step *step, uint32_t stream, int64_t element, float (&values)[WIDTH])
{
    curandStatePhilox4_32_10_t state = noise_at(step, stream, element);
    pick(curand_uniform4(&state), element, values);
}

/* WIDTH numbers from any element on, as `draw(element, values)` gives them: one by one, and so slower, where the
 * element is no multiple of WIDTH. */
template <int WIDTH, typename DRAW> __device__ inline void draw_from(int64_t element, float (&values)[WIDTH], DRAW draw)
{
    if (element % WIDTH == 0) return draw(element, values);
        /* Unrolled it would take twice the registers; values move up, as an array that is indexed would live in memory.
         */
#pragma unroll 1
    for (int i = 0; i < WIDTH; ++i) {
        float next[1];
        draw(element + i, next);
        for (int k = 1; k < WIDTH; ++k)
            values[k - 1] = values[k];
        values[WIDTH - 1] = next[0];
    }
}

} // namespace

#endif
