/* SVG's elements that draw something: path, line, polyline, polygon, rect, circle, ellipse. */
#ifndef VAE_DATA_SVG_SHAPES_H
#define VAE_DATA_SVG_SHAPES_H

#include "data/svg_pen.h"

/* Draws an element of that name. */
typedef vae_status vae_svg_shape(vae_svg_pen *pen, const char *const *attributes);

/* NULL: it draws nothing. */
vae_svg_shape *vae_svg_find_shape(const char *element);

/* Of names and values in turn, NULL at the end: the value; NULL: there is none. */
const char *vae_svg_attribute(const char *const *attributes, const char *name);
/* A length, without a unit or in px; `missing` where there is none. VAE_ERROR_FORMAT for anything else. */
vae_status vae_svg_length(const char *const *attributes, const char *name, double missing, double *length);

#endif
