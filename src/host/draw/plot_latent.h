/* The KL of each latent dimension as bars. */
#ifndef VAE_DRAW_PLOT_LATENT_H
#define VAE_DRAW_PLOT_LATENT_H

#include "config/config.h"
#include "model/latent_statistics.h"

/* Writes <prefix>.png and <prefix>.svg: a bar a dimension, the largest KL first; dimensions that are not active are
 * grey. The statistics are of a `part` of data of that kind, "test" say. At least one row must have been added. */
vae_status vae_plot_latent(const char *prefix, const char *part, vae_kind kind, const vae_latent_statistics *latent);

#endif
