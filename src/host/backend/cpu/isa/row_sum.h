/* The sum of a run of floats, four of which are added up before they go into a double. */
#ifndef VAE_BACKEND_CPU_ISA_ROW_SUM_H
#define VAE_BACKEND_CPU_ISA_ROW_SUM_H

#include <stdint.h>

static inline double vae_cpu_row_sum(const float *x, int64_t count)
{
    const int64_t quarter = count / 4;
    const float *x1 = x + quarter, *x2 = x1 + quarter, *x3 = x2 + quarter;
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < quarter; ++i)
        sum += (double)((x[i] + x1[i]) + (x2[i] + x3[i]));
    for (int64_t i = 4 * quarter; i < count; ++i)
        sum += (double)x[i];
    return sum;
}

#endif
