/* One PNG file as numbers. */
#ifndef VAE_REPORT_PNG_READ_H
#define VAE_REPORT_PNG_READ_H

#include <stdint.h>

#include "core/error.h"

/* image [height, width, channels] in [0, 1] from an 8-bit PNG of just that size: grey where channels is 1, RGB (also by
 * palette) where it is 3, without transparency. VAE_ERROR_SHAPE says what the file is instead; VAE_ERROR_CONFIG if it
 * is not there, VAE_ERROR_FORMAT if it cannot be read. */
vae_status vae_png_read(const char *path, int64_t height, int64_t width, int64_t channels, float *image);

#endif
