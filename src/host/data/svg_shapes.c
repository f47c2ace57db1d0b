/* Each shape is the path that SVG 2, chapter 10, says it is. */
#include "data/svg_shapes.h"

#include <math.h>
#include <string.h>

#include "data/svg_scan.h"

const char *vae_svg_attribute(const char *const *attributes, const char *name)
{
    for (; attributes[0]; attributes += 2) {
        if (strcmp(attributes[0], name) == 0) return attributes[1];
    }
    return NULL;
}

vae_status vae_svg_length(const char *const *attributes, const char *name, double missing, double *length)
{
    const char *text = vae_svg_attribute(attributes, name);
    *length = missing;
    if (!text || strcmp(text, "auto") == 0) return VAE_OK;
    vae_svg_scan scan = {text, text};
    vae_svg_skip_blanks(&scan);
    vae_status status = vae_svg_number(&scan, length);
    if (!status && strncmp(scan.at, "px", 2) == 0) scan.at += 2;
    vae_svg_skip_blanks(&scan);
    if (!status && *scan.at) status = vae_svg_expected(&scan, "the end, as lengths are read without units or in px");
    return status ? vae_error_prepend(status, "%s", name) : VAE_OK;
}

static vae_status draw_path(vae_svg_pen *pen, const char *const *attributes)
{
    const char *text = vae_svg_attribute(attributes, "d");
    if (!text) return VAE_OK;
    const vae_status status = vae_svg_path(pen, text);
    return status ? vae_error_prepend(status, "d") : VAE_OK;
}

static vae_status draw_line(vae_svg_pen *pen, const char *const *attributes)
{
    vae_point from, to;
    VAE_TRY(vae_svg_length(attributes, "x1", 0, &from.x));
    VAE_TRY(vae_svg_length(attributes, "y1", 0, &from.y));
    VAE_TRY(vae_svg_length(attributes, "x2", 0, &to.x));
    VAE_TRY(vae_svg_length(attributes, "y2", 0, &to.y));
    VAE_TRY(vae_svg_move(pen, from));
    VAE_TRY(vae_svg_line(pen, to));
    return vae_svg_lift(pen);
}

/* The lines between points; *any: there are any. */
static vae_status draw_points(vae_svg_pen *pen, const char *text, bool *any)
{
    vae_svg_scan scan = {text, text};
    *any = false;
    vae_svg_skip_blanks(&scan);
    while (*scan.at) {
        vae_point point;
        VAE_TRY(vae_svg_number(&scan, &point.x));
        VAE_TRY(vae_svg_number(&scan, &point.y));
        VAE_TRY(*any ? vae_svg_line(pen, point) : vae_svg_move(pen, point));
        *any = true;
    }
    return VAE_OK;
}

static vae_status draw_poly(vae_svg_pen *pen, const char *const *attributes, bool closed)
{
    const char *text = vae_svg_attribute(attributes, "points");
    bool any;
    if (!text) return VAE_OK;
    const vae_status status = draw_points(pen, text, &any);
    if (status) return vae_error_prepend(status, "points");
    return any && closed ? vae_svg_close(pen) : vae_svg_lift(pen);
}

static vae_status draw_polyline(vae_svg_pen *pen, const char *const *attributes)
{
    return draw_poly(pen, attributes, false);
}

static vae_status draw_polygon(vae_svg_pen *pen, const char *const *attributes)
{
    return draw_poly(pen, attributes, true);
}

/* A side of a rectangle, and the corner after it. */
static vae_status draw_side(vae_svg_pen *pen, vae_point end, double rx, double ry, vae_point corner_end)
{
    VAE_TRY(vae_svg_line(pen, end));
    if (rx == 0 || ry == 0) return VAE_OK;
    return vae_svg_arc_to(pen, (vae_svg_arc){.rx = rx, .ry = ry, .sweep = true}, corner_end);
}

static vae_status draw_rect(vae_svg_pen *pen, const char *const *attributes)
{
    double x, y, width, height, rx, ry;
    VAE_TRY(vae_svg_length(attributes, "x", 0, &x));
    VAE_TRY(vae_svg_length(attributes, "y", 0, &y));
    VAE_TRY(vae_svg_length(attributes, "width", 0, &width));
    VAE_TRY(vae_svg_length(attributes, "height", 0, &height));
    VAE_TRY(vae_svg_length(attributes, "rx", -1, &rx));
    VAE_TRY(vae_svg_length(attributes, "ry", rx, &ry));
    if (!(width > 0) || !(height > 0)) return VAE_OK;
    rx = fmin(fmax(rx < 0 ? ry : rx, 0), width / 2);
    ry = fmin(fmax(ry, 0), height / 2);
    const double right = x + width, low = y + height;
    VAE_TRY(vae_svg_move(pen, (vae_point){x + rx, y}));
    VAE_TRY(draw_side(pen, (vae_point){right - rx, y}, rx, ry, (vae_point){right, y + ry}));
    VAE_TRY(draw_side(pen, (vae_point){right, low - ry}, rx, ry, (vae_point){right - rx, low}));
    VAE_TRY(draw_side(pen, (vae_point){x + rx, low}, rx, ry, (vae_point){x, low - ry}));
    VAE_TRY(draw_side(pen, (vae_point){x, y + ry}, rx, ry, (vae_point){x + rx, y}));
    return vae_svg_close(pen);
}

/* Two halves, as an arc from a point to itself is none. */
static vae_status draw_round(vae_svg_pen *pen, const char *const *attributes, double rx, double ry)
{
    vae_point centre;
    VAE_TRY(vae_svg_length(attributes, "cx", 0, &centre.x));
    VAE_TRY(vae_svg_length(attributes, "cy", 0, &centre.y));
    if (!(rx > 0) || !(ry > 0)) return VAE_OK;
    const vae_point right = {centre.x + rx, centre.y}, left = {centre.x - rx, centre.y};
    const vae_svg_arc arc = {.rx = rx, .ry = ry, .sweep = true};
    VAE_TRY(vae_svg_move(pen, right));
    VAE_TRY(vae_svg_arc_to(pen, arc, left));
    VAE_TRY(vae_svg_arc_to(pen, arc, right));
    return vae_svg_lift(pen);
}

static vae_status draw_circle(vae_svg_pen *pen, const char *const *attributes)
{
    double r;
    VAE_TRY(vae_svg_length(attributes, "r", 0, &r));
    return draw_round(pen, attributes, r, r);
}

static vae_status draw_ellipse(vae_svg_pen *pen, const char *const *attributes)
{
    double rx, ry;
    VAE_TRY(vae_svg_length(attributes, "rx", -1, &rx));
    VAE_TRY(vae_svg_length(attributes, "ry", rx, &ry));
    return draw_round(pen, attributes, rx < 0 ? ry : rx, ry);
}

static const struct shape {
    const char *element;
    vae_svg_shape *draw;
} shapes[] = {
    {"path", draw_path}, {"line", draw_line},     {"polyline", draw_polyline}, {"polygon", draw_polygon},
    {"rect", draw_rect}, {"circle", draw_circle}, {"ellipse", draw_ellipse},
};

vae_svg_shape *vae_svg_find_shape(const char *element)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i) {
        if (strcmp(shapes[i].element, element) == 0) return shapes[i].draw;
    }
    return NULL;
}
