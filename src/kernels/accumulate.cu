/* Losses of a batch into the metrics, in double and in a fixed order. */
#include "launch.cuh"
#include "reduce.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

/* metrics[target] += sign × Σ rows; metrics[rows_target] += counted. */
struct row_sum {
    const float *rows;
    int64_t count, counted;
    double sign;
    int32_t target, rows_target;
};

struct sums_call {
    row_sum sum[VAE_CUDA_MAX_SUMS];
    int count;
    double *metrics;
};

__global__ void __launch_bounds__(THREADS) accumulate_kernel(const __grid_constant__ sums_call call)
{
    __shared__ double shared[MAX_WARPS];
    for (int s = 0; s < call.count; ++s) {
        const row_sum &sum = call.sum[s];
        long_sum part;
        for (int64_t i = threadIdx.x; i < sum.count; i += THREADS)
            part.add(sum.rows[i]);
        const double total = block_sum(part.value(), shared);
        if (threadIdx.x > 0) continue;
        call.metrics[sum.target] += sum.sign * total;
        call.metrics[sum.rows_target] += (double)sum.counted;
    }
}

row_sum sum_of(const vae_cuda_call *call)
{
    const auto &attributes = call->op->attributes.accumulate;
    return {call->inputs[0],
            vae_shape_elements(vae_cuda_input_shape(call, 0)),
            attributes.counted,
            attributes.sign,
            (int32_t)attributes.target,
            (int32_t)VAE_METRIC_ROWS};
}

} // namespace

cudaError_t vae_cuda_accumulate(const vae_cuda_call *call, cudaStream_t stream)
{
    sums_call own = {};
    for (; own.count <= call->more_calls && own.count < VAE_CUDA_MAX_SUMS; ++own.count)
        own.sum[own.count] = sum_of(call + own.count);
    own.metrics = call->metrics;
    return launch(accumulate_kernel, call->grid, dim3(THREADS), stream, own);
}
