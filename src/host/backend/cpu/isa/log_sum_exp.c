/* log_sum_exp: log Σ e^x over runs of elements, the largest taken out first. */
#include "backend/cpu/isa/level.h"
#include "backend/cpu/isa/row_sum.h"
#include "backend/cpu/isa/simd_math.h"

/* Short runs are taken several at a time, so that the loops of exp and log are long. */
enum { TILE = 1024, PARALLEL_ELEMENTS = 2048 };

/* NaN counts for nothing here. */
static float find_largest(const float *x, int64_t count)
{
    float lanes[ROW_LANES], largest = -INFINITY;
    for (int k = 0; k < ROW_LANES; ++k)
        lanes[k] = -INFINITY;
    int64_t at = 0;
    for (; at + ROW_LANES <= count; at += ROW_LANES) {
#pragma omp simd
        for (int k = 0; k < ROW_LANES; ++k)
            lanes[k] = x[at + k] > lanes[k] ? x[at + k] : lanes[k];
    }
    for (; at < count; ++at)
        largest = x[at] > largest ? x[at] : largest;
    for (int k = 0; k < ROW_LANES; ++k)
        largest = lanes[k] > largest ? lanes[k] : largest;
    return largest;
}

static void shift_by(const float *x, float shift, float *y, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        y[i] = x[i] - shift;
}

static void exponentiate(float *x, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        x[i] = simd_exp(x[i]);
}

static void take_logarithms(const float *sums, const float *shifts, float *y, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        y[i] = shifts[i] + simd_log_any(sums[i]);
}

/* Σ e^(x - shift) of a run that is longer than a tile. */
static double sum_long(const float *x, float shift, int64_t count)
{
    float tile[TILE];
    double sum = 0.0;
    for (int64_t at = 0; at < count; at += TILE) {
        const int64_t size = count - at < TILE ? count - at : TILE;
        shift_by(x + at, shift, tile, size);
        exponentiate(tile, size);
        sum += vae_cpu_row_sum(tile, size);
    }
    return sum;
}

/* Up to TILE elements, or one run. Infinity is not taken out; where all are -∞, or NaN, their sum says which, as an
 * exponential is never quite 0. */
static void run_tile(const float *x, int64_t runs, int64_t count, float *y)
{
    float tile[TILE], shifts[TILE], sums[TILE];
    for (int64_t r = 0; r < runs; ++r) {
        const float largest = find_largest(x + r * count, count);
        shifts[r] = largest < INFINITY && largest > -INFINITY ? largest : 0.0f;
        sums[r] = largest == -INFINITY ? (float)vae_cpu_row_sum(x + r * count, count) : 0.0f;
        if (count <= TILE) shift_by(x + r * count, shifts[r], tile + r * count, count);
    }
    if (count <= TILE) exponentiate(tile, runs * count);
    for (int64_t r = 0; r < runs; ++r) {
        const double sum =
            count <= TILE ? vae_cpu_row_sum(tile + r * count, count) : sum_long(x + r * count, shifts[r], count);
        sums[r] = sums[r] == -INFINITY ? 0.0f : sums[r] + (float)sum;
    }
    take_logarithms(sums, shifts, y, runs);
}

static vae_status run(vae_call *call)
{
    const int64_t count = call->op->attributes.group.count;
    const int64_t runs = vae_shape_elements(vae_call_output_shape(call, 0));
    const int64_t together = count < TILE ? TILE / count : 1;
    const float *x = call->inputs[0];
    float *y = call->outputs[0];
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads) if (runs * count >= PARALLEL_ELEMENTS)
    for (int64_t first = 0; first < runs; first += together)
        run_tile(x + first * count, runs - first < together ? runs - first : together, count, y + first);
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_log_sum_exp) = {.run = run};
