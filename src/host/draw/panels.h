/* The pictures that a figure is made of. */
#ifndef VAE_DRAW_PANELS_H
#define VAE_DRAW_PANELS_H

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "draw/axes.h"

typedef enum vae_panel_kind { VAE_PANEL_SCATTER, VAE_PANEL_MANIFOLD, VAE_PANEL_BARS } vae_panel_kind;

/* One picture of a figure, square unless its images are not. Titles too long for it are cut. Arrays are borrowed. */
typedef struct vae_panel {
    vae_panel_kind kind;
    const char *title;
    const char *subtitle; /* may be NULL */
    struct {
        const float *points;            /* [count, 2] */
        const int32_t *labels;          /* [count], from 0 on, or NULL: one colour */
        const char *const *class_names; /* [class_count], what the labels below that are called; the number of others */
        int64_t class_count;
        int64_t count;
        int rings; /* circles of radius 1 to this round the origin, all seen: standard deviations of N(0, I) */
    } scatter;
    struct {
        const float *images; /* [side·side, height, width, channels] in [0, 1]; the first row is the lowest z₁ */
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

/* Draws a panel whose frame's upper left corner is (x, y), with a margin as vae_plot_margin() gives it to its left. */
vae_status vae_plot_scatter(cairo_t *context, const vae_panel *panel, double x, double y, double margin);
vae_status vae_plot_manifold(cairo_t *context, const vae_panel *panel, double x, double y, double margin);
vae_status vae_plot_bars(cairo_t *context, const vae_panel *panel, double x, double y, double margin);

/* What the axes at their left show. */
vae_status vae_plot_scatter_range(const vae_panel *panel, vae_range *range);
vae_status vae_plot_bars_range(const vae_panel *panel, vae_range *range);
extern const vae_range vae_plot_manifold_range;

#endif
