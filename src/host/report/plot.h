/* Figures of latent spaces, as PNG and SVG from one drawing routine (cairo). */
#ifndef VAE_REPORT_PLOT_H
#define VAE_REPORT_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

typedef enum vae_panel_kind { VAE_PANEL_SCATTER, VAE_PANEL_MANIFOLD, VAE_PANEL_BARS } vae_panel_kind;

/* One picture of a figure, square unless its images are not. Titles too long for it are cut. Arrays are borrowed. */
typedef struct vae_panel {
    vae_panel_kind kind;
    const char *title;
    const char *subtitle; /* may be NULL */
    struct {
        const float *points;   /* [count, 2] */
        const uint8_t *labels; /* [count], or NULL: one colour */
        const char *const
            *class_names; /* [256] of labels, each NULL where it has none; or NULL: numbers stand for all */
        int64_t count;
        double least_span; /* the axes span at least this */
        int rings;         /* circles of radius 1 to this round the origin: standard deviations of N(0, I) */
    } scatter;
    struct {
        const float *images; /* [side·side, height, width, channels] in [0, 1]; the first row is the lowest z₂ */
        int64_t side, height, width, channels;
    } manifold;
    struct {
        const double *values; /* [count], at least 0, from left to right */
        const int64_t *names; /* [count]: a number under each bar, left out where they are too many */
        const bool *pale;     /* [count]: drawn in grey */
        int64_t count;
        const char *value_axis, *name_axis;
    } bars;
} vae_panel;

enum { VAE_PLOT_PATH_SIZE = 4096 };

/* The files that a figure of this name becomes: "x.png" and "x.svg" are just that, in capitals too; any other name is
 * what both begin with. Returns how many, 0 where the name is too long. */
int vae_plot_paths(const char *name, char paths[2][VAE_PLOT_PATH_SIZE]);

/* Writes the files of vae_plot_paths(prefix) with rows × columns panels, row by row, and one legend for all labels, by
 * name where all panels that have a label call it the same. A point that is not finite is VAE_ERROR_NUMERIC; no point
 * or image to draw, or too long a prefix, VAE_ERROR_ARGUMENT.
 */
vae_status vae_plot_write(const char *prefix, const vae_panel *panels, int rows, int columns);

/* Writes "−1.5" to text: at most `digits` digits, and a true minus sign, as a hyphen is too short beside digits.
 * Returns text. */
const char *vae_plot_number(double value, int digits, char *text, size_t size);

#endif
