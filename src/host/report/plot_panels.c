#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/normal.h"
#include "report/plot_internal.h"

/* ---- Axes ---- */

static void draw_frame(cairo_t *context, const vae_panel *panel, double x, double y)
{
    cairo_set_source_rgb(context, 0.25, 0.25, 0.25);
    cairo_set_line_width(context, 1.0);
    cairo_rectangle(context, x, y, PANEL_SIDE, PANEL_SIDE);
    cairo_stroke(context);
    cairo_set_source_rgb(context, 0.1, 0.1, 0.1);
    const double baseline = panel->subtitle ? y - 26 : y - 12;
    vae_plot_text(context, x + PANEL_SIDE / 2.0, baseline, TITLE_SIZE, VAE_ALIGN_CENTRE, panel->title);
    if (!panel->subtitle) return;
    cairo_set_source_rgb(context, 0.4, 0.4, 0.4);
    vae_plot_text(context, x + PANEL_SIDE / 2.0, y - 9, FONT_SIZE, VAE_ALIGN_CENTRE, panel->subtitle);
}

static void draw_axis_names(cairo_t *context, double x, double y)
{
    cairo_set_source_rgb(context, 0.1, 0.1, 0.1);
    vae_plot_text(context, x + PANEL_SIDE / 2.0, y + PANEL_SIDE + 38, FONT_SIZE, VAE_ALIGN_CENTRE, "z₁");
    vae_plot_text(context, x - 44, y + PANEL_SIDE / 2.0, FONT_SIZE, VAE_ALIGN_CENTRE, "z₂");
}

/* A tick on both axes at `place` in [0, 1] of the frame's side. */
static void draw_tick(cairo_t *context, double x, double y, double place, const char *text, int horizontal)
{
    const double along = place * PANEL_SIDE;
    cairo_set_source_rgb(context, 0.25, 0.25, 0.25);
    if (horizontal) {
        cairo_move_to(context, x + along, y + PANEL_SIDE);
        cairo_rel_line_to(context, 0, 5);
        cairo_stroke(context);
        vae_plot_text(context, x + along, y + PANEL_SIDE + 19, FONT_SIZE, VAE_ALIGN_CENTRE, text);
    } else {
        cairo_move_to(context, x, y + PANEL_SIDE - along);
        cairo_rel_line_to(context, -5, 0);
        cairo_stroke(context);
        vae_plot_text(context, x - 8, y + PANEL_SIDE - along + 4.5, FONT_SIZE, VAE_ALIGN_RIGHT, text);
    }
}

/* ---- Scatter ---- */

/* Points drawn together. */
enum { GROUP = 500 };

typedef struct range {
    double low, high;
} range;

/* 1, 2 or 5 times a power of ten, about five to an axis. */
static double tick_step(range r)
{
    const double rough = (r.high - r.low) / 5.0;
    const double power = pow(10.0, floor(log10(rough)));
    const double fraction = rough / power;
    return power * (fraction < 1.5 ? 1.0 : (fraction < 3.5 ? 2.0 : (fraction < 7.5 ? 5.0 : 10.0)));
}

static void draw_ticks(cairo_t *context, double x, double y, range r, int horizontal)
{
    const double step = tick_step(r);
    const int64_t last = (int64_t)floor(r.high / step + 1e-9);
    for (int64_t i = (int64_t)ceil(r.low / step - 1e-9); i <= last; ++i) {
        const double value = (double)i * step;
        char text[32];
        snprintf(text, sizeof text, "%g", value);
        draw_tick(context, x, y, (value - r.low) / (r.high - r.low), text, horizontal);
    }
}

static vae_status find_range(const vae_panel *panel, int axis, range *r)
{
    *r = (range){INFINITY, -INFINITY};
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
    *r = (range){middle - half, middle + half};
    return VAE_OK;
}

/* Dots are round line ends, one path for all of a group with the same label: an SVG tenth the size of one with a circle
 * a point. Groups are drawn one after the other, so that no label hides the rest. The origin is the frame's lower left.
 */
