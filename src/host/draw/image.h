/* Grids of images as PNG. */
#ifndef VAE_DRAW_IMAGE_H
#define VAE_DRAW_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

/* Grey or RGB. */
bool vae_image_can_show(int64_t channels);

/* images [count, height, width, channels] in [0, 1], values outside are clamped; 1 or 3 channels. Tiles run row by row,
 * `columns` a row, with a thin gap; small images are magnified by a whole factor. The file appears at once or not at
 * all. */
vae_status vae_image_grid_write(const char *path, const float *images, int64_t count, int64_t height, int64_t width,
                                int64_t channels, int64_t columns);

/* The same in two steps, for the frames of an animation. */
typedef struct vae_image_grid {
    int64_t count, height, width, channels, columns; /* set by the caller; columns may be lowered to count */
    int64_t rows, scale, pixel_height, pixel_width;  /* set by the plan */
} vae_image_grid;

/* pixels [height, width, channels] as PNG; 1 or 3 channels. The file appears at once or not at all; one of many is on
 * disk when the system brings it there, see vae_file_write_soon(). */
vae_status vae_image_write(const char *path, const uint8_t *pixels, int64_t height, int64_t width, int64_t channels,
                           bool one_of_many);

/* Checks what the caller set and plans the rest; `path` is named in messages. */
vae_status vae_image_grid_plan(const char *path, vae_image_grid *g);
/* The grid without images, and image [height, width, channels] at place `index`; pixels [pixel_height, pixel_width,
 * channels]. */
void vae_image_grid_clear(const vae_image_grid *g, uint8_t *pixels);
void vae_image_grid_tile(const vae_image_grid *g, int64_t index, const float *image, uint8_t *pixels);
/* All of it. */
void vae_image_grid_draw(const vae_image_grid *g, const float *images, uint8_t *pixels);

/* vae_image_grid_write() for one of many grids: on disk when the system brings it there. */
vae_status vae_image_grid_write_soon(const char *path, const float *images, const vae_image_grid *g);

#endif
