/* Draws piano rolls by cairo, for all kinds of files alike. */
#include "draw/piano_roll.h"

#include <cairo-svg.h>
#include <cairo.h>
#include <inttypes.h>
#include <stdlib.h>

#include "draw/font.h"
#include "draw/labels.h"
#include "draw/surface.h"

enum { MOST_PIXELS = 32768, OCTAVE = 12, LOWEST = 0, HIGHEST = 127 };
/* Of a cell, in pixels: a semitone's height, the width that a roll should have, a step's least and greatest, and what
 * is left around it. */
enum { SEMITONE = 4, WANTED_WIDTH = 240, LEAST_STEP = 3, MOST_STEP = 10, MARGIN = 8 };

typedef struct layout {
    int64_t columns, rows;
    int low, high;       /* the pitches that are shown */
    int64_t steps, step; /* of the longest roll; pixels of one */
    int64_t left, top, cell_width, cell_height, width, height;
} layout;

/* ---- Layout ---- */

/* An octave at least, with a semitone to spare on either side. */
static void find_pitches(const vae_piano_roll_grid *grid, layout *l)
{
    int low = HIGHEST, high = LOWEST;
    l->steps = 1;
    for (int64_t i = 0; i < grid->count; ++i) {
        const vae_piano_roll *roll = &grid->rolls[i];
        if (roll->steps > l->steps) l->steps = roll->steps;
        for (int64_t n = 0; n < roll->count; ++n) {
            if (roll->notes[n].pitch < low) low = roll->notes[n].pitch;
            if (roll->notes[n].pitch > high) high = roll->notes[n].pitch;
        }
    }
    if (low > high) low = high = 60;
    const int missing = OCTAVE - (high - low);
    if (missing > 0) {
        low -= missing / 2;
        high += missing - missing / 2;
    }
    l->low = low > LOWEST ? low - 1 : LOWEST;
    l->high = high < HIGHEST ? high + 1 : HIGHEST;
}

static vae_status make_layout(const vae_piano_roll_grid *grid, layout *l)
{
    if (grid->count < 1 || grid->columns < 1) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "a grid needs at least one piano roll and one column");
    }
    *l = (layout){.columns = grid->columns < grid->count ? grid->columns : grid->count};
    l->rows = (grid->count + l->columns - 1) / l->columns;
    find_pitches(grid, l);
    l->step = WANTED_WIDTH / l->steps;
    l->step = l->step < LEAST_STEP ? LEAST_STEP : l->step > MOST_STEP ? MOST_STEP : l->step;
    l->cell_width = l->steps * l->step + 2 * MARGIN;
    l->cell_height = (l->high - l->low + 1) * SEMITONE + 2 * MARGIN;
    l->left = vae_label_room(grid->names, l->rows);
    l->top = grid->heads ? VAE_LABEL_HEAD : 0;
    if (l->columns > (MOST_PIXELS - l->left) / l->cell_width || l->rows > (MOST_PIXELS - l->top) / l->cell_height) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "the grid of %" PRId64 " x %" PRId64 " piano rolls of %" PRId64 " x %" PRId64
                             " pixels would have more than %d pixels a side",
                             l->columns, l->rows, l->cell_width, l->cell_height, MOST_PIXELS);
    }
    l->width = l->left + l->columns * l->cell_width;
    l->height = l->top + l->rows * l->cell_height;
    return VAE_OK;
}

/* ---- A cell ---- */

static void set_colour(cairo_t *context, uint32_t colour)
{
    cairo_set_source_rgb(context, (colour >> 16) / 255.0, (colour >> 8 & 255) / 255.0, (colour & 255) / 255.0);
}

static bool is_black(int pitch)
{
    const int tone = pitch % OCTAVE;
    return tone == 1 || tone == 3 || tone == 6 || tone == 8 || tone == 10;
}

static double y_of(const layout *l, int pitch)
{
    return (double)((l->high - pitch) * SEMITONE);
}

/* Rows of black keys are grey; each octave begins with a line, as C does. */
static void draw_keys(cairo_t *context, const layout *l, double width)
{
    set_colour(context, 0xF2F4F7);
    for (int pitch = l->low; pitch <= l->high; ++pitch) {
        if (is_black(pitch)) cairo_rectangle(context, 0, y_of(l, pitch), width, SEMITONE);
    }
    cairo_fill(context);
    set_colour(context, 0xD5DAE1);
    for (int pitch = l->low; pitch <= l->high; ++pitch) {
        if (pitch % OCTAVE == 0) cairo_rectangle(context, 0, y_of(l, pitch) + SEMITONE - 0.5, width, 1);
    }
    cairo_fill(context);
}

static void draw_lines(cairo_t *context, const layout *l, int64_t steps, int64_t every, uint32_t colour)
{
    const double height = (double)((l->high - l->low + 1) * SEMITONE);
    if (every <= 0) return;
    set_colour(context, colour);
    for (int64_t t = 0; t <= steps; t += every)
        cairo_rectangle(context, (double)(t * l->step) - 0.5, 0, 1, height);
    cairo_fill(context);
}

