/* Activations as ops of their own, and what cuBLASLt's epilogues do not cover of layers: the other activations (its
 * gelu is the tanh approximation, ours the exact one), and the bias and its gradient where an epilogue is refused. */
#include "activation.cuh"
#include "column_sums.cuh"
#include "launch.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

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

template <int WIDTH>
__global__ void __launch_bounds__(THREADS)
    backward_kernel(const __grid_constant__ vae_cuda_activation_call call, const __grid_constant__ vae_column_plan plan)
{
    __shared__ double shared[THREADS * WIDTH];
    for (int64_t task = blockIdx.x; task < plan.tasks; task += gridDim.x) {
        const column_piece piece = piece_of<WIDTH>(plan, task);
        long_sums<1, WIDTH> sums;
        for (int64_t row = piece.first; row < piece.end; row += blockDim.y) {
            const int64_t at = row * call.columns + piece.column;
            float d[WIDTH], from[WIDTH];
            load(call.x + at, d);
            if (call.from) load(call.from + at, from);
            for (int k = 0; k < WIDTH; ++k) {
                if (call.from) d[k] = activation_gradient(call.activation, d[k], from[k]);
                sums.few[0][k] += d[k];
            }
            sums.counted();
            if (call.from) store(call.x + at, d);
            store_shadow(shadow_at(call.shadow, at), d);
        }
        if (call.d_bias.sums) sum_columns(call.d_bias, plan, piece, sums, shared);
    }
}

} // namespace

cudaError_t vae_cuda_activation_forward(const vae_cuda_activation_call *call, cudaStream_t stream)
{
    return launch(vae_vector_width(call->columns) == 4 ? forward_kernel<4> : forward_kernel<1>,
                  vae_grid_of_vectors(call->rows * call->columns, call->columns, THREADS), dim3(THREADS), stream,
                  *call);
}

cudaError_t vae_cuda_activation_backward(const vae_cuda_activation_call *call, cudaStream_t stream)
{
    const vae_column_plan plan = vae_plan_columns(call->rows, call->columns);
    return launch(vae_vector_width(call->columns) == 4 ? backward_kernel<4> : backward_kernel<1>,
                  vae_grid_of_blocks(plan.tasks), block_of(plan), stream, *call, plan);
}

cudaError_t vae_cuda_activate(const vae_cuda_call *call, cudaStream_t stream)
{
    vae_cuda_activation_call own = {};
    own.activation = (int)call->op->attributes.activate.activation;
    own.x = call->inputs[0];
    own.y = call->outputs[0];
    own.shadow = call->shadows[0];
    own.rows = vae_cuda_input_shape(call, 0)->size[0];
    own.columns = vae_shape_columns(vae_cuda_input_shape(call, 0));
    return vae_cuda_activation_forward(&own, stream);
}

/* In place. */
cudaError_t vae_cuda_activate_backward(const vae_cuda_call *call, cudaStream_t stream)
{
    vae_cuda_activation_call own = {};
    own.activation = (int)call->op->attributes.activate.activation;
    own.x = call->inputs[0];
    own.from = call->inputs[1];
    own.shadow = call->shadows[0];
    own.rows = vae_cuda_input_shape(call, 0)->size[0];
    own.columns = vae_shape_columns(vae_cuda_input_shape(call, 0));
    return vae_cuda_activation_backward(&own, stream);
}
