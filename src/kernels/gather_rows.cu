/* gather_rows and scatter_rows: rows by their numbers, there and back. */
#include <math.h>

#include "launch.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS, WARP = VAE_WARP_THREADS, SMALL = VAE_SMALL_BLOCK_THREADS };
const unsigned EVERY_LANE = 0xFFFFFFFFu;

struct rows_call {
    const float *from, *index;
    float *to;
    uint16_t *shadow;
    int64_t count, rows, columns; /* of the index, of the tensor that it points into, and of both */
};

/* The whole number that an entry of the index is, or -1 where no row has it. */
__device__ inline int64_t row_of(const rows_call &call, float index)
{
    const bool is_row = index >= 0.0f && index < (float)call.rows && index == floorf(index);
    return is_row ? (int64_t)index : -1;
}

template <int WIDTH> __global__ void __launch_bounds__(THREADS) gather_kernel(const __grid_constant__ rows_call call)
{
    const int64_t elements = call.count * call.columns;
    for (int64_t i = thread_index() * WIDTH; i < elements; i += thread_count() * WIDTH) {
        const int64_t row = row_of(call, call.index[i / call.columns]);
        float values[WIDTH];
        if (row >= 0) {
            load(call.from + row * call.columns + i % call.columns, values);
        } else {
            for (int k = 0; k < WIDTH; ++k)
                values[k] = NAN;
        }
        store(call.to + i, values);
        store_shadow(shadow_at(call.shadow, i), values);
    }
}

/* A lane's column of the rows of d_y that have the number `row`, in their order. The warp looks for them together. */
__device__ inline double sum_rows_of(const rows_call &call, int64_t row, int64_t column)
{
    const int lane = threadIdx.x % WARP;
    double sum = 0.0;
    for (int64_t first = 0; first < call.count; first += WARP) {
        const bool is_there = first + lane < call.count;
        const bool is_hit = is_there && row_of(call, call.index[first + lane]) == row;
        for (unsigned hits = __ballot_sync(EVERY_LANE, is_hit); hits; hits &= hits - 1) {
            const int64_t hit = first + __ffs((int)hits) - 1;
            if (column < call.columns) sum += (double)call.from[hit * call.columns + column];
        }
    }
    return sum;
}

/* A warp takes WARP columns of a row at a time. */
__global__ void __launch_bounds__(SMALL) scatter_kernel(const __grid_constant__ rows_call call)
{
    const int64_t pieces = (call.columns + WARP - 1) / WARP, warps = thread_count() / WARP;
    for (int64_t i = thread_index() / WARP; i < call.rows * pieces; i += warps) {
        const int64_t row = i / pieces, column = i % pieces * WARP + threadIdx.x % WARP;
        const float sum[1] = {(float)sum_rows_of(call, row, column)};
        if (column >= call.columns) continue;
        store(call.to + row * call.columns + column, sum);
        store_shadow(shadow_at(call.shadow, row * call.columns + column), sum);
    }
}

rows_call call_of(const vae_cuda_call *call, const vae_shape *small, const vae_shape *large)
{
    return {call->inputs[0], call->inputs[1], call->outputs[0],        call->shadows[0],
            small->size[0],  large->size[0],  vae_shape_columns(small)};
}

} // namespace

cudaError_t vae_cuda_gather_rows(const vae_cuda_call *call, cudaStream_t stream)
{
    const rows_call own = call_of(call, vae_cuda_output_shape(call, 0), vae_cuda_input_shape(call, 0));
    return launch(vae_vector_width(own.columns) == 4 ? gather_kernel<4> : gather_kernel<1>, call->grid, dim3(THREADS),
                  stream, own);
}

cudaError_t vae_cuda_scatter_rows(const vae_cuda_call *call, cudaStream_t stream)
{
    const rows_call own = call_of(call, vae_cuda_input_shape(call, 0), vae_cuda_output_shape(call, 0));
    return launch(scatter_kernel, call->grid, dim3(SMALL), stream, own);
}
