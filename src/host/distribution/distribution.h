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
    /* Numbers a pixel. */
    int64_t (*width)(const vae_likelihood_options *options);
    /* log_prob [rows], nats: the sum over a row's elements. NULL where the op `likelihood` alone has it. */
    vae_status (*log_prob)(vae_program *program, const char *name, vae_tensor parameters, vae_tensor value,
                           const vae_likelihood_options *options, vae_tensor *log_prob);
    vae_status (*mean)(vae_program *program, const char *name, vae_tensor parameters,
                       const vae_likelihood_options *options, vae_tensor *mean);
    /* `samples` values of each row of the parameters, with noise of `stream`; NULL where nothing draws from it. */
    vae_status (*sample)(vae_program *program, const char *name, vae_tensor parameters, int64_t samples,
                         uint32_t stream, const vae_likelihood_options *options, vae_tensor *value);
    /* kl [rows], nats, from the standard normal; NULL where there is no closed form: then log q - log p of a sample. */
    vae_status (*kl)(vae_program *program, const char *name, vae_tensor parameters,
                     const vae_likelihood_options *options, vae_tensor *kl);
} vae_distribution;

/* ---- p(x|z), by the name that a configuration gives it ---- */

/* Entries of likelihoods, distribution/<name>.c. Of those in VAE_LIKELIHOOD_MAP the op `likelihood` is a faster
 * implementation, and an entry's log_prob what it is tested against; the others of that map have the op alone. */
#define VAE_DISTRIBUTION_MAP(X)                                                                                        \
    X(BERNOULLI, bernoulli)                                                                                            \
    X(GAUSSIAN, gaussian)                                                                                              \
    X(GAUSSIAN_SHARED, gaussian_shared)                                                                                \
    X(GAUSSIAN_PIXEL, gaussian_pixel)                                                                                  \
    X(LAPLACE, laplace)                                                                                                \
    VAE_COMPOSED_MAP(X)
#define VAE_DISTRIBUTION_ROW(NAME, name) extern const vae_distribution vae_distribution_##name;
VAE_DISTRIBUTION_MAP(VAE_DISTRIBUTION_ROW)
#undef VAE_DISTRIBUTION_ROW

/* NULL where there is the op alone. */
const vae_distribution *vae_distribution_of(vae_likelihood family);
int64_t vae_distribution_width(const vae_likelihood_options *options);
/* ll [rows] of x, by the op where there is one. `training`: see vae_program_likelihood(). */
vae_status vae_distribution_likelihood(vae_program *program, const char *name, vae_tensor prediction, vae_tensor x,
                                       const vae_likelihood_options *options, bool training, vae_tensor *ll);
/* E[x|z] [rows, elements]. */
vae_status vae_distribution_mean(vae_program *program, const char *name, vae_tensor prediction,
                                 const vae_likelihood_options *options, vae_tensor *mean);
/* A draw of p(x|z) [rows, elements], with noise of `stream`. VAE_ERROR_CONFIG, with those that can, for a likelihood
 * that nothing draws from. */
vae_status vae_distribution_draw(vae_program *program, const char *name, vae_tensor prediction, uint32_t stream,
                                 const vae_likelihood_options *options, vae_tensor *x);

/* ---- q(z|x) and p(z) ---- */

/* C means, C log-variances. The op `gaussian_sample_kl` is a faster implementation of its sample, KL and log-ratio. */
extern const vae_distribution vae_distribution_gaussian_diagonal;

/* KL of each dimension [rows, C] from the standard normal, of parameters [rows, 2·C]; options: channels = C. */
vae_status vae_distribution_gaussian_kl(vae_program *program, const char *name, vae_tensor parameters,
                                        const vae_likelihood_options *options, vae_tensor *kl);
/* log N(value; 0, I) [rows] of a value [rows, columns]. */
vae_status vae_distribution_standard_normal(vae_program *program, const char *name, vae_tensor value,
                                            vae_tensor *log_prob);

/* ---- What entries share ---- */

/* log p [rows] of a Gaussian with these means and log-variances, [rows, elements]. */
vae_status vae_distribution_gaussian_log_prob(vae_program *program, const char *name, vae_tensor mean,
                                              vae_tensor log_variance, vae_tensor value, vae_tensor *log_prob);

/* mean + e^(½ log_variance)·ε, `samples` of each row of the mean. The log-variance may have one row, and one column. */
vae_status vae_distribution_gaussian_sample(vae_program *program, const char *name, vae_tensor mean,
                                            vae_tensor log_variance, int64_t samples, uint32_t stream,
                                            vae_tensor *value);
/* Standard normals, `samples` rows of `like`'s columns for each of its rows. */
vae_status vae_distribution_normal(vae_program *program, const char *name, vae_tensor like, int64_t samples,
                                   uint32_t stream, vae_tensor *normal);

static inline vae_weight vae_number(double value)
{
    return (vae_weight){value, VAE_SCALAR_ONE};
}
/* Of parameters with two numbers an element: the first ones, [rows, elements], and the second ones. */
vae_status vae_distribution_split(vae_program *program, vae_tensor parameters, const vae_likelihood_options *options,
                                  vae_tensor *first, vae_tensor *second);
/* ⌊l⌋ = least + log(1 + e^(l - least)), so that pixels that never change cannot make a density grow without bound. */
vae_status vae_distribution_soft_floor(vae_program *program, const char *name, vae_tensor l, double least,
                                       vae_tensor *floored);
/* location + e^log_scale·noise */
vae_status vae_distribution_shift_and_scale(vae_program *program, const char *name, vae_tensor location,
                                            vae_tensor log_scale, vae_tensor noise, vae_tensor *value);
/* The first of two numbers an element: `mean` of entries whose location it is. */
vae_status vae_distribution_location(vae_program *program, const char *name, vae_tensor parameters,
                                     const vae_likelihood_options *options, vae_tensor *mean);
int64_t vae_distribution_two_numbers(const vae_likelihood_options *options);

#endif
