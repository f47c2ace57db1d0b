/* Adam in one pass, which also gives the gradient's norm; clipping, which needs the norm first, takes one more pass. */
#include <math.h>
#include <stdlib.h>

#include "backend/cpu/isa/level.h"

/* Partial sums of the squared gradient are taken over pieces of this size, whatever the thread count. */
enum { PIECE = 8192 };

enum { BLOCK = 64, PREFETCH_DISTANCE = 256 };

typedef struct adam_scalars {
    float beta1, beta2, step_size, root_correction, epsilon, decay;
    float limit; /* of each gradient, infinite where they are not clipped by value */
    float gradient_scale;
} adam_scalars;

typedef struct adam_arrays {
    float *parameter, *first, *second;
    const float *gradient;
    uint16_t *shadow;
} adam_arrays;

/* The state is one sum per piece. */
static vae_status prepare(vae_call *call)
{
    const int64_t pieces = (vae_adam_count(call->store->layout, call->op) + PIECE - 1) / PIECE;
    call->state = calloc((size_t)pieces + 1, sizeof(double));
    if (!call->state) return vae_error_set(VAE_ERROR_MEMORY, "adam: out of memory");
    return VAE_OK;
}

static void release(vae_call *call)
{
    free(call->state);
}

/* NaN stays. */
static inline float within(float limit, float value)
{
    const float above = value > limit ? limit : value;
    return above < -limit ? -limit : above;
}

static double sum_of_squares(const float *restrict gradients, float limit, int64_t count)
{
    double total = 0.0;
    for (int64_t block = 0; block < count; block += BLOCK) {
        const int64_t end = block + BLOCK < count ? block + BLOCK : count;
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = block; i < end; ++i) {
            const float gradient = within(limit, gradients[i]);
            sum += gradient * gradient;
        }
        total += (double)sum;
    }
    return total;
}

/* Four arrays stream through the caches; asking for them this far ahead halves the time. */
static void prefetch_block(const float *parameters, const float *firsts, const float *seconds, const float *gradients)
{
    for (int line = 0; line < BLOCK; line += 16) {
        __builtin_prefetch(parameters + line, 1);
        __builtin_prefetch(firsts + line, 1);
        __builtin_prefetch(seconds + line, 1);
        __builtin_prefetch(gradients + line, 0);
    }
}

/* Updates `count` numbers and gives their Σ gradient², so that the norm costs no pass of its own. `ahead` is how many
 * may be read from the start on. Kept out of line: inlined, it loses `restrict`, and with it three quarters of its
 * speed. */
__attribute__((noinline)) static double update_piece(float *restrict parameters, float *restrict firsts,
                                                     float *restrict seconds, const float *restrict gradients,
                                                     adam_scalars s, int64_t count, int64_t ahead)
{
    double total = 0.0;
    for (int64_t block = 0; block < count; block += BLOCK) {
        const int64_t end = block + BLOCK < count ? block + BLOCK : count;
        const int64_t next = block + PREFETCH_DISTANCE;
        if (next + BLOCK <= ahead) prefetch_block(parameters + next, firsts + next, seconds + next, gradients + next);
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = block; i < end; ++i) {
            const float raw = within(s.limit, gradients[i]);
            const float gradient = raw * s.gradient_scale;
            const float first = s.beta1 * firsts[i] + (1.0f - s.beta1) * gradient;
            const float second = s.beta2 * seconds[i] + (1.0f - s.beta2) * gradient * gradient;
            firsts[i] = first;
            seconds[i] = second;
            parameters[i] =
                s.decay * parameters[i] - s.step_size * first / (sqrtf(second) * s.root_correction + s.epsilon);
            sum += raw * raw;
        }
        total += (double)sum;
    }
    return total;
}

static double sum_of_pieces(const double *sums, int64_t count)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; ++i)
        sum += sums[i];
    return sum;
}

/* √Σ gradient², in a pass of its own: clipping needs it before the first update. */
static double gradient_norm(const vae_call *call, const float *gradient, float limit, int64_t elements, int threads)
{
    double *sums = call->state;
    const int64_t pieces = (elements + PIECE - 1) / PIECE;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t p = 0; p < pieces; ++p) {
        const int64_t begin = p * PIECE;
        const int64_t end = begin + PIECE < elements ? begin + PIECE : elements;
        sums[p] = sum_of_squares(gradient + begin, limit, end - begin);
    }
    return sqrt(sum_of_pieces(sums, pieces));
}

static adam_scalars scalars_of(const vae_call *call)
{
    const double beta1 = call->op->attributes.adam.beta1, beta2 = call->op->attributes.adam.beta2;
    const double step = (double)call->step->adam_step, rate = call->step->learning_rate;
    const double limit = call->op->attributes.adam.clip_value;
    return (adam_scalars){
        .beta1 = (float)beta1,
        .beta2 = (float)beta2,
        .step_size = (float)(rate / (1.0 - pow(beta1, step))),
        .root_correction = (float)(1.0 / sqrt(1.0 - pow(beta2, step))),
        .epsilon = (float)call->op->attributes.adam.epsilon,
        .decay = (float)(1.0 - rate * call->op->attributes.adam.weight_decay),
        .limit = limit > 0.0 ? (float)limit : INFINITY,
        .gradient_scale = 1.0f,
    };
}

static double update_all(const vae_call *call, adam_arrays arrays, adam_scalars scalars, int threads)
{
    double *sums = call->state;
    const int64_t elements = vae_adam_count(call->store->layout, call->op);
    const int64_t pieces = (elements + PIECE - 1) / PIECE;
    const vae_cpu_isa *isa = &VAE_ISA_NAME(vae_cpu_isa);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t p = 0; p < pieces; ++p) {
        const int64_t begin = p * PIECE;
        const int64_t end = begin + PIECE < elements ? begin + PIECE : elements;
        sums[p] = update_piece(arrays.parameter + begin, arrays.first + begin, arrays.second + begin,
                               arrays.gradient + begin, scalars, end - begin, elements - begin);
        if (arrays.shadow) isa->round_bf16(arrays.parameter + begin, arrays.shadow + begin, end - begin, 1);
    }
    return sqrt(sum_of_pieces(sums, pieces));
}

static vae_status run(vae_call *call)
{
    if (!vae_metrics_finite(call->metrics)) return VAE_OK;
    const vae_store *store = call->store;
    const int64_t begin = call->op->attributes.adam.first;
    const adam_arrays arrays = {
        .parameter = (float *)store->arenas[VAE_ARENA_PARAMETERS] + begin,
        .first = (float *)store->arenas[VAE_ARENA_FIRST_MOMENT] + begin,
        .second = (float *)store->arenas[VAE_ARENA_SECOND_MOMENT] + begin,
        .gradient = (float *)store->arenas[VAE_ARENA_GRADIENTS] + begin,
        .shadow = store->shadow ? store->shadow + begin : NULL,
    };
    const int threads = vae_call_threads(call);
    const double clip = call->op->attributes.adam.clip_norm;
    adam_scalars scalars = scalars_of(call);
    double norm;
    if (clip > 0.0) {
        norm = gradient_norm(call, arrays.gradient, scalars.limit, vae_adam_count(store->layout, call->op), threads);
        if (norm > clip) scalars.gradient_scale = (float)(clip / norm);
        update_all(call, arrays, scalars, threads);
    } else {
        norm = update_all(call, arrays, scalars, threads);
    }
    call->metrics[VAE_METRIC_GRADIENT_NORM] += norm;
    call->metrics[VAE_METRIC_STEPS] += 1.0;
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_adam) = {prepare, run, release};
