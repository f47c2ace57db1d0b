/* log_sum_exp: log Σ e^x over runs of elements, the largest taken out first. */
#include "backend/cpu/isa/level.h"
#include "backend/cpu/isa/row_sum.h"
#include "backend/cpu/isa/simd_math.h"

enum { PARALLEL_ELEMENTS = 2048, PIECE = 1024 };

/* NaN counts for nothing here. */
static float find_largest(const float *x, int64_t count)
{
    float largest = -INFINITY;
#pragma omp simd reduction(max : largest)
    for (int64_t i = 0; i < count; ++i)
        largest = x[i] > largest ? x[i] : largest;
    return largest;
}

static void exponentials(const float *x, float shift, float *y, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        y[i] = simd_exp(x[i] - shift);
}

static float log_sum_exp(const float *x, int64_t count)
{
    const float largest = find_largest(x, count);
    if (largest == -INFINITY) return (float)vae_cpu_row_sum(x, count); /* that, or NaN */
    const float shift = isinf(largest) ? 0.0f : largest;
    float piece[PIECE];
    double sum = 0.0;
    for (int64_t at = 0; at < count; at += PIECE) {
        const int64_t size = count - at < PIECE ? count - at : PIECE;
        exponentials(x + at, shift, piece, size);
        sum += vae_cpu_row_sum(piece, size);
    }
    return (float)((double)shift + log(sum));
}

static vae_status run(vae_call *call)
{
    const int64_t count = call->op->attributes.group.count;
    const int64_t groups = vae_shape_elements(vae_call_output_shape(call, 0));
    const float *x = call->inputs[0];
    float *y = call->outputs[0];
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads) if (groups * count >= PARALLEL_ELEMENTS)
    for (int64_t g = 0; g < groups; ++g)
        y[g] = log_sum_exp(x + g * count, count);
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_log_sum_exp) = {.run = run};
