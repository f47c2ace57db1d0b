/* A pen that draws lines, curves and arcs of SVG as lines of points, in the units of the drawing. */
#ifndef VAE_DATA_SVG_PEN_H
#define VAE_DATA_SVG_PEN_H

#include <stdbool.h>

#include "data/polylines.h"

/* (x, y) becomes (a·x + c·y + e, b·x + d·y + f), as SVG has it. */
typedef struct vae_affine {
    double a, b, c, d, e, f;
} vae_affine;

static const vae_affine vae_affine_identity = {.a = 1, .d = 1};

/* Inner first. */
vae_affine vae_affine_product(const vae_affine *outer, const vae_affine *inner);
/* Reads a value of the attribute `transform` and applies it before what *transform does: matrix, translate, scale,
 * rotate, skewX and skewY. VAE_ERROR_FORMAT, with the byte of the value, for anything else. */
vae_status vae_affine_parse(const char *text, vae_affine *transform);

typedef struct vae_svg_pen {
    vae_polylines *lines;
    vae_affine transform;
    double tolerance;       /* curves are off by no more, in units of the drawing */
    vae_point start, place; /* of the subpath, and where the pen is: before the transform */
    bool drawing;           /* a line has been begun */
} vae_svg_pen;

/* Curves in units of the user, ends last. All may fail as vae_polylines_add() does. */
vae_status vae_svg_move(vae_svg_pen *pen, vae_point to);
vae_status vae_svg_line(vae_svg_pen *pen, vae_point to);
vae_status vae_svg_cubic(vae_svg_pen *pen, vae_point first, vae_point second, vae_point to);
vae_status vae_svg_quadratic(vae_svg_pen *pen, vae_point middle, vae_point to);

typedef struct vae_svg_arc {
    double rx, ry, rotation; /* of the ellipse; degrees */
    bool large, sweep;
} vae_svg_arc;

/* An arc of an ellipse, by appendix B.2.4 of SVG 2: radii that are too small are scaled up, and an arc without a radius
 * is a line. */
vae_status vae_svg_arc_to(vae_svg_pen *pen, vae_svg_arc arc, vae_point to);
/* A line back to where the subpath began. */
vae_status vae_svg_close(vae_svg_pen *pen);
/* Ends the line that is being drawn. */
vae_status vae_svg_lift(vae_svg_pen *pen);

/* Draws the value of a path's attribute `d`. VAE_ERROR_FORMAT, with the byte of the value, where it is not one. */
vae_status vae_svg_path(vae_svg_pen *pen, const char *text);

#endif
