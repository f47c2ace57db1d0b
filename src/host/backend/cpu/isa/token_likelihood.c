/* token_likelihood: a softmax for each step of a sequence that counts. A step's logits come from memory once, and go
 * through the thread's own cache tile by tile: the exponentials of a tile are by its own largest logit, and what they
 * lack to the step's is made good when the sum is known. */
#include <math.h>
#include <string.h>

#include "backend/check.h"
#include "backend/cpu/isa/sequence_steps.h"
#include "backend/cpu/isa/simd_math.h"

/* A step has tiles of 2048 logits, or where that would be more than there may be, of more. Steps go to threads in small
 * groups, as those at the end of the batch are padding, and cost little. */
enum { TILE = 2048, MOST_TILES = 256, LANES = 64, GROUP = 4 };

/* NaN counts for nothing here: its exponential says it. */
static float find_largest(const float *x, int64_t count)
{
    float lanes[LANES], largest = x[0];
    for (int k = 0; k < LANES; ++k)
        lanes[k] = x[0];
    int64_t at = 0;
    for (; at + LANES <= count; at += LANES) {
#pragma omp simd
        for (int k = 0; k < LANES; ++k)
            lanes[k] = x[at + k] > lanes[k] ? x[at + k] : lanes[k];
    }
#pragma omp simd reduction(max : largest)
    for (int64_t i = at; i < count; ++i)
        largest = x[i] > largest ? x[i] : largest;
#pragma omp simd reduction(max : largest)
    for (int k = 0; k < LANES; ++k)
        largest = lanes[k] > largest ? lanes[k] : largest;
    return largest;
}

static float sum_exponentials(const float *x, float largest, int64_t count)
{
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; ++i)
        sum += simd_exp(x[i] - largest);
    return sum;
}

/* The same, which are kept; they may take the place of x. */
static float keep_exponentials(const float *x, float largest, float *y, int64_t count)
{
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; ++i) {
        const float e = simd_exp(x[i] - largest);
        y[i] = e;
        sum += e;
    }
    return sum;
}

static void multiply(float *x, float factor, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        x[i] *= factor;
}

/* The logits of a step. */
typedef struct softmax {
    int64_t count, tile, tiles;
    double shares[MOST_TILES]; /* of each tile's exponentials in the sum: e^(its largest - largest) */
    float largest;
    double sum; /* Σ e^(x - largest) */
} softmax;

static int64_t tile_size(const softmax *s, int64_t t)
{
    return s->count - t * s->tile < s->tile ? s->count - t * s->tile : s->tile;
}

/* `kept`, unless NULL, gets e^(x - the tile's largest); it may be x. */
static void sum_tiles(softmax *s, const float *x, float *kept)
{
    float sums[MOST_TILES], largest_of[MOST_TILES];
    s->largest = -INFINITY;
    for (int64_t t = 0; t < s->tiles; ++t) {
        const float *own = x + t * s->tile;
        const int64_t size = tile_size(s, t);
        const float largest = find_largest(own, size);
        sums[t] =
            kept ? keep_exponentials(own, largest, kept + t * s->tile, size) : sum_exponentials(own, largest, size);
        largest_of[t] = largest;
        s->largest = largest > s->largest ? largest : s->largest;
    }
    s->sum = 0.0;
    for (int64_t t = 0; t < s->tiles; ++t) {
        s->shares[t] = exp((double)largest_of[t] - (double)s->largest);
        s->sum += (double)sums[t] * s->shares[t];
    }
}

/* log p of a target, and the gradient times weight unless that is NULL. */
static double run_step(const float *logits, int64_t target, int64_t count, float weight, float *gradient)
{
    const int64_t least = (count + MOST_TILES - 1) / MOST_TILES, tile = least > TILE ? least : TILE;
    softmax s;
    s.count = count;
    s.tile = tile;
    s.tiles = (count + tile - 1) / tile;
    const float logit = logits[target];
    sum_tiles(&s, logits, gradient);
    for (int64_t t = 0; gradient && t < s.tiles; ++t)
        multiply(gradient + t * s.tile, (float)(-(double)weight * s.shares[t] / s.sum), tile_size(&s, t));
    if (gradient) gradient[target] += weight;
    return (double)(logit - s.largest) - log(s.sum);
}

static vae_status check_targets(const vae_call *call, int64_t rows, int64_t count, int64_t vocabulary)
{
    const float *targets = call->inputs[1], *lengths = call->inputs[2];
    for (int64_t i = 0; i < count; ++i) {
        if ((float)(i / rows) < lengths[i % rows])
            VAE_TRY(vae_check_token((double)targets[i], i / rows, i % rows, vocabulary));
    }
    return VAE_OK;
}

static vae_status run(vae_call *call)
{
    const int64_t rows = vae_call_input_shape(call, 2)->size[0], count = vae_call_input_shape(call, 0)->size[0];
    const int64_t vocabulary = vae_shape_columns(vae_call_input_shape(call, 0));
    const float *logits = call->inputs[0], *targets = call->inputs[1], *lengths = call->inputs[2];
    const float *row_weight = call->inputs[3];
    const float weight = (float)vae_weight_value(call->op->attributes.token_likelihood.weight, call->step);
    float *gradient = call->outputs[1];
    double *steps = call->state;
    const int threads = vae_call_threads(call);
    VAE_TRY(check_targets(call, rows, count, vocabulary));
#pragma omp parallel for schedule(static, GROUP) num_threads(threads)
    for (int64_t i = 0; i < count; ++i) {
        const int64_t row = i % rows;
        float *own = gradient ? gradient + i * vocabulary : NULL;
        const bool counts = (float)(i / rows) < lengths[row];
        steps[i] = 0.0;
        if (counts) {
            steps[i] = run_step(logits + i * vocabulary, (int64_t)targets[i], vocabulary,
                                row_weight ? weight * row_weight[row] : weight, own);
        } else if (own) {
            memset(own, 0, (size_t)vocabulary * sizeof *own);
        }
    }
    vae_cpu_steps_add_up(call, call->outputs[0]);
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_token_likelihood) = {vae_cpu_steps_prepare, run, vae_cpu_steps_release};
