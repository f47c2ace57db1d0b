/* Grids of images as PNG. */
#ifndef VAE_REPORT_IMAGE_H
#define VAE_REPORT_IMAGE_H

#include <stdint.h>

#include "core/error.h"

/* images [count, height, width, channels] in [0, 1], values outside are clamped; 1 or 3 channels. Tiles run row by row,
 * `columns` a row, with a thin gap; small images are magnified by a whole factor. The file appears at once or not at
 * all. */
vae_status vae_image_grid_write(const char *path, const float *images, int64_t count, int64_t height, int64_t width,
                                int64_t channels, int64_t columns);

#endif
