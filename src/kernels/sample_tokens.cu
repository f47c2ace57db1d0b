/* sample_tokens: which ids are drawn, and what, is a function of seed, step and place. A block for each token. */
#include <math.h>

#include "launch.cuh"
#include "noise.cuh"
#include "program/sequence.h"
#include "reduce.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

struct sample_call {
    const float *logits; /* [count, vocabulary] */
    const float *ids, *lengths;
    float *y;
    uint16_t *shadow;
    const vae_cuda_step *step;
    int64_t count, rows, vocabulary, never;
    uint32_t noise_stream;
};

struct candidate {
    float score;
    int token;
};

/* Of equal scores the one of the first token. */
__device__ inline candidate better(candidate a, candidate b)
{
    return b.score > a.score || (b.score == a.score && b.token < a.token) ? b : a;
}

/* Thread 0 gets the best of the block. */
__device__ inline candidate block_best(candidate best)
{
    __shared__ candidate shared[MAX_WARPS];
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        const candidate other = {__shfl_down_sync(0xFFFFFFFFu, best.score, (unsigned)distance),
                                 __shfl_down_sync(0xFFFFFFFFu, best.token, (unsigned)distance)};
        best = better(best, other);
    }
    if (threadIdx.x % WARP == 0) shared[threadIdx.x / WARP] = best;
    __syncthreads();
    for (int warp = 0; warp < THREADS / WARP; ++warp)
        best = better(best, shared[warp]);
    __syncthreads();
    return best;
}

/* -log(-log(1 - u)) */
__device__ inline float gumbel(float u)
{
    return -logf(-log1pf(-fminf(u, VAE_UNIFORM_BELOW_ONE)));
}

__device__ inline candidate draw(const sample_call &call, const float *logits, int64_t first_element)
{
    candidate best = {-INFINITY, call.never == 0 ? 1 : 0};
#pragma unroll 1
    for (int64_t first = 4 * (int64_t)threadIdx.x; first < call.vocabulary; first += 4 * THREADS) {
        float uniform[4];
        uniforms(call.step, call.noise_stream, first_element + first, uniform);
        for (int k = 0; k < 4; ++k) {
            const int64_t token = first + k;
            if (token < call.vocabulary && token != call.never)
                best = better(best, {logits[token] + gumbel(uniform[k]), (int)token});
        }
    }
    return block_best(best);
}

__global__ void __launch_bounds__(THREADS) sample_kernel(const __grid_constant__ sample_call call)
{
    for (int64_t i = blockIdx.x; i < call.count; i += gridDim.x) {
        const int64_t row = i % call.rows, step = i / call.rows;
        const int64_t element =
            vae_sequence_element(call.step->first_row + row, vae_sample_place(step, call.vocabulary));
        float uniform[1], y[1] = {call.ids[i]};
        uniforms(call.step, call.noise_stream, element, uniform);
        const bool counts = step > 0 && (float)step < call.lengths[row];
        if (counts && uniform[0] <= (float)call.step->sampling) {
            const float *logits = call.logits + (i - call.rows) * call.vocabulary;
            y[0] = (float)draw(call, logits, element + VAE_SAMPLE_DRAW).token;
        }
        if (threadIdx.x > 0) continue;
        store(call.y + i, y);
        store_shadow(shadow_at(call.shadow, i), y);
    }
}

} // namespace

cudaError_t vae_cuda_sample_tokens(const vae_cuda_call *call, cudaStream_t stream)
{
    const vae_shape *shape = vae_cuda_input_shape(call, 0);
    sample_call own = {};
    own.logits = call->inputs[0];
    own.ids = call->inputs[1];
    own.lengths = call->inputs[2];
    own.y = call->outputs[0];
    own.shadow = call->shadows[0];
    own.step = call->step;
    own.count = shape->size[0];
    own.rows = vae_cuda_input_shape(call, 2)->size[0];
    own.vocabulary = vae_shape_columns(shape);
    own.never = call->op->attributes.sample_tokens.never;
    own.noise_stream = call->op->attributes.sample_tokens.stream;
    return launch(sample_kernel, call->grid, dim3(THREADS), stream, own);
}
