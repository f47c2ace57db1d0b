/* Figures: panels in rows and columns with one legend, as PNG and SVG. */
#include "draw/plot.h"

#include <cairo-svg.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "draw/axes.h"
#include "draw/font.h"
#include "draw/surface.h"

enum { LEGEND_ROWS = 17, LEGEND_LINE = 21, LEGEND_COLUMN = 54, LEGEND_NAMES = 150, LEGEND_TEXT = 20 };
/* A legend has at most LEGEND_MOST entries; where labels are more, it has the first LEGEND_FIRST, in three columns. */
enum { LEGEND_MOST = 256, LEGEND_FIRST = 3 * LEGEND_ROWS - 1, MARGIN_RIGHT = 22 };

typedef struct figure {
    const vae_panel *panels;
    int rows, columns;
    int64_t label_count; /* different ones, of all panels */
    int entries;         /* of the legend: each label, or, of too many, the first, and one line for the rest */
    int32_t labels[LEGEND_MOST];
    const char *names[LEGEND_MOST]; /* NULL: the number */
    double legend_column;           /* width */
    double margin;                  /* to the left of each panel: what the widest of their ticks need */
    double width, height;
} figure;

/* ---- Legend ---- */

static bool has_labels(const vae_panel *panel)
{
    return panel->kind == VAE_PANEL_SCATTER && panel->scatter.labels;
}

static int32_t largest_label(const figure *f)
{
    int32_t largest = -1;
    for (int p = 0; p < f->rows * f->columns; ++p) {
        for (int64_t i = 0; has_labels(&f->panels[p]) && i < f->panels[p].scatter.count; ++i) {
            const int32_t label = f->panels[p].scatter.labels[i];
            largest = label > largest ? label : largest;
        }
    }
    return largest;
}

/* How many there are, and those that the legend shows: the first. */
static vae_status find_labels(figure *f)
{
    const int32_t largest = largest_label(f);
    bool *present = calloc((size_t)largest + 2, sizeof *present);
    if (!present) return vae_error_set(VAE_ERROR_MEMORY, "plot: out of memory");
    for (int p = 0; p < f->rows * f->columns; ++p) {
        for (int64_t i = 0; has_labels(&f->panels[p]) && i < f->panels[p].scatter.count; ++i)
            present[f->panels[p].scatter.labels[i]] = true;
    }
    for (int32_t label = 0; label <= largest; ++label) {
        if (!present[label]) continue;
        if (f->label_count < LEGEND_MOST) f->labels[f->label_count] = label;
        f->label_count++;
    }
    f->entries = (int)(f->label_count > LEGEND_MOST ? LEGEND_FIRST : f->label_count);
    free(present);
    return VAE_OK;
}

static bool has_label(const vae_panel *panel, int32_t label)
{
    bool found = false;
    for (int64_t i = 0; has_labels(panel) && i < panel->scatter.count && !found; ++i)
        found = panel->scatter.labels[i] == label;
    return found;
}

/* What all panels that show the label call it; NULL where some do not, or not the same. */
static const char *find_name(const figure *f, int32_t label)
{
    const char *found = NULL;
    for (int p = 0; p < f->rows * f->columns; ++p) {
        if (!has_label(&f->panels[p], label)) continue;
        const char *const *names = f->panels[p].scatter.class_names;
        const char *name = names && label < f->panels[p].scatter.class_count ? names[label] : NULL;
        if (!name || (found && strcmp(found, name) != 0)) return NULL;
        found = name;
    }
    return found;
}

/* A dot, unless label is -1, and a text. */
static void draw_entry(cairo_t *context, const figure *f, double x, double y, int place, int32_t label,
                       const char *text)
{
    const int column = place / LEGEND_ROWS, row = place % LEGEND_ROWS;
    const double left = x + f->legend_column * column, line = y + 34 + LEGEND_LINE * row;
    if (label >= 0) {
        vae_plot_label_colour(context, label, 1.0);
        cairo_arc(context, left + 6, line - 4.5, 5, 0, 2 * M_PI);
        cairo_fill(context);
    }
    cairo_set_source_rgb(context, 0.1, 0.1, 0.1);
    vae_plot_text_within(context, left + LEGEND_TEXT, line, FONT_SIZE, VAE_ALIGN_LEFT,
                         f->legend_column - LEGEND_TEXT - 4, text);
}

static void draw_legend(cairo_t *context, const figure *f, double x, double y)
{
    char text[256];
    cairo_set_source_rgb(context, 0.1, 0.1, 0.1);
    vae_plot_text(context, x, y + 10, FONT_SIZE, VAE_ALIGN_LEFT, "label");
    for (int i = 0; i < f->entries; ++i) {
        snprintf(text, sizeof text, "%" PRId32, f->labels[i]);
        if (f->names[i]) vae_utf8_show(f->names[i], text, sizeof text); /* a folder's may be any bytes */
        draw_entry(context, f, x, y, i, f->labels[i], text);
    }
    if (f->label_count == f->entries) return;
    snprintf(text, sizeof text, "… %" PRId64 " more", f->label_count - f->entries);
    draw_entry(context, f, x, y, f->entries, -1, text);
}

/* ---- Figure ---- */

static double panel_x(const figure *f, int column)
{
    return f->margin + column * (PANEL_SIDE + f->margin + PANEL_GAP);
}

static double panel_y(int row)
{
    return PANEL_TOP + row * (PANEL_SIDE + PANEL_TOP + PANEL_BOTTOM);
}

static vae_status find_range(const vae_panel *panel, vae_range *range)
{
    switch (panel->kind) {
    case VAE_PANEL_SCATTER: return vae_plot_scatter_range(panel, range);
    case VAE_PANEL_BARS: return vae_plot_bars_range(panel, range);
    case VAE_PANEL_MANIFOLD: break;
    }
    *range = vae_plot_manifold_range;
    return VAE_OK;
}

