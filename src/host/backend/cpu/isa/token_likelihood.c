/* token_likelihood: a softmax for each step of a sequence that counts. A step's logits come from memory once: they stay
 * in the thread's own cache until the gradient has taken their place. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/check.h"
#include "backend/cpu/isa/level.h"
#include "backend/cpu/isa/simd_math.h"

/* Float sums are folded into a double after so many numbers. Steps go to threads in small groups, as those at the end
 * of the batch are padding, and cost little. */
enum { TILE = 1024, GROUP = 4 };

static vae_status prepare(vae_call *call)
{
    const int64_t count = vae_call_input_shape(call, 0)->size[0];
    call->state = calloc((size_t)count, sizeof(double));
    return call->state ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "out of memory");
}

static void release(vae_call *call)
{
    free(call->state);
}

static float find_largest(const float *x, int64_t count)
{
    float largest = x[0];
#pragma omp simd reduction(max : largest)
    for (int64_t i = 0; i < count; ++i)
        largest = x[i] > largest ? x[i] : largest;
    return largest;
}

static double sum_exponentials(const float *x, float largest, int64_t count)
{
    double total = 0.0;
    for (int64_t first = 0; first < count; first += TILE) {
        const int64_t end = count - first < TILE ? count : first + TILE;
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = first; i < end; ++i)
            sum += simd_exp(x[i] - largest);
        total += (double)sum;
    }
    return total;
}

/* The same, which are kept; they may take the place of x. */
static double keep_exponentials(const float *x, float largest, float *y, int64_t count)
{
    double total = 0.0;
    for (int64_t first = 0; first < count; first += TILE) {
        const int64_t end = count - first < TILE ? count : first + TILE;
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = first; i < end; ++i) {
            const float e = simd_exp(x[i] - largest);
            y[i] = e;
            sum += e;
        }
        total += (double)sum;
    }
    return total;
}

static void multiply(float *x, float factor, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        x[i] *= factor;
}

/* log p of a target, and the gradient times weight unless that is NULL. */
static double run_step(const float *logits, int64_t target, int64_t count, float weight, float *gradient)
{
    const float largest = find_largest(logits, count), logit = logits[target];
    const double sum =
        gradient ? keep_exponentials(logits, largest, gradient, count) : sum_exponentials(logits, largest, count);
    if (gradient) {
        multiply(gradient, (float)(-(double)weight / sum), count);
        gradient[target] += weight;
    }
    return (double)(logit - largest) - log(sum);
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

/* In the order of the steps. */
static void add_up(const double *steps, int64_t rows, int64_t count, float *ll)
{
    for (int64_t row = 0; row < rows; ++row) {
        double sum = 0.0;
        for (int64_t i = row; i < count; i += rows)
            sum += steps[i];
        ll[row] = (float)sum;
    }
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
    if (call->outputs[0]) add_up(steps, rows, count, call->outputs[0]);
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_token_likelihood) = {prepare, run, release};