static void draw_note(cairo_t *context, const layout *l, const vae_piano_roll *roll, const vae_roll_note *note)
{
    static const uint32_t voices[] = {0x1A1A1A, 0xC2571A, 0x2E7D4F, 0x7A4FB5, 0xB23A5B, 0x5B6B7A};
    const double width = (double)((note->steps > 0 ? note->steps : 1) * l->step);
    const uint32_t own = voices[(unsigned)note->voice % (sizeof voices / sizeof *voices)];
    set_colour(context, note->start < roll->given ? 0x2F6FDE : own);
    /* A gap tells a note that is struck again from one that is held. */
    cairo_rectangle(context, (double)(note->start * l->step) + 0.5, y_of(l, note->pitch) + 0.25, width - 1.0,
                    SEMITONE - 0.5);
    cairo_fill(context);
}

static void draw_roll(cairo_t *context, const vae_piano_roll_grid *grid, const layout *l, int64_t index)
{
    const vae_piano_roll *roll = &grid->rolls[index];
    const int64_t column = index % l->columns, row = index / l->columns;
    if (roll->steps == 0) return;
    cairo_save(context);
    cairo_translate(context, (double)(l->left + column * l->cell_width + MARGIN),
                    (double)(l->top + row * l->cell_height + MARGIN));
    draw_keys(context, l, (double)(roll->steps * l->step));
    draw_lines(context, l, roll->steps, grid->beat, 0xE3E7EC);
    draw_lines(context, l, roll->steps, grid->bar, 0x9AA5B1);
    for (int64_t n = 0; n < roll->count; ++n)
        draw_note(context, l, roll, &roll->notes[n]);
    cairo_restore(context);
}

static void draw_labels(cairo_t *context, const vae_piano_roll_grid *grid, const layout *l)
{
    if (grid->heads || grid->names) vae_font_select(context);
    for (int64_t c = 0; grid->heads && c < l->columns; ++c) {
        vae_label_column((double)(l->left + c * l->cell_width) + 0.5 * (double)l->cell_width, (double)l->top,
                         (double)l->cell_width, grid->heads[c], vae_label_show_cairo, context);
    }
    for (int64_t r = 0; grid->names && r < l->rows; ++r) {
        vae_label_row((double)(l->left - VAE_LABEL_EDGE),
                      (double)(l->top + r * l->cell_height) + 0.5 * (double)l->cell_height, grid->names[r],
                      vae_label_show_cairo, context);
    }
}

/* ---- Files ---- */

static vae_status draw_grid(cairo_surface_t *surface, const vae_piano_roll_grid *grid, const layout *l)
{
    cairo_t *context = cairo_create(surface);
    cairo_set_source_rgb(context, 1, 1, 1);
    cairo_paint(context);
    draw_labels(context, grid, l);
    for (int64_t i = 0; i < grid->count; ++i)
        draw_roll(context, grid, l, i);
    const cairo_status_t code = cairo_status(context);
    cairo_destroy(context);
    if (code == CAIRO_STATUS_SUCCESS) return VAE_OK;
    return vae_error_set(code == CAIRO_STATUS_NO_MEMORY ? VAE_ERROR_MEMORY : VAE_ERROR_IO, "cairo: %s",
                         cairo_status_to_string(code));
}

vae_status vae_piano_roll_write_png(const char *path, const vae_piano_roll_grid *grid)
{
    layout l;
    const vae_status refused = make_layout(grid, &l);
    if (refused) return vae_error_prepend(refused, "%s", path);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)l.width, (int)l.height);
    vae_status status = draw_grid(surface, grid, &l);
    status = status ? vae_error_prepend(status, "%s", path) : vae_surface_write_png(path, surface);
    cairo_surface_destroy(surface);
    return status;
}

vae_status vae_piano_roll_write_svg(const char *path, const vae_piano_roll_grid *grid)
{
    layout l;
    vae_surface_bytes buffer = {0};
    const vae_status refused = make_layout(grid, &l);
    if (refused) return vae_error_prepend(refused, "%s", path);
    cairo_surface_t *surface =
        cairo_svg_surface_create_for_stream(vae_surface_append, &buffer, (double)l.width, (double)l.height);
    vae_status status = draw_grid(surface, grid, &l);
    cairo_surface_finish(surface);
    if (!status && cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) {
        status = vae_error_set(VAE_ERROR_IO, "cairo: %s", cairo_status_to_string(cairo_surface_status(surface)));
    }
    cairo_surface_destroy(surface);
    status = status ? vae_error_prepend(status, "%s", path) : vae_surface_write_bytes(path, &buffer);
    free(buffer.bytes);
    return status;
}

vae_status vae_piano_roll_size(const vae_piano_roll_grid *grid, int64_t *height, int64_t *width)
{
    layout l;
    VAE_TRY(make_layout(grid, &l));
    *height = l.height;
    *width = l.width;
    return VAE_OK;
}

vae_status vae_piano_roll_draw(const vae_piano_roll_grid *grid, uint8_t *pixels)
{
    layout l;
    VAE_TRY(make_layout(grid, &l));
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)l.width, (int)l.height);
    const vae_status status = draw_grid(surface, grid, &l);
    if (!status) vae_surface_read(surface, pixels);
    cairo_surface_destroy(surface);
    return status;
}
