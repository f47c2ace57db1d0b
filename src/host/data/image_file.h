/* Files of one picture: which formats there are, and which of them are read. A new format is a file with its decoder
 * and a row in image_file.c. */
#ifndef VAE_DATA_IMAGE_FILE_H
#define VAE_DATA_IMAGE_FILE_H

#include "data/picture.h"

/* Reads the file, whose content decides between the formats, and turns it upright; free picture->raster.pixels.
 * VAE_ERROR_FORMAT for damaged or foreign content, also where it is only cut short, and for nothing else. VAE_ERROR_IO
 * where the file cannot be read, VAE_ERROR_SHAPE where it is too large, VAE_ERROR_MEMORY. Messages begin with the path.
 * Any number of threads may. */
vae_status vae_image_file_read(const char *path, vae_picture *picture);

/* Whether a file that begins so is a picture, also of a format that is only known. */
bool vae_image_is_picture(const uint8_t *start, size_t size);

/* Of a file whose name says that it is a picture: one that is read, or one of a format that is not. */
typedef enum vae_image_ending { VAE_ENDING_OTHER, VAE_ENDING_READ, VAE_ENDING_UNREAD } vae_image_ending;
vae_image_ending vae_image_ending_of(const char *name);

extern const char vae_image_formats[]; /* those that are read, for messages */

/* From a file's content; `name` begins each message. What went wrong for want of memory shows in errno, where libraries
 * have no word for it. */
typedef vae_status vae_picture_decode(const char *name, const uint8_t *data, size_t size, vae_picture *picture);
vae_picture_decode vae_png_decode, vae_jpeg_decode, vae_bmp_decode, vae_pnm_decode, vae_gif_decode, vae_webp_decode,
    vae_tiff_decode;

#endif
