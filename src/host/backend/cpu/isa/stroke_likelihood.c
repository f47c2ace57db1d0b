/* stroke_likelihood: several steps at a time, so that loops run over all their components. */
#include <math.h>
#include <string.h>

#include "backend/check.h"
#include "backend/cpu/isa/sequence_steps.h"
#include "backend/cpu/isa/simd_math.h"
#include "program/stroke.h"

/* Components of a tile: of as many steps as fit. */
enum { TILE = 1024, MOST_STEPS = 64 };

/* Of the steps of a tile, those whose offsets count, and all their components, side by side. What is read of a
 * component makes room for what becomes of it: the parts for the derivatives of log N, the log weights for e^ of them.
 */
typedef struct tile {
    int64_t mixtures;
    int steps;              /* whose offsets count */
    int64_t at[MOST_STEPS]; /* which they are */
    float parts[VAE_STROKE_PARTS][TILE];
    float dx[TILE], dy[TILE]; /* of the target, for each component */
    float terms[TILE];        /* log weight + log N; then e^ of it */
    float largest_weight[MOST_STEPS], largest_term[MOST_STEPS];
} tile;

typedef struct stroke_call {
    const float *prediction, *targets, *lengths, *row_weight;
    float *gradient;
    double *steps;
    int64_t rows, count, mixtures, columns;
    float weight;
    bool published;
} stroke_call;

/* ---- Offsets ---- */

static void load_step(const stroke_call *call, int64_t i, tile *t)
{
    const int64_t at = t->steps * t->mixtures;
    const float *target = call->targets + i * VAE_STROKE_NUMBERS;
    for (int p = 0; p < VAE_STROKE_PARTS; ++p) {
        memcpy(t->parts[p] + at, call->prediction + i * call->columns + p * t->mixtures,
               (size_t)t->mixtures * sizeof(float));
    }
    for (int64_t k = 0; k < t->mixtures; ++k) {
        t->dx[at + k] = target[0];
        t->dy[at + k] = target[1];
    }
    t->at[t->steps++] = i;
}

/* log N, and its derivatives in the places of the parts. With ρ = tanh a, strokes along a line have 1 - |ρ| ("rest")
 * near 0, so nothing is subtracted from |ρ|: x - ρy is (x - |ρ|y) + rest·y where ρ > 0, and 1 - ρ² is rest·(2 - rest),
 * of which 1 / (2 - rest) is `half` of 1 + e^-2|a|. */
static void run_components(tile *t)
{
    const float log_two_pi = 1.8378770664093453f;
    float *restrict mean_x = t->parts[VAE_STROKE_MEAN_X], *restrict mean_y = t->parts[VAE_STROKE_MEAN_Y];
    float *restrict log_x = t->parts[VAE_STROKE_LOG_DEVIATION_X], *restrict log_y =
                                                                      t->parts[VAE_STROKE_LOG_DEVIATION_Y];
    float *restrict slant = t->parts[VAE_STROKE_CORRELATION], *restrict terms = t->terms;
    const float *restrict log_weights = t->parts[VAE_STROKE_LOG_WEIGHT];
    const int64_t count = t->steps * t->mixtures;
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
        const float inverse_x = simd_exp(-log_x[i]), inverse_y = simd_exp(-log_y[i]);
        const float x = (t->dx[i] - mean_x[i]) * inverse_x, y = (t->dy[i] - mean_y[i]) * inverse_y;
        const float sign = slant[i] < 0.0f ? -1.0f : 1.0f, magnitude = fabsf(slant[i]);
        const float e = simd_exp(-2.0f * magnitude), half = 0.5f * (1.0f + e);
        const float rest = e / half, correlation = 1.0f - rest;
        const float log_rest = 1.3862943611198906f - 2.0f * magnitude - 2.0f * simd_log1p(e);
        const float along = sign * y, apart = x - along, far = apart / rest;
        const float by_x = (far + along) * half, by_y = sign * (x - far) * half;
        const float square = (apart * far + 2.0f * x * along) * half;
        terms[i] = log_weights[i] - log_two_pi - log_x[i] - log_y[i] - 0.5f * (log_rest + square);
        mean_x[i] = by_x * inverse_x;
        mean_y[i] = by_y * inverse_y;
        log_x[i] = by_x * x - 1.0f;
        log_y[i] = by_y * y - 1.0f;
        slant[i] = sign * (correlation + (rest * x * along - correlation * apart * far) * half);
    }
}

/* The largest of a step's numbers is taken out of them. */
static float take_largest(float *x, int64_t count)
{
    float largest = x[0];
#pragma omp simd reduction(max : largest)
    for (int64_t k = 0; k < count; ++k)
        largest = x[k] > largest ? x[k] : largest;
#pragma omp simd
    for (int64_t k = 0; k < count; ++k)
        x[k] -= largest;
    return largest;
}

static void exponentiate(float *x, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        x[i] = simd_exp(x[i]);
}

static float sum_of(const float *x, int64_t count)
{
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < count; ++k)
        sum += x[k];
    return sum;
}

/* The gradient of step s of the tile: shares are terms / sum, weights likewise. */
static void write_gradient(const tile *t, int s, float weight, float term_sum, float weight_sum, float *gradient)
{
    const int64_t mixtures = t->mixtures, at = s * mixtures;
    const float by_term = weight / term_sum, by_weight = weight / weight_sum;
    for (int p = VAE_STROKE_MEAN_X; p < VAE_STROKE_PARTS; ++p) {
#pragma omp simd
        for (int64_t k = 0; k < mixtures; ++k)
            gradient[p * mixtures + k] = by_term * t->terms[at + k] * t->parts[p][at + k];
    }
#pragma omp simd
    for (int64_t k = 0; k < mixtures; ++k)
        gradient[k] = by_term * t->terms[at + k] - by_weight * t->parts[VAE_STROKE_LOG_WEIGHT][at + k];
}

