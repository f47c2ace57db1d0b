/* Draws grids of drawings by cairo, as pixels and PNG. */
#include <cairo.h>
#include <stdlib.h>

#include "draw/font.h"
#include "draw/sketch_layout.h"
#include "draw/surface.h"

static void move(void *context, double x, double y)
{
    cairo_move_to(context, x, y);
}

static void line(void *context, double x, double y)
{
    cairo_line_to(context, x, y);
}

static vae_status draw_cell(cairo_t *context, const vae_sketch_grid *grid, const vae_sketch_layout *layout,
                            int64_t index)
{
    vae_sketch_lines lines;
    const vae_sketch_tracer tracer = {move, line, context};
    VAE_TRY(vae_sketch_lines_make(&grid->sketches[index], index, (double)layout->side, layout->margin, &lines));
    cairo_save(context);
    cairo_translate(context, (double)vae_sketch_layout_x(layout, index), (double)vae_sketch_layout_y(layout, index));
    vae_sketch_trace(&lines, true, &tracer);
    cairo_set_source_rgb(context, 0x2F / 255.0, 0x6F / 255.0, 0xDE / 255.0);
    cairo_stroke(context);
    vae_sketch_trace(&lines, false, &tracer);
    cairo_set_source_rgb(context, 0, 0, 0);
    cairo_stroke(context);
    cairo_restore(context);
    vae_sketch_lines_free(&lines);
    return VAE_OK;
}

static vae_status draw_grid(cairo_surface_t *surface, const vae_sketch_grid *grid, const vae_sketch_layout *layout)
{
    cairo_t *context = cairo_create(surface);
    cairo_set_source_rgb(context, 1, 1, 1);
    cairo_paint(context);
    cairo_set_line_width(context, layout->line_width);
    cairo_set_line_cap(context, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND);
    if (grid->heads || grid->names) vae_font_select(context);
    vae_sketch_show_labels(grid, layout, vae_label_show_cairo, context);
    vae_status status = VAE_OK;
    for (int64_t i = 0; i < grid->count && !status; ++i)
        status = draw_cell(context, grid, layout, i);
    const cairo_status_t code = cairo_status(context);
    if (!status && code != CAIRO_STATUS_SUCCESS) {
        status = vae_error_set(code == CAIRO_STATUS_NO_MEMORY ? VAE_ERROR_MEMORY : VAE_ERROR_IO, "cairo: %s",
                               cairo_status_to_string(code));
    }
    cairo_destroy(context);
    return status;
}

/* *surface is to be destroyed, whatever comes of it. */
static vae_status make_surface(const vae_sketch_grid *grid, cairo_surface_t **surface)
{
    vae_sketch_layout layout;
    *surface = NULL;
    VAE_TRY(vae_sketch_layout_make(grid, &layout));
    *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)layout.width, (int)layout.height);
    return draw_grid(*surface, grid, &layout);
}

vae_status vae_sketch_write_png(const char *path, const vae_sketch_grid *grid)
{
    cairo_surface_t *surface;
    vae_status status = make_surface(grid, &surface);
    status = status ? vae_error_prepend(status, "%s", path) : vae_surface_write_png(path, surface);
    cairo_surface_destroy(surface);
    return status;
}

vae_status vae_sketch_grid_size(const vae_sketch_grid *grid, int64_t *height, int64_t *width)
{
    vae_sketch_layout layout;
    VAE_TRY(vae_sketch_layout_make(grid, &layout));
    *height = layout.height;
    *width = layout.width;
    return VAE_OK;
}

vae_status vae_sketch_draw(const vae_sketch_grid *grid, uint8_t *pixels)
{
    cairo_surface_t *surface;
    const vae_status status = make_surface(grid, &surface);
    if (!status) vae_surface_read(surface, pixels);
    cairo_surface_destroy(surface);
    return status;
}

vae_status vae_sketch_image(const vae_sketch *sketch, int64_t side, float *image)
{
    const vae_sketch_grid grid = {.sketches = sketch, .count = 1, .columns = 1, .side = side};
    uint8_t *pixels = calloc((size_t)(side * side), 3);
    if (!pixels) return vae_error_set(VAE_ERROR_MEMORY, "a drawing: out of memory");
    const vae_status status = vae_sketch_draw(&grid, pixels);
    for (int64_t i = 0; i < side * side && !status; ++i)
        image[i] = (float)(pixels[3 * i] + pixels[3 * i + 1] + pixels[3 * i + 2]) / (3 * 255.0f);
    free(pixels);
    return status;
}
