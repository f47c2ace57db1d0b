/* Nearest upsampling. Both directions go over the pixels of the smaller images: forward writes factor² copies of what
 * it read once, backward reads the factor² gradients and writes their sum. */
#include "launch.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

struct upsample_call {
    const float *from; /* x; backward: d_y */
    float *to;         /* y; backward: d_x */
    uint16_t *shadow;
    int64_t rows, width, channels, factor; /* of the smaller images; rows: of all of them, as one run */
};

/* Where the upper left of the pixels that belong to number i of the smaller images lies in the larger ones. */
__device__ inline int64_t corner_of(const upsample_call &call, int64_t i)
{
    const int64_t channel = i % call.channels, pixel = i / call.channels;
    const int64_t row = pixel / call.width, column = pixel % call.width;
    return (row * call.factor * call.width + column) * call.factor * call.channels + channel;
}

__device__ inline int64_t offset_of(const upsample_call &call, int64_t row, int64_t column)
{
    return (row * call.factor * call.width + column) * call.channels;
}

template <int WIDTH>
__global__ void __launch_bounds__(THREADS) spread_kernel(const __grid_constant__ upsample_call call)
{
    const int64_t count = call.rows * call.width * call.channels;
    for (int64_t i = thread_index() * WIDTH; i < count; i += thread_count() * WIDTH) {
        const int64_t corner = corner_of(call, i);
        float x[WIDTH];
        load(call.from + i, x);
        for (int64_t row = 0; row < call.factor; ++row) {
            for (int64_t column = 0; column < call.factor; ++column) {
                const int64_t at = corner + offset_of(call, row, column);
                store(call.to + at, x);
                store_shadow(shadow_at(call.shadow, at), x);
            }
        }
    }
}

template <int WIDTH>
__global__ void __launch_bounds__(THREADS) gather_kernel(const __grid_constant__ upsample_call call)
{
    const int64_t count = call.rows * call.width * call.channels;
    for (int64_t i = thread_index() * WIDTH; i < count; i += thread_count() * WIDTH) {
        const int64_t corner = corner_of(call, i);
        float sum[WIDTH] = {};
        for (int64_t row = 0; row < call.factor; ++row) {
            for (int64_t column = 0; column < call.factor; ++column) {
                float d_y[WIDTH];
                load(call.from + corner + offset_of(call, row, column), d_y);
                for (int k = 0; k < WIDTH; ++k)
                    sum[k] += d_y[k];
            }
        }
        store(call.to + i, sum);
        store_shadow(shadow_at(call.shadow, i), sum);
    }
}

upsample_call call_of(const vae_cuda_call *call, const vae_shape *small)
{
    return {call->inputs[0],
            call->outputs[0],
            call->shadows[0],
            small->size[0] * small->size[1],
            small->size[2],
            small->size[3],
            call->op->attributes.upsample.factor};
}

} // namespace

cudaError_t vae_cuda_upsample(const vae_cuda_call *call, cudaStream_t stream)
{
    const upsample_call own = call_of(call, vae_cuda_input_shape(call, 0));
    return launch(vae_vector_width(own.channels) == 4 ? spread_kernel<4> : spread_kernel<1>, call->grid, dim3(THREADS),
                  stream, own);
}

cudaError_t vae_cuda_upsample_backward(const vae_cuda_call *call, cudaStream_t stream)
{
    const upsample_call own = call_of(call, vae_cuda_output_shape(call, 0));
    return launch(vae_vector_width(own.channels) == 4 ? gather_kernel<4> : gather_kernel<1>, call->grid, dim3(THREADS),
                  stream, own);
}
