/* Images as arrays in the layout of the run's [data], so that what a command writes is what another reads. */
#ifndef VAE_CLI_IMAGE_ARRAY_H
#define VAE_CLI_IMAGE_ARRAY_H

#include <vae/model.h>

#include "config/config.h"

/* The array's shape: [count, d] of rows, [count, h, w] of one channel, else [count, h, w, c] or [count, c, h, w].
 * Returns its rank. */
int vae_image_array_sizes(const vae_model_shape *shape, vae_array_layout layout, int64_t count, int64_t sizes[4]);

/* images [rows, height, width, channels] in that order: *arranged, the caller's to free, or NULL where they are in it.
 */
vae_status vae_image_array_arrange(const vae_model_shape *shape, vae_array_layout layout, const float *images,
                                   int64_t rows, float **arranged);

#endif
