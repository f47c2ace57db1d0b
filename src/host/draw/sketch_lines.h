/* The lines that a drawing's strokes are, fitted to a square: what all pictures of drawings begin with. */
#ifndef VAE_DRAW_SKETCH_LINES_H
#define VAE_DRAW_SKETCH_LINES_H

#include <stdbool.h>

#include "draw/sketch.h"

typedef struct vae_sketch_point {
    double x, y; /* from the upper left corner of the square */
    bool begins; /* a line begins here; else one leads here from the point before */
    bool given;
} vae_sketch_point;

typedef struct vae_sketch_lines {
    vae_sketch_point *points; /* [count], owned; lines of a single point are dots */
    int64_t count;
} vae_sketch_lines;

/* The drawing's larger side fills the square of this side but for the margin, and its middle is the square's. A dot is
 * in the middle. Drawing `number` is named where an offset is not finite. */
vae_status vae_sketch_lines_make(const vae_sketch *sketch, int64_t number, double side, double margin,
                                 vae_sketch_lines *lines);
/* What is called for each step of a drawing. */
typedef struct vae_sketch_tracer {
    void (*move)(void *context, double x, double y);
    void (*line)(void *context, double x, double y);
    void *context;
} vae_sketch_tracer;

/* Traces the part that was given, or the rest. A dot is a line to where it is. */
void vae_sketch_trace(const vae_sketch_lines *lines, bool given, const vae_sketch_tracer *tracer);
void vae_sketch_lines_free(vae_sketch_lines *lines);

#endif
