/* Dropout, forward and backward alike: the mask is made again from the noise. */
#include "launch.cuh"
#include "noise.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

struct dropout_call {
    const float *x;
    float *y; /* may be x */
    uint16_t *shadow;
    int64_t elements;
    int64_t per_row; /* elements for each row of the batch */
    double rate;
    uint32_t noise_stream;
    const vae_cuda_step *step;
};

template <int WIDTH>
__global__ void __launch_bounds__(THREADS) dropout_kernel(const __grid_constant__ dropout_call call)
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

cudaError_t vae_cuda_dropout(const vae_cuda_call *call, cudaStream_t stream)
{
    const auto &attributes = call->op->attributes.dropout;
    dropout_call own = {};
    own.x = call->inputs[0];
    own.y = call->outputs[0];
    own.shadow = call->shadows[0];
    own.elements = vae_shape_elements(vae_cuda_output_shape(call, 0));
    own.per_row = vae_program_batch_row_elements(call->program, call->op->outputs[0]);
    own.rate = attributes.rate;
    own.noise_stream = attributes.stream;
    own.step = call->step;
    return launch(vae_vector_width(own.elements) == 4 ? dropout_kernel<4> : dropout_kernel<1>, call->grid,
                  dim3(THREADS), stream, own);
}
