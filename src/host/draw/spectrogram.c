/* Draws grids of spectrograms by cairo. */
#include "draw/spectrogram.h"

#include <cairo.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "draw/axes.h"
#include "draw/colour_map.h"
#include "draw/font.h"
#include "draw/surface.h"

/* In points of the figure: of a cell, which is twice as wide as high, above it, between cells, and between ticks that
 * are not evenly spaced. */
enum { CELL_WIDTH = PANEL_SIDE, CELL_HEIGHT = PANEL_SIDE / 2, CELL_TOP = 40, MARGIN_RIGHT = 22, TICK_GAP = 24 };
enum { MOST_TICKS = 32, MOST_PIXELS = 32767 };

typedef struct figure {
    const vae_spectrogram_grid *grid;
    int64_t rows, columns, longest; /* frames */
    double low, high, margin, width, height;
    vae_range seconds, hertz;
    vae_colour_map map;
} figure;

/* ---- Measures ---- */

static vae_status check(const vae_spectrogram_grid *g)
{
    if (g->count < 1 || g->columns < 1) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "a grid needs at least one spectrogram and one column");
    }
    if (g->bands < 2 || !(g->frame_seconds > 0.0) || !(g->low <= g->high)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "a spectrogram of %" PRId64 " bands, %g s a frame, from %g to %g",
                             g->bands, g->frame_seconds, g->low, g->high);
    }
    for (int64_t b = 1; b < g->bands; ++b) {
        if (g->hertz[b] > g->hertz[b - 1]) continue;
        return vae_error_set(VAE_ERROR_ARGUMENT, "band %" PRId64 " of a spectrogram does not lie above the one before",
                             b);
    }
    return VAE_OK;
}

static vae_status find_range(figure *f, int64_t item)
{
    const vae_spectrogram *one = &f->grid->items[item];
    const int64_t bands = f->grid->bands;
    if (one->frames < 1) return vae_error_set(VAE_ERROR_ARGUMENT, "spectrogram %" PRId64 " has no frames", item);
    for (int64_t i = 0; i < one->frames * bands; ++i) {
        const double value = (double)one->values[i];
        if (!isfinite(value)) {
            return vae_error_set(VAE_ERROR_NUMERIC,
                                 "spectrogram %" PRId64 ": frame %" PRId64 ", band %" PRId64 " is not finite", item,
                                 i / bands, i % bands);
        }
        f->low = fmin(f->low, value);
        f->high = fmax(f->high, value);
    }
    f->longest = one->frames > f->longest ? one->frames : f->longest;
    return VAE_OK;
}

/* Frequencies of the cell's edges, half a band beyond the middles of the outermost. */
static vae_range find_edges(const vae_spectrogram_grid *g)
{
    const double *h = g->hertz;
    return (vae_range){h[0] - 0.5 * (h[1] - h[0]), h[g->bands - 1] + 0.5 * (h[g->bands - 1] - h[g->bands - 2])};
}

static vae_status find_size(figure *f)
{
    const vae_spectrogram_grid *g = f->grid;
    f->columns = g->columns < g->count ? g->columns : g->count;
    f->rows = (g->count + f->columns - 1) / f->columns;
    f->hertz = find_edges(g);
    f->margin = vae_plot_margin(f->hertz);
    f->width = (double)f->columns * (f->margin + CELL_WIDTH + PANEL_GAP) - PANEL_GAP + MARGIN_RIGHT;
    f->height = (double)f->rows * (CELL_TOP + CELL_HEIGHT + PANEL_BOTTOM);
    if (PANEL_SCALE * fmax(f->width, f->height) <= MOST_PIXELS) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT,
                         "the grid of %" PRId64 " x %" PRId64 " spectrograms would have more than %d pixels a side",
                         f->columns, f->rows, MOST_PIXELS);
}

static vae_status measure(figure *f)
{
    const vae_spectrogram_grid *g = f->grid;
    VAE_TRY(check(g));
    VAE_TRY(find_size(f));
    f->low = INFINITY;
    f->high = -INFINITY;
    for (int64_t i = 0; i < g->count; ++i)
        VAE_TRY(find_range(f, i));
    if (g->low < g->high) {
        f->low = g->low;
        f->high = g->high;
    }
    f->seconds = (vae_range){-0.5 * g->frame_seconds, ((double)f->longest - 0.5) * g->frame_seconds};
    f->map = vae_colour_map_make();
    return VAE_OK;
}

/* ---- Frequencies ---- */

/* Where in [0, 1] of the cell's height a frequency between its edges is. */
static double place_of(const figure *f, double hertz)
{
    const vae_spectrogram_grid *g = f->grid;
    int64_t above = 1;
    while (above < g->bands - 1 && g->hertz[above] < hertz)
        ++above;
    const double below = g->hertz[above - 1], step = g->hertz[above] - below;
    return ((double)above - 0.5 + (hertz - below) / step) / (double)g->bands;
}

static bool is_even(const vae_spectrogram_grid *g)
{
    const double mean = (g->hertz[g->bands - 1] - g->hertz[0]) / (double)(g->bands - 1);
    bool even = true;
    for (int64_t b = 1; b < g->bands && even; ++b)
        even = fabs(g->hertz[b] - g->hertz[b - 1] - mean) < 1e-3 * mean;
    return even;
}

/* Places of ticks that were drawn. */
typedef struct tick_list {
    double place[MOST_TICKS];
    int count;
} tick_list;

static void try_tick(cairo_t *context, const figure *f, vae_frame frame, double hertz, tick_list *drawn)
{
    if (hertz < f->hertz.low || hertz > f->hertz.high || drawn->count == MOST_TICKS) return;
    const double place = place_of(f, hertz);
    for (int i = 0; i < drawn->count; ++i) {
        if (fabs(place - drawn->place[i]) * CELL_HEIGHT < TICK_GAP) return;
    }
    vae_plot_tick(context, frame, place, hertz, false);
    drawn->place[drawn->count++] = place;
}

