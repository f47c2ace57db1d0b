/* Factors in place, in the lower triangle; solves by substitution; sums logarithms for the determinant. */
#include "core/cholesky.h"

#include <math.h>

static double dot(const double *a, const double *b, int64_t count)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; ++i)
        sum += a[i] * b[i];
    return sum;
}

bool vae_cholesky_factor(double *a, int64_t n)
{
    for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < i; ++j)
            a[i * n + j] = (a[i * n + j] - dot(a + i * n, a + j * n, j)) / a[j * n + j];
        const double rest = a[i * n + i] - dot(a + i * n, a + i * n, i);
        if (!(rest > 0.0 && rest < INFINITY)) return false;
        a[i * n + i] = sqrt(rest);
    }
    return true;
}

void vae_cholesky_solve(const double *factor, int64_t n, double *x)
{
    for (int64_t i = 0; i < n; ++i)
        x[i] = (x[i] - dot(factor + i * n, x, i)) / factor[i * n + i];
    for (int64_t i = n - 1; i >= 0; --i) {
        x[i] /= factor[i * n + i];
        for (int64_t j = 0; j < i; ++j)
            x[j] -= factor[i * n + j] * x[i];
    }
}

double vae_cholesky_log_determinant(const double *factor, int64_t n)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; ++i)
        sum += log(factor[i * n + i]);
    return 2.0 * sum;
}
