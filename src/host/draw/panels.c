/* Panels of points and of images. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/normal.h"
#include "draw/axes.h"
#include "draw/image.h"
#include "draw/panels.h"
#include "draw/pixel.h"

/* Dimensions are counted from 0, as in tables of codes. */
static const char first_name[] = "z₀", second_name[] = "z₁";

/* ---- Scatter ---- */

/* Points drawn together. */
enum { GROUP = 500 };

static vae_status find_range(const vae_panel *panel, int axis, vae_range *r)
{
    *r = (vae_range){INFINITY, -INFINITY};
    for (int64_t i = 0; i < panel->scatter.count; ++i) {
        const double value = (double)panel->scatter.points[2 * i + axis];
        if (!isfinite(value)) {
            return vae_error_set(VAE_ERROR_NUMERIC, "plot '%s': point %lld is not finite", panel->title, (long long)i);
        }
        r->low = fmin(r->low, value);
        r->high = fmax(r->high, value);
    }
    /* Room around the points, and a width even where all are the same. */
    const double middle = 0.5 * (r->low + r->high);
    const double half = fmax(0.53 * (r->high - r->low), 1e-3 * fmax(1.0, fabs(middle)));
    *r = (vae_range){middle - half, middle + half};
    return VAE_OK;
}

/* Where data are drawn: a frame of PANEL_SIDE, its lower left corner the origin. */
typedef struct window {
    vae_range horizontal, vertical; /* of equal span, so that distances can be compared */
    double scale;                   /* points of the figure per unit */
    double dot;                     /* a dot's diameter */
} window;

static double place_x(const window *w, double value)
{
    return (value - w->horizontal.low) * w->scale;
}

static double place_y(const window *w, double value)
{
    return (w->vertical.low - value) * w->scale;
}

/* All rings are in the picture, so that a collapsed posterior is a dot in them. */
static void reach_rings(vae_range *r, int rings)
{
    const double reach = 1.1 * rings;
    if (rings < 1) return;
    *r = (vae_range){fmin(r->low, -reach), fmax(r->high, reach)};
}

static double length(vae_range r)
{
    return r.high - r.low;
}

static vae_status choose_window(const vae_panel *panel, window *w)
{
    if (panel->scatter.count < 1) return vae_error_set(VAE_ERROR_ARGUMENT, "plot '%s': no points", panel->title);
    VAE_TRY(find_range(panel, 0, &w->horizontal));
    VAE_TRY(find_range(panel, 1, &w->vertical));
    const double cloud = fmax(length(w->horizontal), length(w->vertical));
    reach_rings(&w->horizontal, panel->scatter.rings);
    reach_rings(&w->vertical, panel->scatter.rings);
    const double span = fmax(length(w->horizontal), length(w->vertical));
    const double x = 0.5 * (w->horizontal.low + w->horizontal.high);
    const double y = 0.5 * (w->vertical.low + w->vertical.high);
    w->horizontal = (vae_range){x - 0.5 * span, x + 0.5 * span};
    w->vertical = (vae_range){y - 0.5 * span, y + 0.5 * span};
    w->scale = PANEL_SIDE / span;
    w->dot = panel->scatter.count > 2000 ? 2.6 : 4.4;
    /* A cloud that has collapsed to a point should still be seen. */
    if (cloud * w->scale < 8.0) w->dot = 8.0;
    return VAE_OK;
}

static void draw_rings(cairo_t *context, const vae_panel *panel, const window *w)
{
    cairo_set_source_rgba(context, 0.2, 0.2, 0.2, 0.4);
    cairo_set_line_width(context, 0.8);
    for (int i = 1; i <= panel->scatter.rings; ++i) {
        cairo_new_sub_path(context);
        cairo_arc(context, place_x(w, 0.0), place_y(w, 0.0), i * w->scale, 0, 2 * M_PI);
        cairo_stroke(context);
    }
}

/* A point and its label. */
typedef struct dot {
    int32_t label;
    int64_t point;
} dot;

static int by_label(const void *a, const void *b)
{
    const dot *first = a, *second = b;
    if (first->label != second->label) return first->label < second->label ? -1 : 1;
    return (first->point > second->point) - (first->point < second->point);
}

/* Dots are the round ends of short lines (some viewers of SVG draw none of length zero), one path for all of a group
 * with the same label: a fraction of the size of an SVG with a circle a point. Groups are drawn one after the other, so
 * that no label hides the rest. */
