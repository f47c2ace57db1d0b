/* A linear probe of numbers: how much of what varies over images a line through the latent space explains. */
#ifndef VAE_MODEL_LINE_PROBE_H
#define VAE_MODEL_LINE_PROBE_H

#include "model/probe.h"

/* Minimises, over weights w of the codes scaled to variance 1 and an intercept b,
 *   1/n Σ_i (y_i - w·x_i - b)²/Var(y) + l2·|w|²,
 * in closed form. The score of a code is then the number that the line gives it.
 *
 * codes [count, latent]; numbers [count], of which NaNs are left out. l2 > 0 makes the minimum unique.
 * VAE_ERROR_ARGUMENT if the numbers do not vary, VAE_ERROR_MEMORY, VAE_ERROR_NUMERIC for codes that are not finite. */
vae_status vae_line_probe_fit(const float *codes, const double *numbers, int64_t count, int64_t latent, double l2,
                              vae_probe *probe);

/* R²: one minus the mean square of what the line misses over the variance of the numbers; at most 1, 0 for a guess of
 * their mean. NaN where they do not vary. `numbers` as above. */
double vae_line_probe_explained(const vae_probe *probe, const float *codes, const double *numbers, int64_t count);

#endif
