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

/* Entries of the index that a thread of scatter looks at between two barriers. */
enum { LOOKS = 8, WARPS = SMALL / WARP };

/* Finds where `row` stands among the next SMALL × LOOKS entries of the index, as bits in their order; false where
 * nowhere. Called by the whole block; it may be called again once the block has read them. */
__device__ inline bool find_hits(const rows_call &call, int64_t first, int64_t row, unsigned (&hits)[LOOKS * WARPS])
{
    unsigned own = 0;
    for (int k = 0; k < LOOKS; ++k) {
        const int64_t at = first + k * SMALL + threadIdx.x;
        const bool is_hit = at < call.count && row_of(call, call.index[at]) == row;
        own |= (unsigned)is_hit << k;
    }
    if (!__syncthreads_or((int)own)) return false;
    for (int k = 0; k < LOOKS; ++k) {
        const unsigned found = __ballot_sync(EVERY_LANE, own >> k & 1u);
        if (threadIdx.x % WARP == 0) hits[k * WARPS + threadIdx.x / WARP] = found;
    }
    __syncthreads();
    return true;
}

/* A block takes a row, and of its columns a vector a thread: most rows of a large vocabulary are nowhere in a batch,
 * and the block has soon seen so. */
template <int WIDTH> __global__ void __launch_bounds__(SMALL) scatter_kernel(const __grid_constant__ rows_call call)
{
    __shared__ unsigned hits[LOOKS * WARPS];
    const int64_t pieces = (call.columns + SMALL * WIDTH - 1) / (SMALL * WIDTH);
    for (int64_t i = blockIdx.x; i < call.rows * pieces; i += gridDim.x) {
        const int64_t row = i / pieces, column = (i % pieces * SMALL + threadIdx.x) * WIDTH;
        double sums[WIDTH] = {};
        for (int64_t first = 0; first < call.count; first += SMALL * LOOKS) {
            if (!find_hits(call, first, row, hits)) continue;
            for (int k = 0; column < call.columns && k < LOOKS * WARPS; ++k) {
                for (unsigned left = hits[k]; left; left &= left - 1) {
                    float values[WIDTH];
                    load(call.from + (first + k * WARP + __ffs((int)left) - 1) * call.columns + column, values);
                    for (int w = 0; w < WIDTH; ++w)
                        sums[w] += (double)values[w];
                }
            }
        }
        if (column >= call.columns) continue;
        float sum[WIDTH];
        for (int w = 0; w < WIDTH; ++w)
            sum[w] = (float)sums[w];
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
    return launch(vae_vector_width(own.columns) == 4 ? scatter_kernel<4> : scatter_kernel<1>, call->grid, dim3(SMALL),
                  stream, own);
}
