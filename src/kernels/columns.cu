/* slice, pad and concat: runs of columns copied. Rows follow one another, so the runs of all rows are one list. */
#include "launch.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

/* Column c of a run of y is column c + offset of the run of a and of that of b behind it. */
struct columns_call {
    const float *a, *b; /* b NULL: zeros, and before a too */
    float *y;
    uint16_t *shadow;
    int64_t elements, width; /* of y, and of its runs */
    int64_t a_width, b_width, offset;
};

/* A vector lies in a, in b or beside them as a whole. */
template <int WIDTH>
__device__ inline void read_columns(const columns_call &call, int64_t run, int64_t column, float (&values)[WIDTH])
{
    if (column >= 0 && column < call.a_width) {
        load(call.a + run * call.a_width + column, values);
    } else if (call.b) {
        load(call.b + run * call.b_width + column - call.a_width, values);
    } else {
        for (int k = 0; k < WIDTH; ++k)
            values[k] = 0.0f;
    }
}

template <int WIDTH>
__global__ void __launch_bounds__(THREADS) columns_kernel(const __grid_constant__ columns_call call)
{
    for (int64_t i = thread_index() * WIDTH; i < call.elements; i += thread_count() * WIDTH) {
        float values[WIDTH];
        read_columns(call, i / call.width, i % call.width + call.offset, values);
        store(call.y + i, values);
        store_shadow(shadow_at(call.shadow, i), values);
    }
}

bool is_vectors(const columns_call &call)
{
    return (call.width | call.a_width | call.b_width | call.offset) % 4 == 0;
}

cudaError_t launch_columns(const vae_cuda_call *call, columns_call own, cudaStream_t stream)
{
    own.a = call->inputs[0];
    own.b = call->inputs[1];
    own.y = call->outputs[0];
    own.shadow = call->shadows[0];
    own.elements = vae_shape_elements(vae_cuda_output_shape(call, 0));
    return launch(is_vectors(own) ? columns_kernel<4> : columns_kernel<1>, call->grid, dim3(THREADS), stream, own);
}

} // namespace

cudaError_t vae_cuda_slice(const vae_cuda_call *call, cudaStream_t stream)
{
    columns_call own = {};
    own.width = call->op->attributes.slice.count;
    own.a_width = call->op->attributes.slice.width;
    own.offset = call->op->attributes.slice.begin;
    return launch_columns(call, own, stream);
}

cudaError_t vae_cuda_pad(const vae_cuda_call *call, cudaStream_t stream)
{
    columns_call own = {};
    own.width = call->op->attributes.slice.width;
    own.a_width = call->op->attributes.slice.count;
    own.offset = -call->op->attributes.slice.begin;
    return launch_columns(call, own, stream);
}

cudaError_t vae_cuda_concat(const vae_cuda_call *call, cudaStream_t stream)
{
    columns_call own = {};
    own.a_width = call->op->attributes.concat.a_width;
    own.b_width = call->op->attributes.concat.b_width;
    own.width = own.a_width + own.b_width;
    return launch_columns(call, own, stream);
}
