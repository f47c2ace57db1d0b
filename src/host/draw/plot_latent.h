/* The KL of each latent dimension as bars. */
#ifndef VAE_DRAW_PLOT_LATENT_H
#define VAE_DRAW_PLOT_LATENT_H

#include "model/latent_statistics.h"

/* Writes <prefix>.png and <prefix>.svg: a bar a dimension, the largest KL first; dimensions that are not active are
 * grey. `images` is what the statistics are of, "test" say. At least one row must have been added. */
vae_status vae_plot_latent(const char *prefix, const char *images, const vae_latent_statistics *latent);

#endif
