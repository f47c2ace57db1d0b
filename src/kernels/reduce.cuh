/* Sums in a fixed order, so that the same numbers give the same bits. */
#ifndef VAE_KERNELS_REDUCE_CUH
#define VAE_KERNELS_REDUCE_CUH

#include "kernels.h"

namespace
{

enum { WARP = 32, MAX_WARPS = 32, FEW = 4 };

/* Sums of many floats: a few are added up before they go into a double, as doubles run at 1/64 of the rate on many
 * GPUs. What is to be summed is added to `few`, and counted. */
template <int SUMS, int WIDTH> struct long_sums {
    float few[SUMS][WIDTH] = {};
    double total[SUMS][WIDTH] = {};
    int count = 0;
    __device__ void close()
    {
        for (int s = 0; s < SUMS; ++s) {
            for (int k = 0; k < WIDTH; ++k) {
                total[s][k] += (double)few[s][k];
                few[s][k] = 0.0f;
            }
        }
        count = 0;
    }
    __device__ void counted(int more = 1)
    {
        count += more;
        if (count >= FEW) close();
    }
};

/* One such sum. */
struct long_sum {
    long_sums<1, 1> sums;
    __device__ void add(float value)
    {
        sums.few[0][0] += value;
        sums.counted();
    }
    __device__ double value() const
    {
        return sums.total[0][0] + (double)sums.few[0][0];
    }
};

/* Lane 0 holds the sum of the warp. */
template <typename Number> __device__ inline Number warp_sum(Number value)
{
    for (int distance = WARP / 2; distance > 0; distance /= 2)
        value += __shfl_down_sync(0xFFFFFFFFu, value, (unsigned)distance);
    return value;
}

/* Thread 0 holds the sum of the block, whose size is a multiple of a warp. `shared` has MAX_WARPS places; it may be
 * used again at once. */
__device__ inline double block_sum(double value, double *shared)
{
    const int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP, warps = (int)blockDim.x / WARP;
    value = warp_sum(value);
    if (lane == 0) shared[warp] = value;
    __syncthreads();
    if (warp == 0) value = warp_sum(lane < warps ? shared[lane] : 0.0);
    __syncthreads();
    return value;
}

/* All threads hold the sums of the block, which has up to MAX_WARPS whole warps. `shared` has MAX_WARPS places for
 * each; it may be used again at once. */
template <int COUNT> __device__ inline void block_sums(double (&values)[COUNT], double *shared)
{
    const int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP, warps = (int)blockDim.x / WARP;
    for (int i = 0; i < COUNT; ++i) {
        const double sum = warp_sum(values[i]);
        if (lane == 0) shared[i * MAX_WARPS + warp] = sum;
    }
    __syncthreads();
    for (int i = 0; i < COUNT; ++i) {
        values[i] = 0.0;
        for (int k = 0; k < warps; ++k)
            values[i] += shared[i * MAX_WARPS + k];
    }
    __syncthreads();
}

/* Of each `lanes` threads, a power of two up to a warp or else the whole block, the first holds their sum. Called by
 * the whole block. */
__device__ inline double lanes_sum(double value, int lanes, double *shared)
{
    if (lanes > WARP) return block_sum(value, shared);
    for (int distance = lanes / 2; distance > 0; distance /= 2)
        value += __shfl_down_sync(0xFFFFFFFFu, value, (unsigned)distance);
    return value;
}

/* Where a block takes rows, each with so many threads: the first of its rows, and the distance to its next ones. */
__device__ inline int64_t first_row(int lanes)
{
    return (int64_t)blockIdx.x * (blockDim.x / (unsigned)lanes);
}
__device__ inline int64_t row_stride(int lanes)
{
    return (int64_t)gridDim.x * (blockDim.x / (unsigned)lanes);
}

/* Called by a whole block that has written its part of a sum: whether it is the last of `blocks` to do so. If so, all
 * of its threads may read what the others wrote, past the first cache (__ldcg). `finished` counts blocks, from zero.
 * Fences and barriers order the block's writes before its count, and the last block's reads after the others' counts.
 */
__device__ inline bool is_last_block(unsigned int *finished, unsigned int blocks)
{
    __shared__ bool is_last;
    __syncthreads();
    if (threadIdx.x == 0 && threadIdx.y == 0) {
        __threadfence();
        is_last = atomicAdd(finished, 1u) == blocks - 1;
        __threadfence();
    }
    __syncthreads();
    return is_last;
}

} // namespace

#endif
