/* Losses of a batch into the metrics, in double and in a fixed order. */
#include "launch.cuh"
#include "reduce.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

struct sums_call {
    vae_cuda_sum sum[VAE_CUDA_MAX_SUMS];
    int count;
    double *metrics;
};

__global__ void __launch_bounds__(THREADS) accumulate_kernel(const __grid_constant__ sums_call call)
{
    __shared__ double shared[MAX_WARPS];
    for (int s = 0; s < call.count; ++s) {
        const vae_cuda_sum &sum = call.sum[s];
        long_sum part;
        for (int64_t i = threadIdx.x; i < sum.count; i += THREADS)
            part.add(sum.rows[i]);
        const double total = block_sum(part.value(), shared);
        if (threadIdx.x > 0) continue;
        call.metrics[sum.target] += sum.sign * total;
        call.metrics[sum.rows_target] += (double)sum.counted;
    }
}

} // namespace

cudaError_t vae_cuda_accumulate(const vae_cuda_sum *sums, int count, double *metrics, cudaStream_t stream)
{
    sums_call call = {};
    for (int i = 0; i < count && i < VAE_CUDA_MAX_SUMS; ++i)
        call.sum[call.count++] = sums[i];
    call.metrics = metrics;
    return launch(accumulate_kernel, vae_grid_of_blocks(1), dim3(THREADS), stream, call);
}
