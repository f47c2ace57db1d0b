/* The bf16 copy of what a product wrote, for the products that read it. */
#include "launch.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

template <int WIDTH>
__global__ void __launch_bounds__(THREADS) round_kernel(const float *values, uint16_t *rounded, int64_t count)
{
    for (int64_t i = thread_index() * WIDTH; i < count; i += thread_count() * WIDTH) {
        float loaded[WIDTH];
        load(values + i, loaded);
        store_shadow(rounded + i, loaded);
    }
}

} // namespace

cudaError_t vae_cuda_round_bf16(const float *values, uint16_t *rounded, int64_t count, cudaStream_t stream)
{
    return launch(vae_vector_width(count) == 4 ? round_kernel<4> : round_kernel<1>,
                  vae_grid_of_vectors(count, count, THREADS), dim3(THREADS), stream, values, rounded, count);
}
