/* One block a row, one warp an element: a lane has every 32nd of the 256 logits. */
#include "launch.cuh"
#include "likelihood_call.cuh"
#include "reduce.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_SMALL_BLOCK_THREADS, WARPS = THREADS / WARP, EACH = VAE_LEVELS / WARP };

/* Every lane holds the result. */
__device__ inline float warp_max_all(float value)
{
    for (int distance = WARP / 2; distance > 0; distance /= 2)
        value = fmaxf(value, __shfl_xor_sync(0xFFFFFFFFu, value, distance));
    return value;
}
__device__ inline float warp_sum_all(float value)
{
    for (int distance = WARP / 2; distance > 0; distance /= 2)
        value += __shfl_xor_sync(0xFFFFFFFFu, value, distance);
    return value;
}

/* e^(logit - largest) of this lane's levels. */
struct softmax {
    float exponentials[EACH];
    float largest, sum;
    __device__ softmax(const float *logits, int lane) : largest(-INFINITY), sum(0.0f)
    {
#pragma unroll
        for (int i = 0; i < EACH; ++i) {
            exponentials[i] = logits[lane + i * WARP];
            largest = fmaxf(largest, exponentials[i]);
        }
        largest = warp_max_all(largest);
#pragma unroll
        for (int i = 0; i < EACH; ++i) {
            exponentials[i] = expf(exponentials[i] - largest);
            sum += exponentials[i];
        }
        sum = warp_sum_all(sum);
    }
};

__device__ inline int level_of(const vae_likelihood_options &options, float x)
{
    const float level = rintf((x - (float)options.shift) / (float)options.scale);
    return (int)fminf(fmaxf(level, 0.0f), (float)(VAE_LEVELS - 1));
}

__global__ void __launch_bounds__(THREADS) categorical_kernel(const __grid_constant__ vae_cuda_likelihood_call call)
{
    __shared__ double sums[MAX_WARPS];
    const int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    const int64_t elements = call.pixels * call.options.channels;
    const float weight = weight_value(call.weight, call.step);
    for (int64_t row = blockIdx.x; row < call.rows; row += gridDim.x) {
        long_sum sum;
        for (int64_t j = warp; j < elements; j += WARPS) {
            const int64_t at = (row * elements + j) * VAE_LEVELS;
            const softmax s(call.prediction + at, lane);
            const int level = level_of(call.options, call.x[row / call.samples * elements + j]);
            if (lane == 0) sum.add(call.prediction[at + level] - s.largest - logf(s.sum));
            if (!call.gradient) continue;
#pragma unroll
            for (int i = 0; i < EACH; ++i) {
                const int64_t place = at + lane + i * WARP;
                const float hit = lane + i * WARP == level ? 1.0f : 0.0f;
                const float gradient = weight * (hit - s.exponentials[i] / s.sum);
                call.gradient[place] = gradient;
                if (call.shadow) call.shadow[place] = round_bf16(gradient);
            }
        }
        const double total = block_sum(sum.value(), sums);
        if (threadIdx.x == 0) call.ll[row] = (float)total;
    }
}

__global__ void __launch_bounds__(THREADS)
    categorical_mean_kernel(const __grid_constant__ vae_cuda_likelihood_call call)
{
    const int lane = (int)threadIdx.x % WARP;
    const int64_t count = call.rows * call.pixels * call.options.channels;
    for (int64_t j = thread_index() / WARP; j < count; j += thread_count() / WARP) {
        const softmax s(call.prediction + j * VAE_LEVELS, lane);
        float level = 0.0f;
#pragma unroll
        for (int i = 0; i < EACH; ++i)
            level += (float)(lane + i * WARP) * s.exponentials[i];
        level = warp_sum_all(level) / s.sum;
        if (lane == 0) call.mean[j] = (float)((double)level * call.options.scale + call.options.shift);
    }
}

} // namespace

cudaError_t vae_cuda_likelihood_categorical(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch(categorical_kernel, vae_grid_of_blocks(call->rows), dim3(THREADS), stream, *call);
}

cudaError_t vae_cuda_likelihood_mean_categorical(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch(categorical_mean_kernel, vae_grid_of_means(&call->options, call->rows * call->pixels), dim3(THREADS),
                  stream, *call);
}
