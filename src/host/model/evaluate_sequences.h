/* How good a model of sequences is: the negative ELBO by one sample of the posterior, and log P(X) by importance
 * sampling, of whole sequences and of their steps. */
#ifndef VAE_MODEL_EVALUATE_SEQUENCES_H
#define VAE_MODEL_EVALUATE_SEQUENCES_H

#include "data/dataset.h"
#include "model/latent_statistics.h"
#include "model/runner.h"

typedef struct vae_sequence_evaluation_setup {
    const vae_dataset *items;
    int64_t count; /* of its items, the first of them */
    int64_t batch_size;
    int64_t samples; /* K of the importance sampling; 0: negative ELBO only */
    uint64_t seed;
    /* Called after each batch with the items that are done, of 2·count where there is importance sampling; a return
     * other than VAE_OK stops. NULL: not called. */
    vae_status (*progress)(void *context, int64_t done);
    void *progress_context;
    vae_latent_statistics *latent; /* what the posteriors say of each dimension is added; may be NULL */
} vae_sequence_evaluation_setup;

/* Means over items, in nats, as vae_evaluation has them; errors are standard errors of the mean. What is per step is of
 * all items together: Σ over items / steps, of which a word has one and the end of a sentence, or of a drawing, one
 * more. Its exponential is the perplexity. */
typedef struct vae_sequence_evaluation {
    int64_t count, steps;
    double reconstruction, kl, neg_elbo, neg_elbo_error;
    double log_likelihood, log_likelihood_error; /* log P(X); NaN where samples is 0 */
    double neg_elbo_per_step, log_likelihood_per_step;
} vae_sequence_evaluation;

/* The negative ELBO is what training's evaluation finds, with the same batch size and seed. log P(x) as in
 * vae_evaluate(), by buckets of lengths and in runs whose memory does not grow with K. per_item [count]: log P(x), or
 * the negative ELBO where samples is 0; may be NULL. The same bits for the same setup. VAE_ERROR_ARGUMENT without
 * items, and for importance sampling of a model that is a decoder only. */
vae_status vae_evaluate_sequences(const vae_instance *model, const vae_sequence_evaluation_setup *setup,
                                  double *per_item, vae_sequence_evaluation *evaluation);

#endif
