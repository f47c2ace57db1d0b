/* How good a model is: the negative ELBO, and log P(X) by importance sampling. */
#ifndef VAE_MODEL_EVALUATE_H
#define VAE_MODEL_EVALUATE_H

#include "model/latent_statistics.h"
#include "model/runner.h"

/* log Σ exp of a stream of numbers, in double, without keeping them: the largest so far, and the sum scaled by it. */
typedef struct vae_log_sum {
    double largest, scaled_sum;
    int64_t count;
} vae_log_sum;

vae_log_sum vae_log_sum_start(void);
void vae_log_sum_add(vae_log_sum *sum, double value);
/* log Σ exp; -INFINITY for an empty stream. */
double vae_log_sum_value(const vae_log_sum *sum);

/* A model, and the images to hold against it. */
typedef struct vae_evaluation_setup {
    vae_instance model;
    vae_column images;
    int64_t batch_size;
    int64_t samples; /* K of the importance sampling; 0: negative ELBO only */
    uint64_t seed;
    /* Called with the images done after each batch, or each run of samples of an image, of which a large K takes many;
     * a return other than VAE_OK stops. NULL: not called. */
    vae_status (*progress)(void *context, int64_t done);
    void *progress_context;
    vae_latent_statistics *latent; /* what the posteriors say of each dimension is added; may be NULL */
} vae_evaluation_setup;

/* Means over images, in nats; errors are standard errors of the mean over images. */
typedef struct vae_evaluation {
    int64_t count;
    double reconstruction, kl, neg_elbo, neg_elbo_error; /* of train.samples samples of the posterior an image */
    double bound; /* minus the importance-weighted bound of as many; NaN where the objective has none */
    double log_likelihood, log_likelihood_error; /* log P(X); NaN where samples is 0 */
    /* vae_design_bits_per_dimension of neg_elbo and of -log P(X); NaN where there is none. */
    double bits_per_dimension, log_likelihood_bits_per_dimension;
    double flops; /* of the importance sampling */
} vae_evaluation;

/* log P(x) ≈ log 1/K Σ p(x|z_k) p(z_k) / q(z_k|x), z_k ~ q(z|x) (Rezende, Mohamed & Wierstra 2014, Appendix E; the
 * bound of Burda, Grosse & Salakhutdinov 2016, equation 8). Memory does not grow with K. `per_image` [count] receives
 * each image's log P(x), or where samples is 0 its negative ELBO; may be NULL. The same seed gives the same result; the
 * noise of log P(x) does not depend on the batch size, that of the negative ELBO's one sample does.
 *
 * What other objectives give: an autoencoder has no posterior, so samples must be 0, kl is 0 and neg_elbo is its
 * reconstruction loss alone; of a `kl` model, whose decoder is never trained, kl is the number to look at, and the
 * others say how well its untrained decoder does. */
vae_status vae_evaluate(const vae_evaluation_setup *setup, double *per_image, vae_evaluation *evaluation);

#endif