static float weight_of(const stroke_call *call, int64_t i)
{
    return call->row_weight ? call->weight * call->row_weight[i % call->rows] : call->weight;
}

static void run_offsets(const stroke_call *call, tile *t)
{
    const int64_t count = t->steps * t->mixtures;
    float *log_weights = t->parts[VAE_STROKE_LOG_WEIGHT];
    run_components(t);
    for (int s = 0; s < t->steps; ++s) {
        t->largest_term[s] = take_largest(t->terms + s * t->mixtures, t->mixtures);
        t->largest_weight[s] = take_largest(log_weights + s * t->mixtures, t->mixtures);
    }
    exponentiate(t->terms, count);
    exponentiate(log_weights, count);
    for (int s = 0; s < t->steps; ++s) {
        const float term_sum = sum_of(t->terms + s * t->mixtures, t->mixtures);
        const float weight_sum = sum_of(log_weights + s * t->mixtures, t->mixtures);
        const int64_t i = t->at[s];
        double part = 1.0, value = (double)t->largest_term[s] - (double)t->largest_weight[s] + log((double)term_sum) -
                                   log((double)weight_sum);
        if (call->published) value = vae_stroke_log_density(value, &part);
        call->steps[i] += value;
        if (!call->gradient) continue;
        write_gradient(t, s, weight_of(call, i) * (float)part, term_sum, weight_sum,
                       call->gradient + i * call->columns);
    }
}

/* ---- Pens ---- */

static double run_pen(const float *logits, const float *target, float weight, float *gradient)
{
    float largest = logits[0], e[VAE_PEN_STATES], sum = 0.0f, own = 0.0f;
    for (int s = 0; s < VAE_PEN_STATES; ++s) {
        largest = logits[s] > largest ? logits[s] : largest;
        own = target[s] > 0.0f ? logits[s] : own;
    }
    for (int s = 0; s < VAE_PEN_STATES; ++s) {
        e[s] = simd_exp(logits[s] - largest);
        sum += e[s];
    }
    for (int s = 0; gradient && s < VAE_PEN_STATES; ++s)
        gradient[s] = weight * (target[s] - e[s] / sum);
    return (double)(own - largest) - log((double)sum);
}

/* ---- Steps ---- */

static bool counts(const stroke_call *call, int64_t i)
{
    return (float)(i / call->rows) < call->lengths[i % call->rows];
}

static bool pen_counts(const stroke_call *call, int64_t i)
{
    return counts(call, i) || (call->published && call->lengths[i % call->rows] > 0.0f);
}

/* Offsets last, as the gradient may take the place of what pens read. */
static void run_tile(const stroke_call *call, int64_t begin, int64_t end)
{
    tile t;
    t.mixtures = call->mixtures;
    t.steps = 0;
    const int64_t pen = VAE_STROKE_PARTS * call->mixtures;
    for (int64_t i = begin; i < end; ++i) {
        const float *target = call->targets + i * VAE_STROKE_NUMBERS;
        const bool has_offset = counts(call, i) && target[VAE_STROKE_END] == 0.0f, has_pen = pen_counts(call, i);
        float *gradient = call->gradient ? call->gradient + i * call->columns : NULL;
        call->steps[i] = 0.0;
        if (has_offset) load_step(call, i, &t);
        if (has_pen) {
            call->steps[i] = run_pen(call->prediction + i * call->columns + pen, target + VAE_STROKE_DOWN,
                                     weight_of(call, i), gradient ? gradient + pen : NULL);
        }
        if (gradient && !has_offset) memset(gradient, 0, (size_t)pen * sizeof *gradient);
        if (gradient && !has_pen) memset(gradient + pen, 0, VAE_PEN_STATES * sizeof *gradient);
    }
    if (t.steps > 0) run_offsets(call, &t);
}

static vae_status check_pens(const stroke_call *call)
{
    for (int64_t i = 0; i < call->count; ++i) {
        const float *pen = call->targets + i * VAE_STROKE_NUMBERS + VAE_STROKE_DOWN;
        if (!pen_counts(call, i)) continue;
        VAE_TRY(vae_check_pen((double)pen[0], (double)pen[1], (double)pen[2], i / call->rows, i % call->rows));
    }
    return VAE_OK;
}

static vae_status run(vae_call *call)
{
    const vae_shape *shape = vae_call_input_shape(call, 0);
    const stroke_call own = {
        .prediction = call->inputs[0],
        .targets = call->inputs[1],
        .lengths = call->inputs[2],
        .row_weight = call->inputs[3],
        .gradient = call->outputs[1],
        .steps = call->state,
        .rows = vae_call_input_shape(call, 2)->size[0],
        .count = shape->size[0],
        .mixtures = call->op->attributes.stroke_likelihood.mixtures,
        .columns = vae_shape_columns(shape),
        .weight = (float)vae_weight_value(call->op->attributes.stroke_likelihood.weight, call->step),
        .published = call->op->attributes.stroke_likelihood.published,
    };
    const int64_t fit = TILE / own.mixtures, together = fit < MOST_STEPS ? fit : MOST_STEPS;
    const int threads = vae_call_threads(call);
    VAE_TRY(check_pens(&own));
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int64_t first = 0; first < own.count; first += together)
        run_tile(&own, first, own.count - first < together ? own.count : first + together);
    vae_cpu_steps_add_up(call, call->outputs[0]);
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_stroke_likelihood) = {vae_cpu_steps_prepare, run, vae_cpu_steps_release};
