/* token_likelihood: a block for each step of a sequence, which goes through its logits twice, once for their softmax
 * and once for the gradient. The last block of a sequence adds up its steps, in their order. */
#include <math.h>

#include "launch.cuh"
#include "reduce.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };

struct tokens_call {
    const float *logits; /* [count, vocabulary] */
    const float *targets, *lengths, *row_weight;
    float *ll, *gradient;
    uint16_t *shadow; /* of the gradient */
    double *steps;    /* [count], of ll */
    unsigned int *finished;
    vae_weight weight;
    const vae_cuda_step *step;
    int64_t count, rows, vocabulary;
};

/* The largest number so far, and Σ e^(x - largest). */
struct softmax {
    float largest, sum;
};

__device__ inline void add(softmax &s, float x)
{
    if (x > s.largest) {
        s.sum = s.sum * expf(s.largest - x) + 1.0f;
        s.largest = x;
    } else {
        s.sum += expf(x - s.largest);
    }
}

/* Every thread of the block gets the largest of their numbers. */
__device__ inline float block_max(float value, float *shared)
{
    for (int distance = WARP / 2; distance > 0; distance /= 2)
        value = fmaxf(value, __shfl_xor_sync(0xFFFFFFFFu, value, distance));
    if (threadIdx.x % WARP == 0) shared[threadIdx.x / WARP] = value;
    __syncthreads();
    for (int warp = 0; warp < THREADS / WARP; ++warp)
        value = fmaxf(value, shared[warp]);
    __syncthreads();
    return value;
}

/* Of the logits x: largest, and the sum of the exponentials, which every thread gets. */
template <int WIDTH> __device__ inline double softmax_of(const float *x, int64_t count, float *largest, double *shared)
{
    __shared__ float largest_shared[MAX_WARPS];
    __shared__ double sum;
    softmax own = {-INFINITY, 0.0f};
#pragma unroll 1 /* more at a time takes more registers than a thread of so large a block has */
    for (int64_t j = (int64_t)threadIdx.x * WIDTH; j < count; j += THREADS * WIDTH) {
        float values[WIDTH];
        load(x + j, values);
        for (int k = 0; k < WIDTH; ++k)
            add(own, values[k]);
    }
    *largest = block_max(own.largest, largest_shared);
    /* A thread without numbers has a sum of 0, and must not make NaN of it. */
    const double part = own.sum > 0.0f || isnan(own.sum) ? (double)(own.sum * expf(own.largest - *largest)) : 0.0;
    const double total = block_sum(part, shared);
    if (threadIdx.x == 0) sum = total;
    __syncthreads();
    return sum;
}

/* factor × (hit - probability); 0 in a step that does not count. */
template <int WIDTH>
__device__ inline void write_gradient(const tokens_call &call, int64_t i, int64_t target, float factor, float largest,
                                      double sum)
{
    const float share = factor == 0.0f ? 0.0f : (float)((double)factor / sum);
    for (int64_t j = (int64_t)threadIdx.x * WIDTH; j < call.vocabulary; j += THREADS * WIDTH) {
        const int64_t at = i * call.vocabulary + j;
        float values[WIDTH];
        load(call.logits + at, values);
        for (int k = 0; k < WIDTH; ++k) {
            const float hit = j + k == target ? factor : 0.0f;
            values[k] = share == 0.0f ? hit : hit - share * expf(values[k] - largest);
        }
        store(call.gradient + at, values);
        store_shadow(shadow_at(call.shadow, at), values);
    }
}

/* The id that a target is, or -1. */
__device__ inline int64_t id_of(float target, int64_t vocabulary)
{
    const bool is_id = target >= 0.0f && target < (float)vocabulary && target == floorf(target);
    return is_id ? (int64_t)target : -1;
}

/* log p of step i, in thread 0. */
template <int WIDTH> __device__ inline double run_step(const tokens_call &call, int64_t i, double *shared)
{
    const int64_t row = i % call.rows;
    const bool counts = (float)(i / call.rows) < call.lengths[row];
    float largest = 0.0f, logit = 0.0f, factor = 0.0f;
    double sum = 1.0;
    int64_t target = -1;
    if (counts) {
        target = id_of(call.targets[i], call.vocabulary);
        factor = weight_value(call.weight, call.step) * (call.row_weight ? call.row_weight[row] : 1.0f);
        logit = target < 0 ? NAN : call.logits[i * call.vocabulary + target];
        sum = softmax_of<WIDTH>(call.logits + i * call.vocabulary, call.vocabulary, &largest, shared);
    }
    if (call.gradient) write_gradient<WIDTH>(call, i, target, factor, largest, sum);
    return counts ? (double)(logit - largest) - log(sum) : 0.0;
}

template <int WIDTH> __global__ void __launch_bounds__(THREADS) tokens_kernel(const __grid_constant__ tokens_call call)
{
    __shared__ double shared[MAX_WARPS];
    for (int64_t i = blockIdx.x; i < call.count; i += gridDim.x) {
        const int64_t row = i % call.rows;
        const double value = run_step<WIDTH>(call, i, shared);
        if (threadIdx.x == 0) call.steps[i] = value;
        if (!is_last_block(&call.finished[row], (unsigned)(call.count / call.rows))) continue;
        if (threadIdx.x > 0) continue;
        double total = 0.0;
        for (int64_t k = row; k < call.count; k += call.rows)
            total += __ldcg(call.steps + k);
        if (call.ll) call.ll[row] = (float)total;
        call.finished[row] = 0;
    }
}

} // namespace

cudaError_t vae_cuda_token_likelihood(const vae_cuda_call *call, cudaStream_t stream)
{
    const vae_shape *shape = vae_cuda_input_shape(call, 0);
    tokens_call own = {};
    own.logits = call->inputs[0];
    own.targets = call->inputs[1];
    own.lengths = call->inputs[2];
    own.row_weight = call->inputs[3];
    own.ll = call->outputs[0];
    own.gradient = call->outputs[1];
    own.shadow = call->shadows[1];
    own.steps = call->partials;
    own.finished = call->finished;
    own.weight = call->op->attributes.token_likelihood.weight;
    own.step = call->step;
    own.count = shape->size[0];
    own.rows = vae_cuda_input_shape(call, 2)->size[0];
    own.vocabulary = vae_shape_columns(shape);
    return launch(vae_vector_width(own.vocabulary) == 4 ? tokens_kernel<4> : tokens_kernel<1>, call->grid,
                  dim3(THREADS), stream, own);
}
