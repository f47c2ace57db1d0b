/* transpose_rows: rows of groups, with the place in the group before the group. A thread a number. */
#include "launch.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

struct transpose_call {
    const float *x;
    float *y;
    uint16_t *shadow;
    int64_t count, groups, columns;
};

__global__ void __launch_bounds__(THREADS) transpose_kernel(const __grid_constant__ transpose_call call)
{
    const int64_t elements = call.count * call.groups * call.columns;
    for (int64_t i = thread_index(); i < elements; i += thread_count()) {
        const int64_t row = i / call.columns, column = i % call.columns;
        const int64_t source = row % call.groups * call.count + row / call.groups;
        const float value[1] = {call.x[source * call.columns + column]};
        store(call.y + i, value);
        store_shadow(shadow_at(call.shadow, i), value);
    }
}

} // namespace

cudaError_t vae_cuda_transpose_rows(const vae_cuda_call *call, cudaStream_t stream)
{
    const vae_shape *shape = vae_cuda_output_shape(call, 0);
    const int64_t count = call->op->attributes.group.count;
    const transpose_call own = {call->inputs[0], call->outputs[0],       call->shadows[0],
                                count,           shape->size[0] / count, vae_shape_columns(shape)};
    return launch(transpose_kernel, call->grid, dim3(THREADS), stream, own);
}
