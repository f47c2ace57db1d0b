/* stroke_likelihood: a block for each sequence, a warp for each of its steps in turn, a lane for each component. */
#include <math.h>

#include "launch.cuh"
#include "program/stroke.h"
#include "reduce.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS };
const unsigned EVERY_LANE = 0xFFFFFFFFu;

struct strokes_call {
    const float *prediction, *targets, *lengths, *row_weight;
    float *ll, *gradient;
    uint16_t *shadow; /* of the gradient */
    vae_weight weight;
    const vae_cuda_step *step;
    int64_t rows, steps, mixtures, columns;
    bool published;
};

/* log weight + log N of a component, and the derivatives of log N by all parts but the weight. With ρ = tanh a, strokes
 * along a line have 1 - |ρ| (`rest`) near 0, so nothing is subtracted from |ρ|: see
 * backend/cpu/isa/stroke_likelihood.c.
 */
struct component {
    float log_weight, term, derivatives[VAE_STROKE_PARTS];
};

__device__ inline component component_of(const float *prediction, int64_t mixtures, int64_t k, const float *target)
{
    float parts[VAE_STROKE_PARTS];
    for (int p = 0; p < VAE_STROKE_PARTS; ++p)
        parts[p] = prediction[p * mixtures + k];
    const float inverse_x = expf(-parts[VAE_STROKE_LOG_DEVIATION_X]);
    const float inverse_y = expf(-parts[VAE_STROKE_LOG_DEVIATION_Y]);
    const float x = (target[0] - parts[VAE_STROKE_MEAN_X]) * inverse_x;
    const float y = (target[1] - parts[VAE_STROKE_MEAN_Y]) * inverse_y;
    const float slant = parts[VAE_STROKE_CORRELATION], sign = slant < 0.0f ? -1.0f : 1.0f;
    const float e = expf(-2.0f * fabsf(slant)), half = 0.5f * (1.0f + e);
    const float rest = e / half, correlation = 1.0f - rest;
    const float log_rest = 1.3862943611198906f - 2.0f * fabsf(slant) - 2.0f * log1pf(e);
    const float along = sign * y, apart = x - along, far = apart / rest;
    const float by_x = (far + along) * half, by_y = sign * (x - far) * half;
    const float square = (apart * far + 2.0f * x * along) * half, log_two_pi = 1.8378770664093453f;
    component c;
    c.log_weight = parts[VAE_STROKE_LOG_WEIGHT];
    c.term = c.log_weight - log_two_pi - parts[VAE_STROKE_LOG_DEVIATION_X] - parts[VAE_STROKE_LOG_DEVIATION_Y] -
             0.5f * (log_rest + square);
    c.derivatives[VAE_STROKE_LOG_WEIGHT] = 0.0f;
    c.derivatives[VAE_STROKE_MEAN_X] = by_x * inverse_x;
    c.derivatives[VAE_STROKE_MEAN_Y] = by_y * inverse_y;
    c.derivatives[VAE_STROKE_LOG_DEVIATION_X] = by_x * x - 1.0f;
    c.derivatives[VAE_STROKE_LOG_DEVIATION_Y] = by_y * y - 1.0f;
    c.derivatives[VAE_STROKE_CORRELATION] =
        sign * (correlation + (rest * x * along - correlation * apart * far) * half);
    return c;
}

/* log Σ e^x of numbers that come one after the other. */
struct log_sum {
    float largest = -INFINITY, sum = 0.0f;
    __device__ void add(float x)
    {
        const float larger = fmaxf(largest, x);
        sum = (sum == 0.0f ? 0.0f : sum * expf(largest - larger)) + expf(x - larger);
        largest = larger;
    }
    /* Of all lanes of the warp, which all get it. */
    __device__ float value() const
    {
        float most = largest;
        for (int distance = WARP / 2; distance > 0; distance /= 2)
            most = fmaxf(most, __shfl_xor_sync(EVERY_LANE, most, distance));
        float total = sum == 0.0f ? 0.0f : sum * expf(largest - most);
        for (int distance = WARP / 2; distance > 0; distance /= 2)
            total += __shfl_xor_sync(EVERY_LANE, total, distance);
        return most + logf(total);
    }
};

__device__ inline void write(const strokes_call &call, int64_t at, float gradient)
{
    const float value[1] = {gradient};
    store(call.gradient + at, value);
    store_shadow(shadow_at(call.shadow, at), value);
}

