/* The sum of a run of floats: side by side in lanes of double, where long runs add up four floats before each. */
#ifndef VAE_BACKEND_CPU_ISA_ROW_SUM_H
#define VAE_BACKEND_CPU_ISA_ROW_SUM_H

#include <stdint.h>

enum { ROW_LANES = 16 };

/* Σ x; the last numbers, fewer than lanes, are read with some of those before them, which count as 0. */
static inline double vae_cpu_row_sum(const float *x, int64_t count)
{
    double lanes[ROW_LANES] = {0.0};
    int64_t at = 0;
    for (; at + 4 * ROW_LANES <= count; at += 4 * ROW_LANES) {
        const float *x0 = x + at, *x1 = x0 + ROW_LANES, *x2 = x1 + ROW_LANES, *x3 = x2 + ROW_LANES;
#pragma omp simd
        for (int k = 0; k < ROW_LANES; ++k)
            lanes[k] += (double)((x0[k] + x1[k]) + (x2[k] + x3[k]));
    }
    for (; at + ROW_LANES <= count; at += ROW_LANES) {
#pragma omp simd
        for (int k = 0; k < ROW_LANES; ++k)
            lanes[k] += (double)x[at + k];
    }
    if (at < count && at > 0) {
        const int counted = (int)(at + ROW_LANES - count);
        const float *last = x + count - ROW_LANES;
#pragma omp simd
        for (int k = 0; k < ROW_LANES; ++k)
            lanes[k] += k < counted ? 0.0 : (double)last[k];
    }
    for (; at == 0 && at < count; ++x, --count)
        lanes[0] += (double)*x;
    for (int half = ROW_LANES / 2; half > 0; half /= 2)
        for (int k = 0; k < half; ++k)
            lanes[k] += lanes[half + k];
    return lanes[0];
}

#endif
