/* The Gaussian likelihood with one variance for all elements, and the kernel that finds it in training. */
#include "gaussian.cuh"
#include "program/shared_variance.h"

namespace
{

/* Sums of a row's squared errors first, one block a row; the last block to finish adds them up in the order of the
 * rows.
 */
__global__ void __launch_bounds__(THREADS) shared_variance_kernel(const __grid_constant__ vae_cuda_likelihood_call call)
{
    __shared__ double shared[MAX_WARPS];
    const int64_t elements = call.pixels * call.options.channels;
    for (int64_t row = blockIdx.x; row < call.rows; row += gridDim.x) {
        const float *means = call.prediction + row * elements, *x = call.x + row / call.samples * elements;
        long_sum sum;
        for (int64_t j = threadIdx.x; j < elements; j += THREADS)
            sum.add((x[j] - means[j]) * (x[j] - means[j]));
        const double total = block_sum(sum.value(), shared);
        if (threadIdx.x == 0) call.ll[row] = (float)total;
    }
    if (!is_last_block(call.finished, gridDim.x)) return;
    long_sum part;
    for (int64_t row = threadIdx.x; row < call.rows; row += THREADS)
        part.add(__ldcg(call.ll + row));
    const double total = block_sum(part.value(), shared);
    if (threadIdx.x > 0) return;
    *call.finished = 0;
    *call.variance = vae_shared_variance(total, (double)(call.rows * elements), (double)call.floor);
    *call.log_variance =
        (float)vae_running_log_variance((double)*call.log_variance, *call.variance, call.step->adam_step);
}

struct shared_gaussian : gaussian {
    __device__ explicit shared_gaussian(const vae_cuda_likelihood_call &call)
        : gaussian(call.variance ? *call.variance : exp((double)*call.log_variance))
    {
    }
};

/* σ² does not move the mean. */
struct shared_gaussian_mean : gaussian {
    __device__ explicit shared_gaussian_mean(const vae_cuda_likelihood_call &) : gaussian(1.0)
    {
    }
};

} // namespace

cudaError_t vae_cuda_shared_variance(const vae_cuda_call *call, cudaStream_t stream)
{
    return launch(shared_variance_kernel, call->grid, dim3(THREADS), stream, vae_cuda_likelihood_call_of(call));
}

cudaError_t vae_cuda_likelihood_gaussian_shared(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_likelihood<shared_gaussian>(call, stream);
}

cudaError_t vae_cuda_likelihood_mean_gaussian_shared(const vae_cuda_likelihood_call *call, cudaStream_t stream)
{
    return launch_mean<shared_gaussian_mean>(call, stream);
}
