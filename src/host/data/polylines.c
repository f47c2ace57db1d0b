/* Lines of points: collected, fitted, and simplified. */
#include "data/polylines.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

void vae_polylines_clear(vae_polylines *p)
{
    p->count = p->lines = 0;
}

void vae_polylines_free(vae_polylines *p)
{
    free(p->points);
    free(p->ends);
    *p = (vae_polylines){0};
}

/* Room for one more. */
static vae_status grow(void *items, size_t size, int64_t count, int64_t *room)
{
    if (count < *room) return VAE_OK;
    const int64_t more = *room ? 2 * *room : 64;
    void *grown = realloc(*(void **)items, (size_t)more * size);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    *(void **)items = grown;
    *room = more;
    return VAE_OK;
}

vae_status vae_polylines_add(vae_polylines *p, vae_point point)
{
    if (!isfinite(point.x) || !isfinite(point.y)) return vae_error_set(VAE_ERROR_FORMAT, "a point is not finite");
    if (p->count == VAE_POLYLINES_POINTS) {
        return vae_error_set(VAE_ERROR_FORMAT, "a drawing has more than %d points", VAE_POLYLINES_POINTS);
    }
    VAE_TRY(grow(&p->points, sizeof *p->points, p->count, &p->room));
    p->points[p->count++] = point;
    return VAE_OK;
}

vae_status vae_polylines_end_line(vae_polylines *p)
{
    if (p->count == (p->lines ? p->ends[p->lines - 1] : 0)) return VAE_OK;
    VAE_TRY(grow(&p->ends, sizeof *p->ends, p->lines, &p->lines_room));
    p->ends[p->lines++] = p->count;
    return VAE_OK;
}

void vae_polylines_fit(vae_polylines *p, double side)
{
    vae_point low = {INFINITY, INFINITY}, high = {-INFINITY, -INFINITY};
    for (int64_t i = 0; i < p->count; ++i) {
        low = (vae_point){fmin(low.x, p->points[i].x), fmin(low.y, p->points[i].y)};
        high = (vae_point){fmax(high.x, p->points[i].x), fmax(high.y, p->points[i].y)};
    }
    const double larger = fmax(high.x - low.x, high.y - low.y);
    const double factor = larger > 0 ? side / larger : 1;
    for (int64_t i = 0; i < p->count; ++i) {
        p->points[i].x = (p->points[i].x - low.x) * factor;
        p->points[i].y = (p->points[i].y - low.y) * factor;
    }
}

/* ---- Simplification ---- */

/* Of p from the segment between a and b. */
static double distance(vae_point p, vae_point a, vae_point b)
{
    const double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    const double along = square > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / square : 0;
    const double t = fmin(fmax(along, 0), 1);
    return hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

typedef struct span {
    int64_t first, last;
} span;

/* The point within the span that is farthest from its segment; -1: none is farther than epsilon. */
static int64_t find_farthest(const vae_point *points, span s, double epsilon)
{
    int64_t farthest = -1;
    double most = epsilon;
    for (int64_t i = s.first + 1; i < s.last; ++i) {
        const double d = distance(points[i], points[s.first], points[s.last]);
        if (d <= most) continue;
        most = d;
        farthest = i;
    }
    return farthest;
}

/* Marks the points of a line that stay. Spans to be looked at wait in `waiting`, which has room for one a point: each
 * is split at a point of its own. */
static void choose(const vae_point *points, int64_t count, double epsilon, bool *stays, span *waiting)
{
    int64_t left = 0;
    stays[0] = stays[count - 1] = true;
    waiting[left++] = (span){0, count - 1};
    while (left > 0) {
        const span s = waiting[--left];
        const int64_t middle = find_farthest(points, s, epsilon);
        if (middle < 0) continue;
        stays[middle] = true;
        waiting[left++] = (span){s.first, middle};
        waiting[left++] = (span){middle, s.last};
    }
}

vae_status vae_polylines_simplify(vae_polylines *p, double epsilon)
{
    if (epsilon < 0 || p->count == 0) return VAE_OK;
    bool *stays = calloc((size_t)p->count, sizeof *stays);
    span *waiting = malloc(((size_t)p->count + 1) * sizeof *waiting);
    const bool memory = stays && waiting;
    int64_t kept = 0;
    for (int64_t line = 0, first = 0; memory && line < p->lines; ++line) {
        const int64_t end = p->ends[line];
        choose(p->points + first, end - first, epsilon, stays + first, waiting);
        for (int64_t i = first; i < end; ++i) {
            if (stays[i]) p->points[kept++] = p->points[i];
        }
        first = end;
        p->ends[line] = kept;
    }
    free(stays);
    free(waiting);
    if (!memory) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    p->count = kept;
    return VAE_OK;
}
