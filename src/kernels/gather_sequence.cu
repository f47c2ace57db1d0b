/* gather_sequence: a block for each sequence of the batch. Of drawings that are varied, threads find their points'
 * places by counting those before them that are kept. */
#include "launch.cuh"
#include "noise.cuh"
#include "program/sequence.h"
#include "program/stroke.h"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_SMALL_BLOCK_THREADS, WARP = VAE_WARP_THREADS, WARPS = THREADS / WARP };
const unsigned EVERY_LANE = 0xFFFFFFFFu;

struct sequences_call {
    const uint8_t *data;
    vae_cuda_sequences sequences;
    bool staged, shuffle;
    float *x;       /* [steps, rows, elements] */
    float *lengths; /* [rows] */
    uint16_t *shadow;
    const vae_cuda_step *step;
    int64_t rows, elements, steps, first;
    size_t staged_bytes; /* from one staged sequence to the next */
    float scale_jitter, point_dropout;
};

/* A sequence where it lies; one that the step does not have has no rows. */
struct sequence {
    const void *values;
    int64_t length;
    int64_t row; /* of the whole batch */
};

__device__ inline sequence find_sequence(const sequences_call &call, int64_t r)
{
    sequence found = {nullptr, 0, call.step->first_row + r};
    if (call.step->rows > 0 && r >= call.step->rows) return found;
    if (call.staged) {
        const uint8_t *at = call.data + (size_t)(call.step->first + r) * call.staged_bytes;
        found.length = *reinterpret_cast<const int64_t *>(at);
        found.values = at + VAE_CUDA_SEQUENCE_HEADER;
        return found;
    }
    uint64_t place = (uint64_t)(call.step->first + r);
    if (call.shuffle) place = vae_permutation_apply(&call.step->permutation, place);
    const int64_t at = call.first + (int64_t)place;
    const int64_t item = call.sequences.order ? call.sequences.order[at] : at;
    const int64_t begin = call.sequences.offsets[item], length = call.sequences.offsets[item + 1] - begin;
    found.length = length < call.steps ? length : call.steps;
    found.values = call.data + (size_t)(begin * call.elements) * sizeof(float);
    return found;
}

__device__ inline void write(const sequences_call &call, int64_t t, int64_t r, int64_t c, float number)
{
    const float value[1] = {number};
    const int64_t at = (t * call.rows + r) * call.elements + c;
    store(call.x + at, value);
    store_shadow(shadow_at(call.shadow, at), value);
}

/* The steps of the sequence, whose last one is repeated. */
__device__ inline void copy_steps(const sequences_call &call, const sequence &from, int64_t r)
{
    const int32_t *ids = static_cast<const int32_t *>(from.values);
    const float *numbers = static_cast<const float *>(from.values);
    for (int64_t i = threadIdx.x; i < call.steps * call.elements; i += THREADS) {
        const int64_t t = i / call.elements, c = i % call.elements;
        const int64_t at = (t < from.length ? t : from.length - 1) * call.elements + c;
        float value = 0.0f;
        if (from.length > 0) value = call.sequences.integers ? (float)ids[at] : numbers[at];
        write(call, t, r, c, value);
    }
}

/* ---- Drawings that are varied ---- */

__device__ inline float uniform_at(const sequences_call &call, int64_t row, int64_t place)
{
    float uniform[1];
    uniforms(call.step, VAE_STREAM_AUGMENT, vae_sequence_element(row, place), uniform);
    return uniform[0];
}

__device__ inline float scale_of(const sequences_call &call, const sequence &from, int axis)
{
    if (call.scale_jitter == 0.0f) return 1.0f;
    return 1.0f + call.scale_jitter * (2.0f * uniform_at(call, from.row, VAE_AUGMENT_SCALE + axis) - 1.0f);
}

__device__ inline bool is_merged(const sequences_call &call, const sequence &from, int64_t i)
{
    if (call.point_dropout == 0.0f || i >= from.length) return false;
    if (!vae_stroke_may_merge(static_cast<const float *>(from.values), i)) return false;
    return uniform_at(call, from.row, VAE_AUGMENT_POINT + i) <= call.point_dropout;
}

