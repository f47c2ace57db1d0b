/* Flattens curves: into as many equal parts of the parameter as keep the distance below the tolerance. */
#include "data/svg_pen.h"

#include <math.h>

enum { MOST_PARTS = 4096 };

static vae_point place_of(const vae_affine *t, vae_point p)
{
    return (vae_point){t->a * p.x + t->c * p.y + t->e, t->b * p.x + t->d * p.y + t->f};
}

/* Begins a line where the pen is, if none has been begun. */
static vae_status touch(vae_svg_pen *pen)
{
    if (pen->drawing) return VAE_OK;
    pen->drawing = true;
    return vae_polylines_add(pen->lines, place_of(&pen->transform, pen->place));
}

vae_status vae_svg_lift(vae_svg_pen *pen)
{
    pen->drawing = false;
    return vae_polylines_end_line(pen->lines);
}

vae_status vae_svg_move(vae_svg_pen *pen, vae_point to)
{
    pen->start = pen->place = to;
    return vae_svg_lift(pen);
}

vae_status vae_svg_line(vae_svg_pen *pen, vae_point to)
{
    VAE_TRY(touch(pen));
    pen->place = to;
    return vae_polylines_add(pen->lines, place_of(&pen->transform, to));
}

vae_status vae_svg_close(vae_svg_pen *pen)
{
    VAE_TRY(vae_svg_line(pen, pen->start));
    return vae_svg_lift(pen);
}

/* How many parts suffice, from the largest second difference of the control points (Wang 1984). */
static int count_parts(const vae_point p[4], double tolerance)
{
    double most = 0;
    for (int i = 0; i < 2; ++i)
        most = fmax(most, hypot(p[i].x - 2 * p[i + 1].x + p[i + 2].x, p[i].y - 2 * p[i + 1].y + p[i + 2].y));
    const double parts = ceil(sqrt(0.75 * most / tolerance));
    if (!(parts > 1)) return 1;
    return parts < MOST_PARTS ? (int)parts : MOST_PARTS;
}

/* The point of a Bézier curve at t. */
static vae_point at(const vae_point p[4], double t)
{
    const double s = 1 - t, a = s * s * s, b = 3 * s * s * t, c = 3 * s * t * t, d = t * t * t;
    return (vae_point){a * p[0].x + b * p[1].x + c * p[2].x + d * p[3].x,
                       a * p[0].y + b * p[1].y + c * p[2].y + d * p[3].y};
}

vae_status vae_svg_cubic(vae_svg_pen *pen, vae_point first, vae_point second, vae_point to)
{
    VAE_TRY(touch(pen));
    const vae_affine *t = &pen->transform;
    const vae_point p[] = {place_of(t, pen->place), place_of(t, first), place_of(t, second), place_of(t, to)};
    const int parts = count_parts(p, pen->tolerance);
    for (int i = 1; i < parts; ++i)
        VAE_TRY(vae_polylines_add(pen->lines, at(p, (double)i / parts)));
    pen->place = to;
    return vae_polylines_add(pen->lines, p[3]);
}

static vae_point between(vae_point from, vae_point to, double part)
{
    return (vae_point){from.x + part * (to.x - from.x), from.y + part * (to.y - from.y)};
}

vae_status vae_svg_quadratic(vae_svg_pen *pen, vae_point middle, vae_point to)
{
    return vae_svg_cubic(pen, between(pen->place, middle, 2.0 / 3), between(to, middle, 2.0 / 3), to);
}

/* ---- Arcs ---- */

typedef struct ellipse {
    vae_point centre;
    double rx, ry, cosine, sine; /* of its rotation */
    double begin, sweep;         /* angles */
} ellipse;

/* SVG 2, B.2.4, in its names. */
static ellipse find_ellipse(vae_point from, vae_svg_arc arc, vae_point to)
{
    ellipse e = {.rx = fabs(arc.rx),
                 .ry = fabs(arc.ry),
                 .cosine = cos(arc.rotation * M_PI / 180),
                 .sine = sin(arc.rotation * M_PI / 180)};
    const double dx = (from.x - to.x) / 2, dy = (from.y - to.y) / 2;
    const double x1 = e.cosine * dx + e.sine * dy, y1 = -e.sine * dx + e.cosine * dy;
    const double too_far = x1 * x1 / (e.rx * e.rx) + y1 * y1 / (e.ry * e.ry);
    if (too_far > 1) {
        e.rx *= sqrt(too_far);
        e.ry *= sqrt(too_far);
    }
    const double u = x1 / e.rx, v = y1 / e.ry, square = u * u + v * v;
    const double factor = sqrt(fmax(1 / square - 1, 0)) * (arc.large == arc.sweep ? -1 : 1);
    const double cu = factor * v, cv = -factor * u; /* the centre, where the ellipse is a unit circle */
    e.centre.x = e.cosine * cu * e.rx - e.sine * cv * e.ry + (from.x + to.x) / 2;
    e.centre.y = e.sine * cu * e.rx + e.cosine * cv * e.ry + (from.y + to.y) / 2;
    e.begin = atan2(v - cv, u - cu);
    e.sweep = atan2(-v - cv, -u - cu) - e.begin;
    if (arc.sweep && e.sweep < 0) e.sweep += 2 * M_PI;
    if (!arc.sweep && e.sweep > 0) e.sweep -= 2 * M_PI;
    return e;
}

/* On the ellipse at an angle, moved `along` the tangent there. */
static vae_point on_ellipse(const ellipse *e, double angle, double along)
{
    const double u = e->rx * (cos(angle) - along * sin(angle)), v = e->ry * (sin(angle) + along * cos(angle));
    return (vae_point){e->centre.x + e->cosine * u - e->sine * v, e->centre.y + e->sine * u + e->cosine * v};
}

/* Quarters at most, each a cubic curve, which is off by 0.03 % of the radius. */
vae_status vae_svg_arc_to(vae_svg_pen *pen, vae_svg_arc arc, vae_point to)
{
    const bool same = pen->place.x == to.x && pen->place.y == to.y;
    if (same || arc.rx == 0 || arc.ry == 0) return vae_svg_line(pen, to);
    const ellipse e = find_ellipse(pen->place, arc, to);
    if (!isfinite(e.sweep)) return vae_error_set(VAE_ERROR_FORMAT, "an arc is not finite");
    const int parts = (int)ceil(fabs(e.sweep) / (M_PI / 2) - 1e-9);
    if (parts < 1) return vae_svg_line(pen, to);
    const double step = e.sweep / parts, along = 4.0 / 3 * tan(step / 4);
    for (int i = 0; i < parts; ++i) {
        const double begin = e.begin + i * step, end = begin + step;
        const vae_point last = i == parts - 1 ? to : on_ellipse(&e, end, 0);
        VAE_TRY(vae_svg_cubic(pen, on_ellipse(&e, begin, along), on_ellipse(&e, end, -along), last));
    }
    return VAE_OK;
}
