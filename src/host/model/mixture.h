/* A Gaussian mixture over codes, an estimate of the aggregate posterior q(z) = E_x[q(z|x)], to sample from. */
#ifndef VAE_MODEL_MIXTURE_H
#define VAE_MODEL_MIXTURE_H

#include <stdint.h>

#include "core/error.h"

typedef struct vae_mixture {
    int64_t components, latent;
    double *weights;     /* [components], their sum 1; the allocation that the next three lie in, owned */
    double *log_heights; /* [components]: log(weight × density at the mean) */
    double *means;       /* [components, latent] */
    double *factors;     /* [components, latent, latent]: lower triangles L, the covariances being L·Lᵀ */
    int64_t iterations;
    double log_density; /* mean over the codes it was fitted to, in nats */
} vae_mixture;

typedef struct vae_mixture_options {
    int64_t components;
    int64_t iterations;    /* at most */
    double tolerance;      /* stops where the mean log density rises by less, in nats */
    double regularisation; /* added to the diagonals of covariances */
    uint64_t seed;
    int threads; /* 0: all */
} vae_mixture_options;

/* 100 iterations at most, tolerance 1e-3, regularisation 1e-6. */
vae_mixture_options vae_mixture_defaults(int64_t components, uint64_t seed);

/* Fits by expectation maximisation (Dempster, Laird & Rubin 1977) with full covariances, in double, starting from
 * k-means after k-means++ (Arthur & Vassilvitskii 2007) at (seed, VAE_STREAM_MIXTURE, 0). codes [count, latent]. The
 * same input gives the same result, for any number of threads. VAE_ERROR_ARGUMENT for fewer codes than components or
 * none, VAE_ERROR_NUMERIC for codes that no mixture can be fitted to, VAE_ERROR_MEMORY. */
vae_status vae_mixture_fit(const float *codes, int64_t count, int64_t latent, const vae_mixture_options *options,
                           vae_mixture *mixture);
/* Also of a zeroed mixture. */
void vae_mixture_free(vae_mixture *mixture);

/* Rows first … first + count - 1 of a sample, codes [count, latent]: row i takes its component at (seed,
 * VAE_STREAM_MIXTURE, 1, i) and is mean + temperature × L × normals at (seed, VAE_STREAM_MIXTURE, 2): a function of
 * seed and row, whatever count is. VAE_ERROR_MEMORY. */
vae_status vae_mixture_sample(const vae_mixture *mixture, uint64_t seed, double temperature, int64_t first,
                              int64_t count, float *codes);

#endif