static void draw_points(cairo_t *context, const vae_panel *panel, int64_t first, const window *w)
{
    dot dots[GROUP];
    const int64_t left = panel->scatter.count - first, count = left < GROUP ? left : GROUP;
    for (int64_t i = 0; i < count; ++i)
        dots[i] = (dot){panel->scatter.labels ? panel->scatter.labels[first + i] : 0, first + i};
    qsort(dots, (size_t)count, sizeof *dots, by_label);
    cairo_set_line_cap(context, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_width(context, w->dot);
    for (int64_t i = 0; i < count; ++i) {
        const float *point = panel->scatter.points + 2 * dots[i].point;
        cairo_move_to(context, place_x(w, (double)point[0]), place_y(w, (double)point[1]));
        cairo_rel_line_to(context, 0.02, 0.0);
        if (i + 1 < count && dots[i + 1].label == dots[i].label) continue;
        vae_plot_label_colour(context, dots[i].label, 0.65);
        cairo_stroke(context);
    }
}

vae_status vae_plot_scatter_range(const vae_panel *panel, vae_range *range)
{
    window w;
    VAE_TRY(choose_window(panel, &w));
    *range = w.vertical;
    return VAE_OK;
}

vae_status vae_plot_scatter(cairo_t *context, const vae_panel *panel, double x, double y, double margin)
{
    const vae_frame f = {x, y, PANEL_SIDE, PANEL_SIDE};
    window w;
    VAE_TRY(choose_window(panel, &w));
    cairo_save(context);
    cairo_rectangle(context, f.x, f.y, f.width, f.height);
    cairo_clip(context);
    cairo_translate(context, f.x, f.y + f.height);
    for (int64_t first = 0; first < panel->scatter.count; first += GROUP) {
        draw_points(context, panel, first, &w);
    }
    draw_rings(context, panel, &w);
    cairo_restore(context);
    vae_plot_frame(context, f, panel->title, panel->subtitle);
    vae_plot_ticks(context, f, w.horizontal, true);
    vae_plot_ticks(context, f, w.vertical, false);
    vae_plot_axis_names(context, f, margin, first_name, second_name, false);
    return VAE_OK;
}

/* ---- Manifold ---- */

/* The tiles side by side, lowest z₁ at the bottom, each pixel `factor` wide and high. */
static void fill_surface(cairo_surface_t *surface, const vae_panel *panel, int64_t factor)
{
    const int64_t side = panel->manifold.side;
    const int64_t height = panel->manifold.height * factor, width = panel->manifold.width * factor;
    const int64_t channels = panel->manifold.channels;
    unsigned char *data = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    for (int64_t y = 0; y < side * height; ++y) {
        uint32_t *line = (uint32_t *)(void *)(data + y * stride);
        for (int64_t x = 0; x < side * width; ++x) {
            const int64_t tile = (side - 1 - y / height) * side + x / width;
            const int64_t row = y % height / factor, column = x % width / factor;
            const int64_t pixel = (tile * panel->manifold.height + row) * panel->manifold.width + column;
            line[x] = vae_pixel_rgb24(panel->manifold.images + pixel * channels, channels);
        }
    }
    cairo_surface_mark_dirty(surface);
}

const vae_range vae_plot_manifold_range = {-2, 2};

vae_status vae_plot_manifold(cairo_t *context, const vae_panel *panel, double x, double y, double margin)
{
    const int64_t pixel_width = panel->manifold.side * panel->manifold.width;
    const int64_t pixel_height = panel->manifold.side * panel->manifold.height;
    if (pixel_width < 1 || pixel_height < 1 || pixel_width > 16384 || pixel_height > 16384) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "plot '%s': a grid of %lld x %lld pixels cannot be drawn",
                             panel->title, (long long)pixel_width, (long long)pixel_height);
    }
    if (!vae_image_can_show(panel->manifold.channels)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "plot '%s': images of %lld channels, but 1 or 3 can be drawn",
                             panel->title, (long long)panel->manifold.channels);
    }
    const int64_t longer = pixel_width > pixel_height ? pixel_width : pixel_height;
    /* Few pixels are magnified here, as cairo would blur them and fade the outer ones. */
    const int64_t factor = (2 * PANEL_SIDE + longer - 1) / longer;
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(pixel_width * factor), (int)(pixel_height * factor));
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) {
        cairo_surface_destroy(surface);
        return vae_error_set(VAE_ERROR_MEMORY, "plot '%s': out of memory", panel->title);
    }
    fill_surface(surface, panel, factor);
    const double unit = PANEL_SIDE / (double)longer;
    const double width = unit * (double)pixel_width, height = unit * (double)pixel_height;
    const vae_frame f = {x + 0.5 * (PANEL_SIDE - width), y + 0.5 * (PANEL_SIDE - height), width, height};
    vae_plot_image(context, f, surface);
    cairo_surface_destroy(surface);
    vae_plot_frame(context, f, panel->title, panel->subtitle);
    for (int z = (int)vae_plot_manifold_range.low; z <= (int)vae_plot_manifold_range.high; ++z) {
        vae_plot_tick(context, f, vae_normal_cdf(z), z, true);
        vae_plot_tick(context, f, vae_normal_cdf(z), z, false);
    }
    vae_plot_axis_names(context, f, margin, first_name, second_name, false);
    return VAE_OK;
}
