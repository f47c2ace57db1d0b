/* Likelihoods with one number an element: log p(x|z) of a row and its gradient in one pass, one block a row. A
 * likelihood is a struct with `term`, log p of an element and its derivative; `row`, which makes their sum log p of the
 * row; and `mean`, E[x|z] of an element; it is constructed from the call. */
#ifndef VAE_KERNELS_LIKELIHOOD_CUH
#define VAE_KERNELS_LIKELIHOOD_CUH

#include "launch.cuh"
#include "likelihood_call.cuh"
#include "reduce.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_SMALL_BLOCK_THREADS };

template <typename Likelihood, int WIDTH>
__global__ void __launch_bounds__(THREADS) likelihood_kernel(const __grid_constant__ vae_cuda_likelihood_call call)
{
    __shared__ double sums[MAX_WARPS];
    const Likelihood likelihood(call);
    const int64_t elements = call.pixels * call.options.channels;
    const float weight = weight_value(call.weight, call.step);
    for (int64_t row = blockIdx.x; row < call.rows; row += gridDim.x) {
        const float *prediction = call.prediction + row * elements;
        const float *x = call.x + row / call.samples * elements;
        long_sum sum;
        for (int64_t j = (int64_t)threadIdx.x * WIDTH; j < elements; j += (int64_t)blockDim.x * WIDTH) {
            float p[WIDTH], data[WIDTH], gradient[WIDTH];
            load(prediction + j, p);
            load(x + j, data);
            for (int k = 0; k < WIDTH; ++k) {
                sum.add(likelihood.term(p[k], data[k], &gradient[k]));
                gradient[k] *= weight;
            }
            if (!call.gradient) continue;
            store(call.gradient + row * elements + j, gradient);
            store_shadow(shadow_at(call.shadow, row * elements + j), gradient);
        }
        const double total = block_sum(sum.value(), sums);
        if (threadIdx.x == 0) call.ll[row] = (float)likelihood.row(total, elements);
    }
}

template <typename Likelihood> cudaError_t launch_likelihood(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch(vae_vector_width(call->pixels * call->options.channels) == 4 ? likelihood_kernel<Likelihood, 4>
                                                                               : likelihood_kernel<Likelihood, 1>,
                  vae_grid_of_blocks(call->rows), dim3(THREADS), stream, *call);
}

template <typename Likelihood>
__global__ void __launch_bounds__(THREADS) mean_kernel(const __grid_constant__ vae_cuda_likelihood_call call)
{
    const Likelihood likelihood(call);
    const int64_t count = call.rows * call.pixels * call.options.channels;
    for (int64_t i = thread_index(); i < count; i += thread_count())
        call.mean[i] = likelihood.mean(call.prediction[i]);
}

template <typename Likelihood> cudaError_t launch_mean(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch(mean_kernel<Likelihood>, vae_grid_of_means(&call->options, call->rows * call->pixels), dim3(THREADS),
                  stream, *call);
}

} // namespace

#endif
