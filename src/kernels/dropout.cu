/* Dropout, forward and backward alike: the mask is made again from the noise. */
#include "launch.cuh"
#include "noise.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

template <int WIDTH>
__global__ void __launch_bounds__(THREADS) dropout_kernel(const __grid_constant__ vae_cuda_dropout_call call)
{
    const float rate = (float)call.rate, scale = (float)(1.0 / (1.0 - call.rate));
    const int64_t first = first_element(call.step, call.per_row);
    for (int64_t i = thread_index() * WIDTH; i < call.elements; i += thread_count() * WIDTH) {
        float x[WIDTH], uniform[WIDTH];
        load(call.x + i, x);
        draw_from(first + i, uniform,
                  [&](int64_t at, auto &into) { uniforms(call.step, call.noise_stream, at, into); });
        for (int k = 0; k < WIDTH; ++k)
            x[k] = uniform[k] > rate ? x[k] * scale : 0.0f;
        store(call.y + i, x);
        store_shadow(shadow_at(call.shadow, i), x);
    }
}

} // namespace

cudaError_t vae_cuda_dropout(const vae_cuda_dropout_call *call, cudaStream_t stream)
{
    return launch(vae_vector_width(call->elements) == 4 ? dropout_kernel<4> : dropout_kernel<1>,
                  vae_grid_of_vectors(call->elements, call->elements, THREADS), dim3(THREADS), stream, *call);
}