static void draw_points(cairo_t *context, const vae_panel *panel, int64_t first, range horizontal, range vertical)
{
    const int64_t end = first + GROUP < panel->scatter.count ? first + GROUP : panel->scatter.count;
    const double scale = PANEL_SIDE / (horizontal.high - horizontal.low);
    cairo_set_line_cap(context, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_width(context, panel->scatter.count > 2000 ? 2.6 : 4.4);
    for (int label = 0; label < 256; ++label) {
        bool any = false;
        for (int64_t i = first; i < end; ++i) {
            if ((panel->scatter.labels ? panel->scatter.labels[i] : 0) != label) continue;
            cairo_move_to(context, ((double)panel->scatter.points[2 * i] - horizontal.low) * scale,
                          (vertical.low - (double)panel->scatter.points[2 * i + 1]) * scale);
            cairo_close_path(context);
            any = true;
        }
        if (!any) continue;
        vae_plot_label_colour(context, label, 0.65);
        cairo_stroke(context);
    }
}

vae_status vae_plot_scatter(cairo_t *context, const vae_panel *panel, double x, double y)
{
    range horizontal, vertical;
    if (panel->scatter.count < 1) return vae_error_set(VAE_ERROR_ARGUMENT, "plot '%s': no points", panel->title);
    VAE_TRY(find_range(panel, 0, &horizontal));
    VAE_TRY(find_range(panel, 1, &vertical));
    /* Both axes span the same, so that distances can be compared. */
    const double span =
        fmax(fmax(horizontal.high - horizontal.low, vertical.high - vertical.low), panel->scatter.least_span);
    const double middle_x = 0.5 * (horizontal.low + horizontal.high), middle_y = 0.5 * (vertical.low + vertical.high);
    horizontal = (range){middle_x - 0.5 * span, middle_x + 0.5 * span};
    vertical = (range){middle_y - 0.5 * span, middle_y + 0.5 * span};
    cairo_save(context);
    cairo_rectangle(context, x, y, PANEL_SIDE, PANEL_SIDE);
    cairo_clip(context);
    cairo_translate(context, x, y + PANEL_SIDE);
    for (int64_t first = 0; first < panel->scatter.count; first += GROUP) {
        draw_points(context, panel, first, horizontal, vertical);
    }
    cairo_restore(context);
    draw_frame(context, panel, x, y);
    draw_ticks(context, x, y, horizontal, 1);
    draw_ticks(context, x, y, vertical, 0);
    draw_axis_names(context, x, y);
    return VAE_OK;
}

/* ---- Manifold ---- */

static uint32_t to_byte(float value)
{
    return value > 0.0f ? (value < 1.0f ? (uint32_t)lrintf(value * 255.0f) : 255u) : 0u;
}

static uint32_t to_pixel(const float *pixel, int64_t channels)
{
    const uint32_t red = to_byte(pixel[0]);
    const uint32_t green = channels == 3 ? to_byte(pixel[1]) : red;
    const uint32_t blue = channels == 3 ? to_byte(pixel[2]) : red;
    return red << 16 | green << 8 | blue;
}

/* The tiles side by side, lowest z₂ at the bottom. */
static void fill_surface(cairo_surface_t *surface, const vae_panel *panel)
{
    const int64_t side = panel->manifold.side, height = panel->manifold.height, width = panel->manifold.width;
    const int64_t channels = panel->manifold.channels;
    unsigned char *data = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    for (int64_t y = 0; y < side * height; ++y) {
        uint32_t *line = (uint32_t *)(void *)(data + y * stride);
        for (int64_t x = 0; x < side * width; ++x) {
            const int64_t tile = (side - 1 - y / height) * side + x / width;
            const float *image = panel->manifold.images + tile * height * width * channels;
            line[x] = to_pixel(image + ((y % height) * width + x % width) * channels, channels);
        }
    }
    cairo_surface_mark_dirty(surface);
}

vae_status vae_plot_manifold(cairo_t *context, const vae_panel *panel, double x, double y)
{
    const int64_t pixel_width = panel->manifold.side * panel->manifold.width;
    const int64_t pixel_height = panel->manifold.side * panel->manifold.height;
    if (pixel_width < 1 || pixel_height < 1 || pixel_width > 16384 || pixel_height > 16384) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "plot '%s': a grid of %lld x %lld pixels cannot be drawn",
                             panel->title, (long long)pixel_width, (long long)pixel_height);
    }
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)pixel_width, (int)pixel_height);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) {
        cairo_surface_destroy(surface);
        return vae_error_set(VAE_ERROR_MEMORY, "plot '%s': out of memory", panel->title);
    }
    fill_surface(surface, panel);
    cairo_save(context);
    cairo_translate(context, x, y);
    cairo_scale(context, PANEL_SIDE / (double)pixel_width, PANEL_SIDE / (double)pixel_height);
    cairo_set_source_surface(context, surface, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(context), CAIRO_FILTER_GOOD);
    cairo_paint(context);
    cairo_restore(context);
    cairo_surface_destroy(surface);
    draw_frame(context, panel, x, y);
    for (int z = -2; z <= 2; ++z) {
        char text[8];
        snprintf(text, sizeof text, "%d", z);
        draw_tick(context, x, y, vae_normal_cdf(z), text, 1);
        draw_tick(context, x, y, vae_normal_cdf(z), text, 0);
    }
    draw_axis_names(context, x, y);
    return VAE_OK;
}
