/* Labels of a grid of pictures, the same in all kinds of files: a head above each column, a line or two beside each
 * row. */
#ifndef VAE_DRAW_LABELS_H
#define VAE_DRAW_LABELS_H

#include "draw/axes.h"

/* Above the first row, and on either side of labels of rows, in pixels. */
enum { VAE_LABEL_HEAD = 26, VAE_LABEL_EDGE = 8 };

/* Shows a line of printable UTF-8 in FONT_SIZE; y is its baseline. */
typedef void vae_label_show(void *context, double x, double y, vae_align align, const char *line);

/* In a cairo_t. */
void vae_label_show_cairo(void *context, double x, double y, vae_align align, const char *line);

/* How wide the label of a row is, whose lines are separated by '\n'. */
double vae_label_width(const char *label);
/* The room that names of rows [rows] take beside them, as wide as the widest needs, and at most 336 pixels; NULL: none.
 */
int64_t vae_label_room(const char *const *names, int64_t rows);
/* Above a column of such a width about `middle`, whose pictures begin at `top`; a longer head ends in "…". */
void vae_label_column(double middle, double top, double width, const char *label, vae_label_show *show, void *context);
/* Beside a row about `middle`: it ends at `right`, and is cut to the room from 0 on. */
void vae_label_row(double right, double middle, const char *label, vae_label_show *show, void *context);

#endif
