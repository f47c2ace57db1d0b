/* Distributions as rows of one table: what q(z|x), p(z) and p(x|z) are made of. An entry appends ops to a program and
 * knows no backend.
 *
 * Parameters are [rows, pixels·width], values [rows, pixels·channels]; of each pixel come its channels' first
 * parameters, then their second ones, and so on. A latent code is one pixel whose channels are its dimensions. Where
 * one of the two has fewer rows, each of its rows stands for a group of consecutive rows of the other: samples of one
 * row, say. */
#ifndef VAE_DISTRIBUTION_DISTRIBUTION_H
#define VAE_DISTRIBUTION_DISTRIBUTION_H

#include "program/program.h"

typedef struct vae_distribution {
    const char *name;
    /* Numbers a pixel. */
    int64_t (*width)(const vae_likelihood_options *options);
    /* log_prob [rows], nats: the sum over a row's elements. */
    vae_status (*log_prob)(vae_program *program, const char *name, vae_tensor parameters, vae_tensor value,
                           const vae_likelihood_options *options, vae_tensor *log_prob);
    /* kl [rows], nats, from the standard normal; NULL where there is no closed form: then log q - log p of a sample. */
    vae_status (*kl)(vae_program *program, const char *name, vae_tensor parameters,
                     const vae_likelihood_options *options, vae_tensor *kl);
    vae_status (*mean)(vae_program *program, const char *name, vae_tensor parameters,
                       const vae_likelihood_options *options, vae_tensor *mean);
} vae_distribution;

/* C means, C log-variances. */
extern const vae_distribution vae_distribution_gaussian_diagonal;

/* log N(value; 0, I) [rows] of a value [rows, columns]. */
vae_status vae_distribution_standard_normal(vae_program *program, const char *name, vae_tensor value,
                                            vae_tensor *log_prob);

#endif