/* How many threads before this one have `flag`, and in all; called by the whole block. */
__device__ inline int count_before(bool flag, int *all)
{
    __shared__ int counts[WARPS];
    const int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    const unsigned flags = __ballot_sync(EVERY_LANE, flag);
    if (lane == 0) counts[warp] = __popc(flags);
    __syncthreads();
    int before = __popc(flags & ((1u << lane) - 1u));
    *all = 0;
    for (int w = 0; w < WARPS; ++w) {
        if (w < warp) before += counts[w];
        *all += counts[w];
    }
    __syncthreads();
    return before;
}

/* Point i as step t, with the offsets of those behind it that are left out. */
__device__ inline void write_point(const sequences_call &call, const sequence &from, int64_t i, int64_t t, int64_t r,
                                   float2 scales)
{
    const float *numbers = static_cast<const float *>(from.values) + i * VAE_STROKE_NUMBERS;
    for (int c = 0; c < VAE_STROKE_NUMBERS; ++c) {
        /* An array that is indexed would lie in local memory. */
        const float scale = c == 0 ? scales.x : c == 1 ? scales.y : 1.0f;
        float value = numbers[c] * scale;
        for (int64_t k = i + 1; c < 2 && is_merged(call, from, k); ++k)
            value += numbers[(k - i) * VAE_STROKE_NUMBERS + c] * scale;
        write(call, t, r, c, value);
    }
}

/* Gives the number of points that are kept. */
__device__ inline int64_t vary_drawing(const sequences_call &call, const sequence &from, int64_t r)
{
    const float2 scales = {scale_of(call, from, 0), scale_of(call, from, 1)};
    int64_t length = 0;
    for (int64_t first = 0; first < from.length; first += THREADS) {
        const int64_t i = first + threadIdx.x;
        const bool kept = i < from.length && !is_merged(call, from, i);
        int all;
        const int before = count_before(kept, &all);
        if (kept) write_point(call, from, i, length + before, r, scales);
        length += all;
    }
    __syncthreads(); /* the last step is read by all */
    for (int64_t i = length * VAE_STROKE_NUMBERS + threadIdx.x; i < call.steps * VAE_STROKE_NUMBERS; i += THREADS) {
        const int64_t c = i % VAE_STROKE_NUMBERS;
        const int64_t last = ((length - 1) * call.rows + r) * VAE_STROKE_NUMBERS + c;
        write(call, i / VAE_STROKE_NUMBERS, r, c, length > 0 ? call.x[last] : 0.0f);
    }
    return length;
}

__global__ void __launch_bounds__(THREADS) sequences_kernel(const __grid_constant__ sequences_call call)
{
    const bool varied = call.scale_jitter != 0.0f || call.point_dropout != 0.0f;
    for (int64_t r = blockIdx.x; r < call.rows; r += gridDim.x) {
        const sequence from = find_sequence(call, r);
        int64_t length = from.length;
        if (varied) {
            length = vary_drawing(call, from, r);
        } else {
            copy_steps(call, from, r);
        }
        if (threadIdx.x == 0) call.lengths[r] = (float)length;
    }
}

} // namespace

cudaError_t vae_cuda_gather_sequence(const vae_cuda_call *call, cudaStream_t stream)
{
    const vae_gather_sequence *gather = &call->op->attributes.gather_sequence;
    sequences_call own = {};
    own.data = call->data;
    own.sequences = call->sequences;
    own.staged = call->staged;
    own.shuffle = gather->shuffle;
    own.x = call->outputs[0];
    own.lengths = call->outputs[1];
    own.shadow = call->shadows[0];
    own.step = call->step;
    own.rows = vae_cuda_output_shape(call, 1)->size[0];
    own.elements = vae_shape_columns(vae_cuda_output_shape(call, 0));
    own.steps = gather->steps;
    own.first = gather->first;
    own.staged_bytes = call->staged_bytes;
    own.scale_jitter = (float)gather->scale_jitter;
    own.point_dropout = (float)gather->point_dropout;
    return launch(sequences_kernel, call->grid, dim3(THREADS), stream, own);
}
