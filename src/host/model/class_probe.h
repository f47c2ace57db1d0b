/* A linear probe of all classes at once: multinomial logistic regression on codes. */
#ifndef VAE_MODEL_CLASS_PROBE_H
#define VAE_MODEL_CLASS_PROBE_H

#include <stdint.h>

#include "core/error.h"

typedef struct vae_class_probe {
    int64_t latent, classes;
    double *weights; /* [latent + 1, classes], the last row the intercepts; owned */
} vae_class_probe;

/* Codes and the classes that they are of. */
typedef struct vae_labelled_codes {
    const float *codes;    /* [count, latent] */
    const int32_t *labels; /* [count]: 0 to classes - 1; a code whose label is -1 is left out */
    int64_t count, latent, classes;
} vae_labelled_codes;

/* Minimises, over weights W of the codes scaled to variance 1 and intercepts b,
 *   -1/n Σ_i log softmax(W·x_i + b)[label_i] + ½·l2·|W|²,
 * so each code counts as much as any other, by L-BFGS, until the gradient is a ten-thousandth of what it was at zero.
 * The same input gives the same result for any number of threads. l2 > 0 makes the minimum unique. threads: 0 for one
 * per processor. VAE_ERROR_ARGUMENT for fewer than two classes, or one without a code; VAE_ERROR_NUMERIC for codes that
 * are not finite, VAE_ERROR_MEMORY. */
vae_status vae_class_probe_fit(const vae_labelled_codes *data, double l2, int threads, vae_class_probe *probe);
/* Also of a zeroed probe. */
void vae_class_probe_free(vae_class_probe *probe);

/* ranks [count]: how many classes the probe finds likelier than a code's own, so 0 where it is right; -1 where the
 * label is. */
vae_status vae_class_probe_rank(const vae_class_probe *probe, const vae_labelled_codes *data, int threads,
                                int64_t *ranks);

#endif
