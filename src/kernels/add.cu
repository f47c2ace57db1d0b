/* The sum of a residual block, and of the shares of a gradient. */
#include "launch.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

template <int WIDTH>
__global__ void __launch_bounds__(THREADS)
    add_kernel(const float *a, const float *b, float *y, uint16_t *shadow, int64_t elements)
{
    for (int64_t i = thread_index() * WIDTH; i < elements; i += thread_count() * WIDTH) {
        float first[WIDTH], second[WIDTH];
        load(a + i, first);
        load(b + i, second);
        for (int k = 0; k < WIDTH; ++k)
            first[k] += second[k];
        store(y + i, first);
        store_shadow(shadow_at(shadow, i), first);
    }
}

} // namespace

cudaError_t vae_cuda_add(const vae_cuda_call *call, cudaStream_t stream)
{
    const int64_t elements = vae_shape_elements(vae_cuda_output_shape(call, 0));
    return launch(vae_vector_width(elements) == 4 ? add_kernel<4> : add_kernel<1>, call->grid, dim3(THREADS), stream,
                  call->inputs[0], call->inputs[1], call->outputs[0], call->shadows[0], elements);
}
