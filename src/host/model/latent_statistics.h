/* What a model does with each dimension of its code: sums over a data set, streamed in double. */
#ifndef VAE_MODEL_LATENT_STATISTICS_H
#define VAE_MODEL_LATENT_STATISTICS_H

#include <stdint.h>

#include "core/error.h"

/* A dimension is active where the posterior's mean varies by more than this over the data: Var_x(E[z|x]) > 0.01 (Burda,
 * Grosse & Salakhutdinov 2016, section 5.1). */
#define VAE_ACTIVE_VARIANCE 0.01

typedef struct vae_latent_statistics {
    int64_t latent;
    int64_t count; /* rows added */
    double *sums;  /* [4, latent]: a first mean, then Σ of deviations from it, of their squares, and of KL; owned */
} vae_latent_statistics;

/* Empty; VAE_ERROR_MEMORY. */
vae_status vae_latent_statistics_create(int64_t latent, vae_latent_statistics *statistics);
/* The same rows once more; VAE_ERROR_MEMORY, with nothing to free. */
vae_status vae_latent_statistics_copy(const vae_latent_statistics *from, vae_latent_statistics *to);
/* Also of a zeroed struct. */
void vae_latent_statistics_free(vae_latent_statistics *statistics);
/* Forgets all rows. */
void vae_latent_statistics_reset(vae_latent_statistics *statistics);

/* mean, log_variance [rows, latent]; log_variance is NULL for an autoencoder's codes, which have no KL. */
void vae_latent_statistics_add(vae_latent_statistics *statistics, const float *mean, const float *log_variance,
                               int64_t rows);
/* The same from posterior [rows, width], as programs have it: (mean | log_variance) where width is 2·latent, means
 * alone where it is latent. */
void vae_latent_statistics_add_posterior(vae_latent_statistics *statistics, const float *posterior, int64_t rows,
                                         int64_t width);

/* Of dimension j, over the rows so far, at least one: the mean of E[z|x], its variance (divided by count), and the mean
 * of KL(q(z_j|x) ‖ N(0, 1)) in nats, 0 for means alone. */
double vae_latent_statistics_mean(const vae_latent_statistics *statistics, int64_t j);
double vae_latent_statistics_variance(const vae_latent_statistics *statistics, int64_t j);
double vae_latent_statistics_kl(const vae_latent_statistics *statistics, int64_t j);
int64_t vae_latent_statistics_active(const vae_latent_statistics *statistics);

/* order [latent] receives the dimensions by KL, the largest first; those with the same KL by variance, then by number.
 */
void vae_latent_statistics_order(const vae_latent_statistics *statistics, int64_t *order);

#endif
