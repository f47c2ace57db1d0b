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

cudaError_t vae_cuda_add(const float *a, const float *b, float *y, uint16_t *shadow, int64_t elements,
                         cudaStream_t stream)
{
    return launch(vae_vector_width(elements) == 4 ? add_kernel<4> : add_kernel<1>,
                  vae_grid_of_vectors(elements, elements, THREADS), dim3(THREADS), stream, a, b, y, shadow, elements);
}
