/* Decoders of one picture. Pixels come as bytes of one channel, grey, or three, RGB: 16 bits are scaled to 8, palettes
 * looked up, transparency laid over white, CMYK turned to RGB. Values are taken as they are stored: no gamma, no colour
 * profile, no orientation. */
#ifndef VAE_DATA_IMAGE_FILE_H
#define VAE_DATA_IMAGE_FILE_H

#include <stddef.h>

#include "data/transform.h"

/* Of a picture's side: what comes larger is refused. */
enum { VAE_MAX_IMAGE_SIDE = 1 << 15 };

/* Reads the file, whose content decides between PNG and JPEG; free image->pixels. VAE_ERROR_FORMAT for damaged or
 * foreign content, also where it is only cut short; VAE_ERROR_IO, VAE_ERROR_MEMORY. Messages begin with the path. Any
 * number of threads may. */
vae_status vae_image_file_read(const char *path, vae_raster *image);

/* From a file's content; `name` begins each message. */
vae_status vae_png_decode(const char *name, const uint8_t *data, size_t size, vae_raster *image);
vae_status vae_jpeg_decode(const char *name, const uint8_t *data, size_t size, vae_raster *image);

#endif