/* Of one digit and zeros, the roundest first, where there is room for them. */
static void draw_uneven_ticks(cairo_t *context, const figure *f, vae_frame frame)
{
    static const int digits[] = {1, 5, 2, 3, 4, 6, 7, 8, 9};
    const int greatest = (int)floor(log10(f->hertz.high));
    tick_list drawn = {.count = 0};
    for (size_t d = 0; d < sizeof digits / sizeof *digits; ++d) {
        for (int power = greatest; power >= greatest - 3; --power)
            try_tick(context, f, frame, digits[d] * pow(10.0, power), &drawn);
    }
}

/* ---- Cells ---- */

/* The mean of the values of `across` frames by `up` bands from (frame, band) on, as far as there are. */
static double mean_of(const figure *f, const vae_spectrogram *one, int64_t frame, int64_t band, int64_t across,
                      int64_t up)
{
    const int64_t bands = f->grid->bands;
    double sum = 0.0;
    int64_t count = 0;
    for (int64_t t = frame; t < frame + across && t < one->frames; ++t) {
        for (int64_t b = band; b < band + up && b < bands; ++b, ++count)
            sum += (double)one->values[t * bands + b];
    }
    return sum / (double)count;
}

/* How a side of `count` numbers becomes pixels, at least as many as there is room for: several to a number, or, of very
 * many, several numbers to a pixel. */
typedef struct side {
    int64_t group, repeat, pixels;
} side;

static side plan_side(int64_t count, int64_t room)
{
    const int64_t group = count > 2 * room ? count / room : 1;
    const int64_t groups = (count + group - 1) / group, repeat = (room + groups - 1) / groups;
    return (side){group, repeat, groups * repeat};
}

/* Magnified here, as cairo would blur few frames and fade the outer ones. */
static cairo_surface_t *make_image(const figure *f, const vae_spectrogram *one)
{
    const side x = plan_side(one->frames, (int64_t)PANEL_SCALE * CELL_WIDTH),
               y = plan_side(f->grid->bands, (int64_t)PANEL_SCALE * CELL_HEIGHT);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)x.pixels, (int)y.pixels);
    unsigned char *data = cairo_image_surface_get_data(surface);
    if (!data) return surface; /* which says why */
    const int stride = cairo_image_surface_get_stride(surface);
    const double scale = f->high > f->low ? 1.0 / (f->high - f->low) : 0.0;
    for (int64_t v = 0; v < y.pixels; v += y.repeat) {
        for (int64_t h = 0; h < x.pixels; h += x.repeat) {
            const double value = mean_of(f, one, h / x.repeat * x.group, v / y.repeat * y.group, x.group, y.group);
            const uint32_t colour = vae_colour_map_at(&f->map, (value - f->low) * scale);
            for (int64_t i = 0; i < x.repeat * y.repeat; ++i) {
                uint32_t *line = (uint32_t *)(void *)(data + (y.pixels - 1 - v - i / x.repeat) * stride);
                line[h + i % x.repeat] = colour;
            }
        }
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

static void draw_cell(cairo_t *context, const figure *f, int64_t index)
{
    const vae_spectrogram *one = &f->grid->items[index];
    const int64_t row = index / f->columns, column = index % f->columns;
    const double x = f->margin + (double)column * (CELL_WIDTH + f->margin + PANEL_GAP);
    const double y = CELL_TOP + (double)row * (CELL_HEIGHT + CELL_TOP + PANEL_BOTTOM);
    const vae_frame frame = {x, y, CELL_WIDTH, CELL_HEIGHT};
    vae_frame filled = frame;
    filled.width *= (double)one->frames / (double)f->longest;
    cairo_surface_t *image = make_image(f, one);
    vae_plot_image(context, filled, image);
    cairo_surface_destroy(image);
    vae_plot_frame(context, frame, one->title, NULL);
    vae_plot_ticks(context, frame, f->seconds, true);
    if (is_even(f->grid)) {
        vae_plot_ticks(context, frame, f->hertz, false);
    } else {
        draw_uneven_ticks(context, f, frame);
    }
    vae_plot_axis_names(context, frame, f->margin, "seconds", "Hz", false);
}

static vae_status draw(cairo_surface_t *surface, const figure *f)
{
    cairo_t *context = cairo_create(surface);
    cairo_scale(context, PANEL_SCALE, PANEL_SCALE);
    cairo_set_source_rgb(context, 1, 1, 1);
    cairo_paint(context);
    vae_font_select(context);
    for (int64_t i = 0; i < f->grid->count; ++i)
        draw_cell(context, f, i);
    const cairo_status_t code = cairo_status(context);
    cairo_destroy(context);
    if (code == CAIRO_STATUS_SUCCESS) return VAE_OK;
    return vae_error_set(code == CAIRO_STATUS_NO_MEMORY ? VAE_ERROR_MEMORY : VAE_ERROR_ARGUMENT, "cairo: %s",
                         cairo_status_to_string(code));
}

vae_status vae_spectrogram_write(const char *path, const vae_spectrogram_grid *grid)
{
    figure f = {.grid = grid};
    vae_status status = measure(&f);
    if (status) return vae_error_prepend(status, "%s", path);
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(PANEL_SCALE * f.width), (int)(PANEL_SCALE * f.height));
    status = draw(surface, &f);
    status = status ? vae_error_prepend(status, "%s", path) : vae_surface_write_png(path, surface);
    cairo_surface_destroy(surface);
    return status;
}
