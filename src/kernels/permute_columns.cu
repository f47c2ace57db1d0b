/* permute_columns: columns in another order. A thread finds out where a column comes from once for several rows. */
#include "launch.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

struct permute_call {
    vae_column_order order;
    const float *x;
    float *y;
    uint16_t *shadow;
    int64_t rows, columns;
};

__device__ inline void permute_column(const permute_call &call, int64_t first, int64_t column)
{
    const int64_t source = vae_column_source(&call.order, column);
    const int64_t end = first + VAE_PERMUTED_ROWS < call.rows ? first + VAE_PERMUTED_ROWS : call.rows;
    for (int64_t row = first; row < end; ++row) {
        const float value[1] = {call.x[row * call.columns + source]};
        store(call.y + row * call.columns + column, value);
        store_shadow(shadow_at(call.shadow, row * call.columns + column), value);
    }
}

__global__ void __launch_bounds__(THREADS) permute_kernel(const __grid_constant__ permute_call call)
{
    const int64_t pieces = (call.rows + VAE_PERMUTED_ROWS - 1) / VAE_PERMUTED_ROWS;
    for (int64_t i = thread_index(); i < pieces * call.columns; i += thread_count())
        permute_column(call, i / call.columns * VAE_PERMUTED_ROWS, i % call.columns);
}

} // namespace

cudaError_t vae_cuda_permute_columns(const vae_cuda_call *call, cudaStream_t stream)
{
    const vae_shape *shape = vae_cuda_output_shape(call, 0);
    const permute_call own = {call->op->attributes.order, call->inputs[0], call->outputs[0],
                              call->shadows[0],           shape->size[0],  vae_shape_columns(shape)};
    return launch(permute_kernel, call->grid, dim3(THREADS), stream, own);
}
