/* What panels are drawn with: text, colours of labels, frames and ticks. Lengths are in points of the figure; a panel
 * is within a square of PANEL_SIDE, with a margin of PANEL_LEFT to its left, or more where its ticks need it. */
#ifndef VAE_DRAW_AXES_H
#define VAE_DRAW_AXES_H

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PANEL_SIDE = 380, PANEL_LEFT = 70, PANEL_TOP = 58, PANEL_BOTTOM = 52, PANEL_GAP = 18 };
enum { FONT_SIZE = 13, TITLE_SIZE = 17 };
enum { PANEL_SCALE = 2 }; /* pixels of a PNG to a point */

typedef enum vae_align { VAE_ALIGN_LEFT, VAE_ALIGN_CENTRE, VAE_ALIGN_RIGHT } vae_align;

void vae_plot_text(cairo_t *context, double x, double y, double size, vae_align align, const char *text);
/* How wide it becomes. */
double vae_plot_text_width(double size, const char *text);
/* Writes what is shown of it: cut to `width` with an ellipsis where it is longer, bytes that cannot be printed escaped.
 */
enum { VAE_PLOT_TEXT = 512 };
void vae_plot_text_fit(double size, double width, const char *text, char shown[VAE_PLOT_TEXT]);
void vae_plot_label_colour(cairo_t *context, int label, double alpha);

/* The same, cut to `width` with an ellipsis where it is longer. */
void vae_plot_text_within(cairo_t *context, double x, double y, double size, vae_align align, double width,
                          const char *text);

typedef struct vae_frame {
    double x, y, width, height; /* upper left corner, size */
} vae_frame;

typedef struct vae_range {
    double low, high;
} vae_range;

/* A rectangle round the data, with titles above; `subtitle` may be NULL. */
void vae_plot_frame(cairo_t *context, vae_frame f, const char *title, const char *subtitle);
/* Fills the frame with an image surface. */
void vae_plot_image(cairo_t *context, vae_frame f, cairo_surface_t *image);
/* A tick with its value at `place` in [0, 1] of the lower or the left side. */
void vae_plot_tick(cairo_t *context, vae_frame f, double place, double value, bool horizontal);
/* Ticks with their values, about five, along the lower or the left side. */
void vae_plot_ticks(cairo_t *context, vae_frame f, vae_range r, bool horizontal);

/* The margin that ticks along the left side need, the name of their axis beside them. */
double vae_plot_margin(vae_range r);
/* Names of the axes: below, and at the left of the margin, turned upwards where asked. */
void vae_plot_axis_names(cairo_t *context, vae_frame f, double margin, const char *below, const char *left,
                         bool turned);

/* Writes "−1.5" to text: at most `digits` digits, and a true minus sign, as a hyphen is too short beside digits.
 * Returns text. */
const char *vae_plot_number(double value, int digits, char *text, size_t size);

#endif
