/* Drawings as they are stored: rows of dx, dy, pen down, pen up, end, which sketch-rnn calls stroke-5 (Ha and Eck 2017,
 * section 3.1). Readers of all formats make them here. */
#ifndef VAE_DATA_DRAWING_H
#define VAE_DATA_DRAWING_H

#include "data/polylines.h"
#include "data/sequence_format.h"

enum { VAE_DRAWING_ELEMENTS = 5 };

/* Offsets beyond this are clipped, as sketch-rnn does: they are slips of whoever drew. */
#define VAE_DRAWING_MOST_OFFSET 1000.0

/* A step as files have it, sketch-rnn's stroke-3: the way to the next point, and whether the pen is lifted there. */
typedef struct vae_stroke {
    double dx, dy;
    bool lifted;
} vae_stroke;

/* The item begins with (0, 0, 1, 0, 0): the pen is down at the first point, from which offsets count. */
vae_status vae_drawing_begin(vae_sequence_item *item);
/* Adds a step; one beyond options->max_length, or VAE_SEQUENCE_STEPS, marks the item as truncated instead.
 * VAE_ERROR_FORMAT, without a name, for an offset that is not finite. */
vae_status vae_drawing_add(vae_sequence_source *source, vae_sequence_item *item, vae_stroke stroke);
/* The item ends with (0, 0, 0, 0, 1). */
vae_status vae_drawing_end(vae_sequence_item *item);
/* All of it from lines of points. The first point is where the drawing begins, and no step of its own, unless it is a
 * line of one point. */
vae_status vae_drawing_from_polylines(vae_sequence_source *source, const vae_polylines *lines, vae_sequence_item *item);

/* What offsets are divided by: the deviation of all dx and dy of the data set, of both as one, about their mean, as
 * sketch-rnn's normalizing_scale_factor; begin and end rows do not count. 1 where all are the same. The data set is the
 * training part, and of drawings. */
double vae_drawings_deviation(const vae_dataset *dataset);

#endif
