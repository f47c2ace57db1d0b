/* Adam over the whole arena, or a range of it, in one launch (Kingma & Ba 2015, Algorithm 1; decoupled decay of
 * Loshchilov & Hutter 2019).
 */
#include "launch.cuh"
#include "reduce.cuh"
#include "vector.cuh"

namespace
{

enum { THREADS = VAE_BLOCK_THREADS, WIDTH = 4 };

struct adam_call {
    float *parameters, *first, *second;
    const float *gradients;
    uint16_t *shadow; /* of the parameters */
    int64_t elements; /* a multiple of 4 */
    double beta1, beta2, epsilon, weight_decay, clip_value, clip_norm;
    const vae_cuda_step *step;
    double *metrics; /* not updated, and parameters neither, unless metrics[loss_metrics[…]] are finite */
    int32_t loss_metrics[3], norm_metric, steps_metric;
    double *partials;       /* one a block */
    unsigned int *finished; /* blocks done; zero before and after */
    double *norm;           /* scalar: the gradient's norm, for clipping */
};

struct adam_scalars {
    float beta1, beta2, step_size, root_correction, epsilon, decay, gradient_scale;
};

__device__ inline bool losses_finite(const adam_call &call)
{
    return isfinite(call.metrics[call.loss_metrics[0]]) && isfinite(call.metrics[call.loss_metrics[1]]) &&
           isfinite(call.metrics[call.loss_metrics[2]]);
}

/* The last block to finish adds up all blocks' sums, in their order, and reports the norm. */
__device__ inline void report_norm(const adam_call &call, double sum_of_squares, double *shared)
{
    const double block_total = block_sum(sum_of_squares, shared);
    if (threadIdx.x == 0) call.partials[blockIdx.x] = block_total;
    if (!is_last_block(call.finished, gridDim.x)) return;
    double part = 0.0;
    for (unsigned int i = threadIdx.x; i < gridDim.x; i += THREADS)
        part += __ldcg(call.partials + i);
    const double total = block_sum(part, shared);
    if (threadIdx.x > 0) return;
    const double norm = sqrt(total);
    *call.finished = 0;
    *call.norm = norm;
    call.metrics[call.norm_metric] += norm;
    call.metrics[call.steps_metric] += 1.0;
}

/* A few floats, as double additions are slow: four, not all that a thread has. */
__device__ inline float sum_of_squares(const float (&values)[WIDTH])
{
    float sum = 0.0f;
    for (int k = 0; k < WIDTH; ++k)
        sum += values[k] * values[k];
    return sum;
}

/* Four gradients, each within ±clip_value; NaN stays. */
__device__ inline void load_gradients(const adam_call &call, int64_t at, float (&gradients)[WIDTH])
{
    load(call.gradients + at, gradients);
    if (call.clip_value <= 0.0) return;
    const float limit = (float)call.clip_value;
    for (int k = 0; k < WIDTH; ++k) {
        gradients[k] = gradients[k] > limit ? limit : gradients[k];
        gradients[k] = gradients[k] < -limit ? -limit : gradients[k];
    }
}

__global__ void __launch_bounds__(THREADS) gradient_norm_kernel(const __grid_constant__ adam_call call)
{
    __shared__ double shared[MAX_WARPS];
    if (!losses_finite(call)) return;
    double sum = 0.0;
    for (int64_t i = thread_index() * WIDTH; i < call.elements; i += thread_count() * WIDTH) {
        float gradient[WIDTH];
        load_gradients(call, i, gradient);
        sum += (double)sum_of_squares(gradient);
    }
    report_norm(call, sum, shared);
}

__device__ inline adam_scalars make_scalars(const adam_call &call)
{
    adam_scalars scalars;
    scalars.beta1 = (float)call.beta1;
    scalars.beta2 = (float)call.beta2;
    scalars.step_size = (float)call.step->adam_step_size;
    scalars.root_correction = (float)call.step->adam_root_correction;
    scalars.epsilon = (float)call.epsilon;
    scalars.decay = (float)(1.0 - call.step->learning_rate * call.weight_decay);
    const bool clipped = call.clip_norm > 0.0 && *call.norm > call.clip_norm;
    scalars.gradient_scale = clipped ? (float)(call.clip_norm / *call.norm) : 1.0f;
    return scalars;
}

/* Four parameters; gives their Σ gradient². */
__device__ inline float update(const adam_call &call, const adam_scalars &s, int64_t at)
{
    float parameter[WIDTH], first[WIDTH], second[WIDTH], raw[WIDTH];
    load(call.parameters + at, parameter);
    load(call.first + at, first);
    load(call.second + at, second);
    load_gradients(call, at, raw);
    for (int k = 0; k < WIDTH; ++k) {
        const float gradient = raw[k] * s.gradient_scale;
        first[k] = s.beta1 * first[k] + (1.0f - s.beta1) * gradient;
        second[k] = s.beta2 * second[k] + (1.0f - s.beta2) * gradient * gradient;
        parameter[k] =
            s.decay * parameter[k] - s.step_size * first[k] / (sqrtf(second[k]) * s.root_correction + s.epsilon);
    }
    store(call.parameters + at, parameter);
    store(call.first + at, first);
    store(call.second + at, second);
    store_shadow(shadow_at(call.shadow, at), parameter);
    return sum_of_squares(raw);
}

__global__ void __launch_bounds__(THREADS) adam_kernel(const __grid_constant__ adam_call call)
{
    __shared__ double shared[MAX_WARPS];
    __shared__ adam_scalars scalars;
    if (!losses_finite(call)) return;
    if (threadIdx.x == 0) scalars = make_scalars(call);
    __syncthreads();
    double sum = 0.0;
    for (int64_t i = thread_index() * WIDTH; i < call.elements; i += thread_count() * WIDTH)
        sum += (double)update(call, scalars, i);
    if (call.clip_norm <= 0.0) report_norm(call, sum, shared);
}

vae_grid grid_of(int64_t elements)
{
    return vae_grid_of_vectors(elements, elements, THREADS);
}

adam_call call_of(const vae_cuda_call *call)
{
    adam_call own = {};
    const int64_t begin = call->op->attributes.adam.first;
    own.parameters = call->parameters + begin;
    own.first = call->first_moment + begin;
    own.second = call->second_moment + begin;
    own.gradients = call->gradients + begin;
    own.shadow = call->parameter_shadow ? call->parameter_shadow + begin : nullptr;
    own.elements = vae_adam_count(call->program->layout, call->op);
    own.beta1 = call->op->attributes.adam.beta1;
    own.beta2 = call->op->attributes.adam.beta2;
    own.epsilon = call->op->attributes.adam.epsilon;
    own.weight_decay = call->op->attributes.adam.weight_decay;
    own.clip_value = call->op->attributes.adam.clip_value;
    own.clip_norm = call->op->attributes.adam.clip_norm;
    own.step = call->step;
    own.metrics = call->metrics;
    own.loss_metrics[0] = VAE_METRIC_RECONSTRUCTION;
    own.loss_metrics[1] = VAE_METRIC_KL;
    own.loss_metrics[2] = VAE_METRIC_BOUND;
    own.norm_metric = VAE_METRIC_GRADIENT_NORM;
    own.steps_metric = VAE_METRIC_STEPS;
    own.partials = call->partials;
    own.finished = call->finished;
    own.norm = call->norm;
    return own;
}

} // namespace

cudaError_t vae_cuda_adam_blocks(int64_t elements, int *blocks)
{
    int64_t norm = 0, update = 0;
    cudaError_t error = resident_blocks(gradient_norm_kernel, THREADS, &norm);
    if (!error) error = resident_blocks(adam_kernel, THREADS, &update);
    const int64_t wanted = vae_grid_blocks(grid_of(elements)), resident = norm > update ? norm : update;
    *blocks = (int)(wanted < resident ? wanted : resident);
    return error;
}

cudaError_t vae_cuda_gradient_norm(const vae_cuda_call *call, cudaStream_t stream)
{
    return launch(gradient_norm_kernel, call->grid, dim3(THREADS), stream, call_of(call));
}

cudaError_t vae_cuda_adam(const vae_cuda_call *call, cudaStream_t stream)
{
    return launch(adam_kernel, call->grid, dim3(THREADS), stream, call_of(call));
}
