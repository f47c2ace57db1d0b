/* Likelihoods p(x|z): their names, for builders, kernels and the configuration alike, and what the decoder has to give
 * for each.
 *
 * A row of predictions is [pixels, width]: `width` numbers describe one pixel with all its channels. A row of x is
 * [pixels, channels]. */
#ifndef VAE_PROGRAM_LIKELIHOOD_H
#define VAE_PROGRAM_LIKELIHOOD_H

#include <stdbool.h>
#include <stdint.h>

/* A new likelihood is a row here, its width in likelihood.c, and a file named after it in each backend:
 *   bernoulli  one logit a channel: x·l - log(1 + e^l), x in [0, 1]
 *   gaussian   one mean a channel; σ² is fixed
 *   mse        one mean a channel: -(x - mean)², no density */
#define VAE_LIKELIHOOD_MAP(X)                                                                                          \
    X(BERNOULLI, bernoulli)                                                                                            \
    X(GAUSSIAN, gaussian)                                                                                              \
    X(MSE, mse)

typedef enum vae_likelihood {
#define VAE_LIKELIHOOD_ROW(NAME, name) VAE_LIKELIHOOD_##NAME,
    VAE_LIKELIHOOD_MAP(VAE_LIKELIHOOD_ROW)
#undef VAE_LIKELIHOOD_ROW
        VAE_LIKELIHOOD_COUNT
} vae_likelihood;

/* All that a likelihood's kernels need to know beside the numbers themselves. */
typedef struct vae_likelihood_options {
    vae_likelihood family;
    int64_t channels;
    double variance;     /* gaussian: σ², the same for all elements */
    double scale, shift; /* x = byte × scale + shift: where the 256 levels lie */
} vae_likelihood_options;

const char *vae_likelihood_name(vae_likelihood family);
/* Numbers that the decoder gives for one pixel. */
int64_t vae_likelihood_width(const vae_likelihood_options *options);

#endif
