/* Cholesky's factorisation of small dense matrices, in double. */
#ifndef VAE_CORE_CHOLESKY_H
#define VAE_CORE_CHOLESKY_H

#include <stdbool.h>
#include <stdint.h>

/* Replaces the lower triangle of the symmetric matrix a [n, n] by L with a = L·Lᵀ; the upper one is neither read nor
 * written. False, with a undefined, unless the matrix is positive definite. */
bool vae_cholesky_factor(double *a, int64_t n);
/* x [n] becomes a⁻¹·x, a being the matrix that was factored. */
void vae_cholesky_solve(const double *factor, int64_t n, double *x);
/* log det a. */
double vae_cholesky_log_determinant(const double *factor, int64_t n);

#endif
