/* Strips of images with a label to the left of each and one above each column, as PNG. */
#ifndef VAE_DRAW_STRIPS_H
#define VAE_DRAW_STRIPS_H

#include <stdint.h>

#include "core/error.h"

typedef struct vae_strips vae_strips;

typedef struct vae_strips_shape {
    int64_t rows, columns;
    int64_t height, width, channels; /* of an image; 1 or 3 channels */
} vae_strips_shape;

/* Opens a white picture with column_labels [columns] drawn. Row labels, one or two lines separated by '\n', get as much
 * room as `widest_label` takes. VAE_ERROR_ARGUMENT for a picture larger than 32768 pixels a side, or that `path`, named
 * in messages, cannot hold. On failure *strips is NULL. */
vae_status vae_strips_open(const char *path, const vae_strips_shape *shape, const char *const *column_labels,
                           const char *widest_label, vae_strips **strips);
/* Draws row `row`: images [columns, height, width, channels] in [0, 1]. Small ones are magnified by a whole factor. */
void vae_strips_row(vae_strips *strips, int64_t row, const char *label, const float *images);
/* The file appears at once or not at all. */
vae_status vae_strips_write(const char *path, vae_strips *strips);
/* NULL is allowed. */
void vae_strips_free(vae_strips *strips);

#endif