/* log p of step i's offset, for the whole warp. A lane reads a component's parts before it writes their gradient. */
__device__ inline float run_offset(const strokes_call &call, int64_t i, int lane, float weight)
{
    const float *prediction = call.prediction + i * call.columns, *target = call.targets + i * VAE_STROKE_NUMBERS;
    log_sum terms, weights;
    for (int64_t k = lane; k < call.mixtures; k += WARP) {
        const component c = component_of(prediction, call.mixtures, k, target);
        terms.add(c.term);
        weights.add(c.log_weight);
    }
    const float sum = terms.value(), normaliser = weights.value();
    double part = 1.0, value = (double)(sum - normaliser);
    if (call.published) {
        value = vae_stroke_log_density(value, &part);
        weight *= (float)part;
    }
    for (int64_t k = lane; call.gradient && k < call.mixtures; k += WARP) {
        const component c = component_of(prediction, call.mixtures, k, target);
        const float share = expf(c.term - sum);
        for (int p = VAE_STROKE_MEAN_X; p < VAE_STROKE_PARTS; ++p)
            write(call, i * call.columns + p * call.mixtures + k, weight * share * c.derivatives[p]);
        write(call, i * call.columns + k, weight * (share - expf(c.log_weight - normaliser)));
    }
    return (float)value;
}

/* log p of its pen, in lane 0; NaN where the target is no state. */
__device__ inline float run_pen(const strokes_call &call, int64_t i, float weight)
{
    const int64_t at = (i + 1) * call.columns - VAE_PEN_STATES;
    const float *target = call.targets + i * VAE_STROKE_NUMBERS + VAE_STROKE_DOWN;
    float largest = -INFINITY, sum = 0.0f, own = NAN, e[VAE_PEN_STATES];
    int ones = 0, zeros = 0;
    for (int s = 0; s < VAE_PEN_STATES; ++s) {
        const float logit = call.prediction[at + s];
        largest = fmaxf(largest, logit);
        if (target[s] == 1.0f) own = logit;
        ones += target[s] == 1.0f;
        zeros += target[s] == 0.0f;
    }
    for (int s = 0; s < VAE_PEN_STATES; ++s) {
        e[s] = expf(call.prediction[at + s] - largest);
        sum += e[s];
    }
    for (int s = 0; call.gradient && s < VAE_PEN_STATES; ++s)
        write(call, at + s, weight * (target[s] - e[s] / sum));
    return ones == 1 && zeros == VAE_PEN_STATES - 1 ? own - largest - logf(sum) : NAN;
}

/* log p of a step, in lane 0. */
__device__ inline float run_step(const strokes_call &call, int64_t t, int64_t row, int lane, float weight)
{
    const int64_t i = t * call.rows + row, pen = call.columns - VAE_PEN_STATES;
    const bool counts = (float)t < call.lengths[row];
    const bool pen_counts = counts || (call.published && call.lengths[row] > 0.0f);
    const bool has_offset = counts && call.targets[i * VAE_STROKE_NUMBERS + VAE_STROKE_END] == 0.0f;
    float value = has_offset ? run_offset(call, i, lane, weight) : 0.0f;
    if (pen_counts && lane == 0) value += run_pen(call, i, weight);
    if (!call.gradient) return value;
    for (int64_t c = lane; c < call.columns; c += WARP) {
        if (!(c < pen ? has_offset : pen_counts)) write(call, i * call.columns + c, 0.0f);
    }
    return value;
}

__global__ void __launch_bounds__(THREADS) strokes_kernel(const __grid_constant__ strokes_call call)
{
    __shared__ double shared[MAX_WARPS];
    const int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    for (int64_t row = blockIdx.x; row < call.rows; row += gridDim.x) {
        const float weight = weight_value(call.weight, call.step) * (call.row_weight ? call.row_weight[row] : 1.0f);
        double sum = 0.0;
        for (int64_t t = warp; t < call.steps; t += THREADS / WARP) {
            const float value = run_step(call, t, row, lane, weight);
            if (lane == 0) sum += (double)value;
        }
        sum = block_sum(sum, shared);
        if (threadIdx.x == 0 && call.ll) call.ll[row] = (float)sum;
    }
}

} // namespace

cudaError_t vae_cuda_stroke_likelihood(const vae_cuda_call *call, cudaStream_t stream)
{
    const auto &attributes = call->op->attributes.stroke_likelihood;
    const vae_shape *shape = vae_cuda_input_shape(call, 0);
    strokes_call own = {};
    own.prediction = call->inputs[0];
    own.targets = call->inputs[1];
    own.lengths = call->inputs[2];
    own.row_weight = call->inputs[3];
    own.ll = call->outputs[0];
    own.gradient = call->outputs[1];
    own.shadow = call->shadows[1];
    own.weight = attributes.weight;
    own.step = call->step;
    own.rows = vae_cuda_input_shape(call, 2)->size[0];
    own.steps = shape->size[0] / own.rows;
    own.mixtures = attributes.mixtures;
    own.columns = vae_shape_columns(shape);
    own.published = attributes.published;
    return launch(strokes_kernel, call->grid, dim3(THREADS), stream, own);
}
