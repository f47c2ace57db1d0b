/* replace_tokens: which ids go is a function of seed, step and place. */
#include "launch.cuh"
#include "noise.cuh"
#include "program/sequence.h"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

struct tokens_call {
    const float *ids;
    float *y;
    uint16_t *shadow;
    const vae_cuda_step *step;
    int64_t count, rows;
    float rate, token;
    uint32_t noise_stream;
};

__global__ void __launch_bounds__(THREADS) replace_kernel(const __grid_constant__ tokens_call call)
{
    for (int64_t i = thread_index(); i < call.count; i += thread_count()) {
        float uniform[1], y[1] = {call.ids[i]};
        uniforms(call.step, call.noise_stream,
                 vae_sequence_element(call.step->first_row + i % call.rows, i / call.rows), uniform);
        if (i >= call.rows && uniform[0] <= call.rate) y[0] = call.token;
        store(call.y + i, y);
        store_shadow(shadow_at(call.shadow, i), y);
    }
}

} // namespace

cudaError_t vae_cuda_replace_tokens(const vae_cuda_call *call, cudaStream_t stream)
{
    const auto &attributes = call->op->attributes.replace_tokens;
    tokens_call own = {};
    own.ids = call->inputs[0];
    own.y = call->outputs[0];
    own.shadow = call->shadows[0];
    own.step = call->step;
    own.count = vae_shape_elements(vae_cuda_output_shape(call, 0));
    own.rows = attributes.rows;
    own.rate = (float)attributes.rate;
    own.token = (float)attributes.token;
    own.noise_stream = attributes.stream;
    return launch(replace_kernel, call->grid, dim3(THREADS), stream, own);
}
