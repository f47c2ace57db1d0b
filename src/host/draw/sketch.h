/* Drawings of strokes as pictures: SVG, PNG, APNG, pixels, and JSON that the report's page draws stroke by stroke. */
#ifndef VAE_DRAW_SKETCH_H
#define VAE_DRAW_SKETCH_H

#include <jansson.h>
#include <stdint.h>

#include "core/error.h"

/* Rows of dx, dy, pen down, pen up, end (data/drawing.h), in any unit. The pen is down at the first point; the largest
 * of the three states counts, and what follows the first end is not drawn. A row that begins a drawing, (0, 0, 1, 0,
 * 0), may be there or not. */
typedef struct vae_sketch {
    const float *rows; /* [steps, 5] */
    int64_t steps;
    int64_t given; /* the first so many steps are drawn in another colour: those that no model made */
    int64_t shown; /* only the first so many points are drawn, where they are in the whole; 0: all */
} vae_sketch;

/* Cells run row by row. Each drawing is fitted to its cell, with a margin. */
typedef struct vae_sketch_grid {
    const vae_sketch *sketches; /* [count]; one without steps leaves its cell empty */
    int64_t count, columns;     /* columns may be more than count */
    int64_t side;               /* of a cell, in pixels; 0: VAE_SKETCH_SIDE */
    double line_width;          /* in pixels; 0: a fiftieth of the side */
    const char *const *heads;   /* [columns], above them; NULL: none. Animations have no labels */
    const char *const *names;   /* [rows], beside them, one or two lines separated by '\n'; NULL: none */
} vae_sketch_grid;

enum { VAE_SKETCH_SIDE = 128 };

/* VAE_ERROR_ARGUMENT for a grid without cells, or of more than 32768 pixels a side; VAE_ERROR_NUMERIC for an offset
 * that is not finite, with the number of its drawing. A file appears at once or not at all. */

/* One path a drawing, black on white, what was given in blue; in numbers of two digits behind the point. */
vae_status vae_sketch_write_svg(const char *path, const vae_sketch_grid *grid);
vae_status vae_sketch_write_png(const char *path, const vae_sketch_grid *grid);
/* An animation that shows the whole, and then draws all drawings at the same pace, stroke by stroke. */
vae_status vae_sketch_write_apng(const char *path, const vae_sketch_grid *grid);

/* How many pixels the grid has. */
vae_status vae_sketch_grid_size(const vae_sketch_grid *grid, int64_t *height, int64_t *width);
/* The same picture as pixels [height, width, 3], as vae_image_write() and vae_apng_add() take them. */
vae_status vae_sketch_draw(const vae_sketch_grid *grid, uint8_t *pixels);
/* One drawing as a grey image [side, side] in [0, 1], black on white, as grids, strips and panels take images. */
vae_status vae_sketch_image(const vae_sketch *sketch, int64_t side, float *image);

/* [[[x, …], [y, …]], …], a list for each stroke, in whole numbers from 0 to VAE_SKETCH_UNITS; strokes that were given
 * have a third member, 1. */
enum { VAE_SKETCH_UNITS = 1000 };
vae_status vae_sketch_json(const vae_sketch *sketch, json_t **made);

#endif
