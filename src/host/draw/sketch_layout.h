/* Where the cells of a grid of drawings are. */
#ifndef VAE_DRAW_SKETCH_LAYOUT_H
#define VAE_DRAW_SKETCH_LAYOUT_H

#include "draw/labels.h"
#include "draw/sketch_lines.h"

typedef struct vae_sketch_layout {
    int64_t columns, rows, side;      /* side: of a cell, in pixels */
    int64_t left, top, width, height; /* where the first cell begins, behind labels; of all of it */
    double line_width, margin;
} vae_sketch_layout;

/* VAE_ERROR_ARGUMENT as draw/sketch.h says. */
vae_status vae_sketch_layout_make(const vae_sketch_grid *grid, vae_sketch_layout *layout);
/* The upper left corner of a cell. */
static inline int64_t vae_sketch_layout_x(const vae_sketch_layout *layout, int64_t cell)
{
    return layout->left + cell % layout->columns * layout->side;
}
static inline int64_t vae_sketch_layout_y(const vae_sketch_layout *layout, int64_t cell)
{
    return layout->top + cell / layout->columns * layout->side;
}

/* All labels that the grid has. */
void vae_sketch_show_labels(const vae_sketch_grid *grid, const vae_sketch_layout *layout, vae_label_show *show,
                            void *context);

#endif
