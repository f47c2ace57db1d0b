/* Where the cells of a grid of drawings are. */
#ifndef VAE_DRAW_SKETCH_LAYOUT_H
#define VAE_DRAW_SKETCH_LAYOUT_H

#include "draw/sketch_lines.h"

typedef struct vae_sketch_layout {
    int64_t columns, rows, side; /* side: of a cell, in pixels */
    double line_width, margin;
} vae_sketch_layout;

/* VAE_ERROR_ARGUMENT as draw/sketch.h says. */
vae_status vae_sketch_layout_make(const vae_sketch_grid *grid, vae_sketch_layout *layout);

#endif
