/* From offsets to points, and these to a square. */
#include "draw/sketch_lines.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "data/drawing.h"

enum { DOWN = 2, UP = 3, END = 4 };

static int state_of(const float *row)
{
    int state = row[UP] > row[DOWN] ? UP : DOWN;
    return row[END] > row[state] ? END : state;
}

/* A step is drawn as a line unless the pen was lifted before it. */
static vae_status collect(const vae_sketch *sketch, int64_t number, vae_sketch_lines *lines)
{
    double x = 0, y = 0;
    bool begins = true;
    lines->points[lines->count++] = (vae_sketch_point){.begins = true, .given = sketch->given > 0};
    for (int64_t t = 0; t < sketch->steps; ++t) {
        const float *row = sketch->rows + t * VAE_DRAWING_ELEMENTS;
        const int state = state_of(row);
        if (state == END) break;
        x += (double)row[0];
        y += (double)row[1];
        if (!isfinite(x) || !isfinite(y)) {
            return vae_error_set(VAE_ERROR_NUMERIC, "drawing %" PRId64 ", step %" PRId64 ": an offset is not finite",
                                 number, t);
        }
        const bool moved = t > 0 && begins, begin_row = t == 0 && x == 0 && y == 0 && state == DOWN;
        begins = state == UP;
        if (begin_row) continue;
        lines->points[lines->count++] = (vae_sketch_point){x, y, moved, t < sketch->given};
    }
    return VAE_OK;
}

static void fit(vae_sketch_lines *lines, double side, double margin)
{
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (int64_t i = 0; i < lines->count; ++i) {
        const vae_sketch_point *p = &lines->points[i];
        low[0] = fmin(low[0], p->x), low[1] = fmin(low[1], p->y);
        high[0] = fmax(high[0], p->x), high[1] = fmax(high[1], p->y);
    }
    const double larger = fmax(high[0] - low[0], high[1] - low[1]);
    const double scale = larger > 0 ? (side - 2 * margin) / larger : 0;
    for (int64_t i = 0; i < lines->count; ++i) {
        vae_sketch_point *p = &lines->points[i];
        p->x = side / 2 + (p->x - (low[0] + high[0]) / 2) * scale;
        p->y = side / 2 + (p->y - (low[1] + high[1]) / 2) * scale;
    }
}

vae_status vae_sketch_lines_make(const vae_sketch *sketch, int64_t number, double side, double margin,
                                 vae_sketch_lines *lines)
{
    *lines = (vae_sketch_lines){0};
    if (sketch->steps == 0) return VAE_OK;
    lines->points = malloc((size_t)(sketch->steps + 1) * sizeof *lines->points);
    if (!lines->points) return vae_error_set(VAE_ERROR_MEMORY, "drawing %" PRId64 ": out of memory", number);
    const vae_status status = collect(sketch, number, lines);
    if (status) {
        vae_sketch_lines_free(lines);
        return status;
    }
    fit(lines, side, margin);
    if (sketch->shown > 0 && sketch->shown < lines->count) lines->count = sketch->shown;
    return VAE_OK;
}

void vae_sketch_lines_free(vae_sketch_lines *lines)
{
    free(lines->points);
    *lines = (vae_sketch_lines){0};
}

void vae_sketch_trace(const vae_sketch_lines *lines, bool given, const vae_sketch_tracer *tracer)
{
    for (int64_t i = 0; i < lines->count; ++i) {
        const vae_sketch_point *p = &lines->points[i];
        if (p->given != given) continue;
        if (!p->begins) {
            if (p[-1].given != given) tracer->move(tracer->context, p[-1].x, p[-1].y);
            tracer->line(tracer->context, p->x, p->y);
            continue;
        }
        tracer->move(tracer->context, p->x, p->y);
        const bool dot = i + 1 == lines->count || p[1].begins;
        if (dot) tracer->line(tracer->context, p->x, p->y);
    }
}
