/* Grids of drawings as SVG, a path each, and as JSON for the report's page. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/file.h"
#include "draw/sketch_layout.h"

/* ---- SVG ---- */

static void move(void *context, double x, double y)
{
    fprintf(context, "M%.2f %.2f", x, y);
}

static void line(void *context, double x, double y)
{
    fprintf(context, "L%.2f %.2f", x, y);
}

static bool has_part(const vae_sketch_lines *lines, bool given)
{
    for (int64_t i = 0; i < lines->count; ++i) {
        if (lines->points[i].given == given) return true;
    }
    return false;
}

static void write_part(FILE *file, const vae_sketch_lines *lines, bool given)
{
    const vae_sketch_tracer tracer = {move, line, file};
    if (!has_part(lines, given)) return;
    fputs(given ? "<path stroke=\"#2f6fde\" d=\"" : "<path d=\"", file);
    vae_sketch_trace(lines, given, &tracer);
    fputs("\"/>", file);
}

static vae_status write_cell(FILE *file, const vae_sketch_grid *grid, const vae_sketch_layout *layout, int64_t index)
{
    vae_sketch_lines lines;
    VAE_TRY(vae_sketch_lines_make(&grid->sketches[index], index, (double)layout->side, layout->margin, &lines));
    fprintf(file, "<g transform=\"translate(%" PRId64 " %" PRId64 ")\">", vae_sketch_layout_x(layout, index),
            vae_sketch_layout_y(layout, index));
    write_part(file, &lines, true);
    write_part(file, &lines, false);
    fputs("</g>\n", file);
    vae_sketch_lines_free(&lines);
    return VAE_OK;
}

static void write_text(void *context, double x, double y, vae_align align, const char *line)
{
    static const char *const anchors[] = {
        [VAE_ALIGN_LEFT] = "start", [VAE_ALIGN_CENTRE] = "middle", [VAE_ALIGN_RIGHT] = "end"};
    FILE *file = context;
    fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchors[align]);
    for (; *line; ++line) {
        if (*line == '<' || *line == '&') {
            fprintf(file, "&#%d;", *line);
        } else {
            fputc(*line, file);
        }
    }
    fputs("</text>\n", file);
}

static void write_labels(FILE *file, const vae_sketch_grid *grid, const vae_sketch_layout *layout)
{
    if (!grid->heads && !grid->names) return;
    fprintf(file, "<g fill=\"#1a1a1a\" font-family=\"DejaVu Sans, sans-serif\" font-size=\"%d\">\n", FONT_SIZE);
    vae_sketch_show_labels(grid, layout, write_text, file);
    fputs("</g>\n", file);
}

static vae_status write_grid(FILE *file, const vae_sketch_grid *grid, const vae_sketch_layout *layout)
{
    const long long width = layout->width, height = layout->height;
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%lld\" height=\"%lld\" viewBox=\"0 0 %lld %lld\" "
            "style=\"background:#fff\">\n"
            "<g fill=\"none\" stroke=\"#000\" stroke-width=\"%.2f\" stroke-linecap=\"round\" "
            "stroke-linejoin=\"round\">\n",
            width, height, width, height, layout->line_width);
    for (int64_t i = 0; i < grid->count; ++i)
        VAE_TRY(write_cell(file, grid, layout, i));
    fputs("</g>\n", file);
    write_labels(file, grid, layout);
    fputs("</svg>\n", file);
    return VAE_OK;
}

vae_status vae_sketch_write_svg(const char *path, const vae_sketch_grid *grid)
{
    vae_sketch_layout layout;
    vae_file_stream *stream;
    const vae_status refused = vae_sketch_layout_make(grid, &layout);
    if (refused) return vae_error_prepend(refused, "%s", path);
    VAE_TRY(vae_file_stream_open(path, &stream));
    const vae_status status = write_grid(vae_file_stream_handle(stream), grid, &layout);
    if (!status) return vae_file_stream_commit(stream);
    vae_file_stream_abandon(stream);
    return vae_error_prepend(status, "%s", path);
}

/* ---- JSON ---- */

typedef struct stroke_writer {
    json_t *strokes, *xs, *ys; /* of all; of the present one, borrowed from it */
    bool given, failed;
} stroke_writer;

static void add_point(void *context, double x, double y)
{
    stroke_writer *w = context;
    w->failed |= json_array_append_new(w->xs, json_integer(lround(x))) != 0;
    w->failed |= json_array_append_new(w->ys, json_integer(lround(y))) != 0;
}

static void begin_stroke(void *context, double x, double y)
{
    stroke_writer *w = context;
    json_t *stroke = w->given ? json_pack("[[], [], i]", 1) : json_pack("[[], []]");
    w->xs = json_array_get(stroke, 0);
    w->ys = json_array_get(stroke, 1);
    w->failed |= json_array_append_new(w->strokes, stroke) != 0;
    add_point(w, x, y);
}

vae_status vae_sketch_json(const vae_sketch *sketch, json_t **made)
{
    vae_sketch_lines lines;
    stroke_writer writer = {.strokes = *made = json_array()};
    const vae_sketch_tracer tracer = {begin_stroke, add_point, &writer};
    const vae_status status = vae_sketch_lines_make(sketch, 0, VAE_SKETCH_UNITS, 0, &lines);
    if (!status) {
        vae_sketch_trace(&lines, writer.given = true, &tracer);
        vae_sketch_trace(&lines, writer.given = false, &tracer);
        vae_sketch_lines_free(&lines);
        if (!writer.failed && *made) return VAE_OK;
    }
    json_decref(*made);
    *made = NULL;
    return status ? status : vae_error_set(VAE_ERROR_MEMORY, "a drawing: out of memory");
}
