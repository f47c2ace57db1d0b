/* What cuBLASLt's epilogues do not cover: the other activations (its gelu is the tanh approximation, ours the exact
 * one), and the bias and its gradient where an epilogue is refused. */
#include "activation_functions.cuh"
#include "launch.cuh"
#include "reduce.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = 256, LANES = 32, ROW_LANES = 8 };

template <int WIDTH>
__global__ void __launch_bounds__(THREADS) forward_kernel(const __grid_constant__ vae_cuda_activation_call call)
{
    for (int64_t i = thread_index() * WIDTH; i < call.rows * call.columns; i += thread_count() * WIDTH) {
        float x[WIDTH], y[WIDTH];
        load(call.x + i, x);
        if (call.bias) {
            float bias[WIDTH];
            load(call.bias + i % call.columns, bias);
            for (int k = 0; k < WIDTH; ++k)
                x[k] += bias[k];
            if (call.x != call.y) store(call.x + i, x);
        }
        for (int k = 0; k < WIDTH; ++k)
            y[k] = activate(call.activation, x[k]);
        store(call.y + i, y);
        store_shadow(shadow_at(call.shadow, i), y);
    }
}

/* Without sums over columns: d_x = d_y · activation'(…). */
template <int WIDTH>
__global__ void __launch_bounds__(THREADS) derivative_kernel(const __grid_constant__ vae_cuda_activation_call call)
{
    for (int64_t i = thread_index() * WIDTH; i < call.rows * call.columns; i += thread_count() * WIDTH) {
        float d[WIDTH], from[WIDTH];
        load(call.x + i, d);
        load(call.from + i, from);
        for (int k = 0; k < WIDTH; ++k)
            d[k] *= derivative(call.activation, from[k]);
        store(call.y + i, d);
        store_shadow(shadow_at(call.shadow, i), d);
    }
}

/* LANES × WIDTH columns a block; its ROW_LANES take every eighth row and are added up in order. */
template <int WIDTH>
__global__ void __launch_bounds__(THREADS) backward_kernel(const __grid_constant__ vae_cuda_activation_call call)
{
    __shared__ double sums[ROW_LANES][LANES * WIDTH];
    for (int64_t group = blockIdx.x; group * LANES * WIDTH < call.columns; group += gridDim.x) {
        const int64_t column = (group * LANES + threadIdx.x) * WIDTH;
        double sum[WIDTH] = {};
        for (int64_t row = threadIdx.y; column < call.columns && row < call.rows; row += ROW_LANES) {
            const int64_t at = row * call.columns + column;
            float d[WIDTH], from[WIDTH];
            load(call.x + at, d);
            if (call.from) load(call.from + at, from);
            for (int k = 0; k < WIDTH; ++k) {
                if (call.from) d[k] *= derivative(call.activation, from[k]);
                sum[k] += (double)d[k];
            }
            if (call.from) store(call.x + at, d);
            store_shadow(shadow_at(call.shadow, at), d);
        }
        for (int k = 0; k < WIDTH; ++k)
            sums[threadIdx.y][threadIdx.x * WIDTH + k] = sum[k];
        __syncthreads();
        for (int k = 0; threadIdx.y == 0 && call.d_bias && column < call.columns && k < WIDTH; ++k) {
            double total = 0.0;
            for (int lane = 0; lane < ROW_LANES; ++lane)
                total += sums[lane][threadIdx.x * WIDTH + k];
            call.d_bias[column + k] = (float)total;
        }
        __syncthreads();
    }
}

} // namespace

cudaError_t vae_cuda_activation_forward(const vae_cuda_activation_call *call, cudaStream_t stream)
{
    const bool fours = call->columns % 4 == 0;
    return launch(fours ? forward_kernel<4> : forward_kernel<1>, call->rows * call->columns / (fours ? 4 : 1), THREADS,
                  dim3(THREADS), stream, *call);
}

cudaError_t vae_cuda_activation_backward(const vae_cuda_activation_call *call, cudaStream_t stream)
{
    const bool fours = call->columns % 4 == 0;
    return launch(fours ? backward_kernel<4> : backward_kernel<1>, call->columns, LANES * (fours ? 4 : 1),
                  dim3(LANES, ROW_LANES), stream, *call);
}

cudaError_t vae_cuda_activate_backward(const vae_cuda_activation_call *call, cudaStream_t stream)
{
    const bool fours = call->rows * call->columns % 4 == 0;
    return launch(fours ? derivative_kernel<4> : derivative_kernel<1>, call->rows * call->columns / (fours ? 4 : 1),
                  THREADS, dim3(THREADS), stream, *call);
}
