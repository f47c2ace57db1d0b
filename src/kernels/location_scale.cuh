/* Likelihoods that describe each element by a mean and the log of a width, one block a row. A likelihood is a struct,
 * constructed from the call, with `term`, log p of an element and its derivatives, and `mean`, E[x|z]. */
#ifndef VAE_KERNELS_LOCATION_SCALE_CUH
#define VAE_KERNELS_LOCATION_SCALE_CUH

#include "launch.cuh"
#include "likelihood_call.cuh"
#include "likelihood_math.cuh"
#include "reduce.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_SMALL_BLOCK_THREADS };

/* log p and its derivatives by the mean and by the log of the width. */
struct location_scale_term {
    float value, d_mean, d_log_width;
};

__device__ inline void store_one(const vae_cuda_likelihood_call &call, int64_t at, float value)
{
    call.gradient[at] = value;
    if (call.shadow) call.shadow[at] = round_bf16(value);
}

template <typename Likelihood>
__global__ void __launch_bounds__(THREADS) location_scale_kernel(const __grid_constant__ vae_cuda_likelihood_call call)
{
    __shared__ double sums[MAX_WARPS];
    const Likelihood likelihood(call);
    const int64_t channels = call.options.channels, width = 2 * channels;
    const float weight = weight_value(call.weight, call.step);
    for (int64_t row = blockIdx.x; row < call.rows; row += gridDim.x) {
        const float *x = call.x + row / call.samples * call.pixels * channels;
        long_sum sum;
        for (int64_t pixel = threadIdx.x; pixel < call.pixels; pixel += THREADS) {
            for (int64_t c = 0; c < channels; ++c) {
                const int64_t at = (row * call.pixels + pixel) * width + c;
                const float above = call.prediction[at + channels] - call.floor;
                const location_scale_term t =
                    likelihood.term(call.prediction[at], call.floor + softplus(above), x[pixel * channels + c]);
                sum.add(t.value);
                if (!call.gradient) continue;
                store_one(call, at, weight * t.d_mean);
                store_one(call, at + channels, weight * t.d_log_width * sigmoid(above));
            }
        }
        const double total = block_sum(sum.value(), sums);
        if (threadIdx.x == 0) call.ll[row] = (float)total;
    }
}

template <typename Likelihood>
cudaError_t launch_location_scale(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch(location_scale_kernel<Likelihood>, vae_grid_of_blocks(call->rows), dim3(THREADS), stream, *call);
}

template <typename Likelihood>
__global__ void __launch_bounds__(THREADS)
    location_scale_mean_kernel(const __grid_constant__ vae_cuda_likelihood_call call)
{
    const Likelihood likelihood(call);
    const int64_t channels = call.options.channels;
    for (int64_t i = thread_index(); i < call.rows * call.pixels; i += thread_count()) {
        for (int64_t c = 0; c < channels; ++c)
            call.mean[i * channels + c] = likelihood.mean(call.prediction[i * 2 * channels + c]);
    }
}

template <typename Likelihood>
cudaError_t launch_location_scale_mean(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch(location_scale_mean_kernel<Likelihood>, vae_grid_of_means(&call->options, call->rows * call->pixels),
                  dim3(THREADS), stream, *call);
}

} // namespace

#endif
