/* A linear probe: logistic regression on codes, which shows what can be read from them by a plane. */
#ifndef VAE_MODEL_PROBE_H
#define VAE_MODEL_PROBE_H

#include <stdint.h>

#include "core/error.h"

typedef struct vae_probe {
    int64_t latent;
    double *weights; /* [latent + 1], the last the intercept; owned */
} vae_probe;

/* Minimises, over weights w of the codes scaled to variance 1 and an intercept b,
 *   Σ_i c_i·log(1 + exp(-y_i·(w·x_i + b))) + ½·l2·|w|²,   y_i = ±1,
 * where the c_i of each class sum to ½, so that a rare attribute counts as much as its absence. By Newton's method
 * (iteratively reweighted least squares) with halved steps, to a gradient of 1e-9; the same input gives the same
 * result.
 *
 * codes [count, latent]; has [count]: 1 has it, 0 lacks it, anything else is left out. l2 > 0 makes the minimum
 * unique, also if a plane separates the classes. VAE_ERROR_ARGUMENT if a class has no code, VAE_ERROR_MEMORY,
 * VAE_ERROR_NUMERIC if no minimum is found. */
vae_status vae_probe_fit(const float *codes, const int8_t *has, int64_t count, int64_t latent, double l2,
                         vae_probe *probe);
/* Also of a zeroed probe. */
void vae_probe_free(vae_probe *probe);

/* Log-odds that a code has it. */
double vae_probe_score(const vae_probe *probe, const float *code);

/* The mean of the two shares of codes that are classified correctly, among those that have it and among those that lack
 * it: ½ for a guess. NaN where a class has no code. `has` as above. */
double vae_probe_balanced_accuracy(const vae_probe *probe, const float *codes, const int8_t *has, int64_t count);

#endif