static vae_status find_margin(figure *f)
{
    for (int i = 0; i < f->rows * f->columns; ++i) {
        vae_range range;
        VAE_TRY(find_range(&f->panels[i], &range));
        f->margin = fmax(f->margin, vae_plot_margin(range));
    }
    return VAE_OK;
}

static vae_status measure(figure *f)
{
    VAE_TRY(find_labels(f));
    VAE_TRY(find_margin(f));
    const bool cut = f->label_count > f->entries;
    f->legend_column = cut ? LEGEND_NAMES : LEGEND_COLUMN;
    for (int i = 0; i < f->entries; ++i) {
        f->names[i] = find_name(f, f->labels[i]);
        if (f->names[i] && strlen(f->names[i]) > 3) f->legend_column = LEGEND_NAMES;
    }
    const int legend_columns = (f->entries + cut + LEGEND_ROWS - 1) / LEGEND_ROWS;
    f->width = panel_x(f, f->columns - 1) + PANEL_SIDE + MARGIN_RIGHT;
    if (f->entries > 0) f->width += MARGIN_RIGHT + f->legend_column * legend_columns;
    f->height = panel_y(f->rows - 1) + PANEL_SIDE + PANEL_BOTTOM;
    return VAE_OK;
}

static vae_status draw_panel(cairo_t *context, const vae_panel *panel, double x, double y, double margin)
{
    switch (panel->kind) {
    case VAE_PANEL_SCATTER: return vae_plot_scatter(context, panel, x, y, margin);
    case VAE_PANEL_MANIFOLD: return vae_plot_manifold(context, panel, x, y, margin);
    case VAE_PANEL_BARS: break;
    }
    return vae_plot_bars(context, panel, x, y, margin);
}

static vae_status draw_figure(cairo_t *context, const figure *f)
{
    cairo_set_source_rgb(context, 1, 1, 1);
    cairo_paint(context);
    vae_font_select(context);
    bool legend = false;
    for (int i = 0; i < f->rows * f->columns; ++i) {
        const vae_panel *panel = &f->panels[i];
        const double x = panel_x(f, i % f->columns), y = panel_y(i / f->columns);
        VAE_TRY(draw_panel(context, panel, x, y, f->margin));
        legend = legend || has_labels(panel);
    }
    if (legend) draw_legend(context, f, panel_x(f, f->columns - 1) + PANEL_SIDE + MARGIN_RIGHT, PANEL_TOP);
    return VAE_OK;
}

/* ---- Files ---- */

static vae_status draw_on_surface(const char *path, cairo_surface_t *surface, const figure *f, double scale)
{
    cairo_t *context = cairo_create(surface);
    cairo_scale(context, scale, scale);
    vae_status status = draw_figure(context, f);
    if (!status && cairo_status(context) != CAIRO_STATUS_SUCCESS) {
        status = vae_error_set(VAE_ERROR_IO, "%s: cairo: %s", path, cairo_status_to_string(cairo_status(context)));
    }
    cairo_destroy(context);
    return status;
}

static vae_status write_png(const char *path, const figure *f)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(f->width * PANEL_SCALE), (int)(f->height * PANEL_SCALE));
    vae_status status = draw_on_surface(path, surface, f, PANEL_SCALE);
    if (!status) status = vae_surface_write_png(path, surface);
    cairo_surface_destroy(surface);
    return status;
}

static vae_status write_svg(const char *path, const figure *f)
{
    vae_surface_bytes buffer = {0};
    cairo_surface_t *surface = cairo_svg_surface_create_for_stream(vae_surface_append, &buffer, f->width, f->height);
    vae_status status = draw_on_surface(path, surface, f, 1.0);
    cairo_surface_finish(surface);
    const cairo_status_t code = cairo_surface_status(surface);
    if (!status && code != CAIRO_STATUS_SUCCESS) {
        status = vae_error_set(VAE_ERROR_IO, "%s: cairo: %s", path, cairo_status_to_string(code));
    }
    if (!status) status = vae_surface_write_bytes(path, &buffer);
    cairo_surface_destroy(surface);
    free(buffer.bytes);
    return status;
}

static bool ends_with(const char *name, const char *ending)
{
    const size_t length = strlen(name), end = strlen(ending);
    return length > end && strcasecmp(name + length - end, ending) == 0;
}

int vae_plot_paths(const char *name, char paths[2][VAE_PLOT_PATH_SIZE])
{
    const bool alone = ends_with(name, ".png") || ends_with(name, ".svg");
    if (strlen(name) + sizeof ".png" > VAE_PLOT_PATH_SIZE) return 0;
    snprintf(paths[0], VAE_PLOT_PATH_SIZE, "%s%s", name, alone ? "" : ".png");
    snprintf(paths[1], VAE_PLOT_PATH_SIZE, "%s.svg", name);
    return alone ? 1 : 2;
}

vae_status vae_plot_write(const char *prefix, const vae_panel *panels, int rows, int columns)
{
    if (rows < 1 || columns < 1 || rows > 64 || columns > 64 || rows * columns > 64) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: a figure has 1 to 64 panels", prefix);
    }
    char paths[2][VAE_PLOT_PATH_SIZE];
    const int count = vae_plot_paths(prefix, paths);
    if (count == 0) return vae_error_set(VAE_ERROR_ARGUMENT, "%.100s…: the name is too long", prefix);
    figure f = {.panels = panels, .rows = rows, .columns = columns};
    VAE_TRY(measure(&f));
    for (int i = 0; i < count; ++i)
        VAE_TRY(ends_with(paths[i], ".svg") ? write_svg(paths[i], &f) : write_png(paths[i], &f));
    return VAE_OK;
}
