/* Draws strips with cairo, row by row; the widest label decides where the images begin. */
#include "draw/strips.h"

#include <cairo.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "draw/font.h"
#include "draw/image.h"
#include "draw/labels.h"
#include "draw/pixel.h"
#include "draw/surface.h"

enum { GAP = 3, EDGE = 8, MAX_SIDE = 32768 };

struct vae_strips {
    vae_strips_shape shape;
    int64_t magnification;
    int64_t left, top; /* of the first image */
    cairo_surface_t *surface;
    cairo_t *context;
};

static vae_status check_shape(const char *path, const vae_strips_shape *shape)
{
    if (shape->rows < 1 || shape->columns < 1 || shape->height < 1 || shape->width < 1) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: strips need at least one image", path);
    }
    if (vae_image_can_show(shape->channels)) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: images have %" PRId64 " channels, but a PNG needs 1 or 3", path,
                         shape->channels);
}

static vae_status create_surface(const char *path, vae_strips *s)
{
    const int64_t tile_width = s->shape.width * s->magnification + GAP;
    const int64_t tile_height = s->shape.height * s->magnification + GAP;
    if (s->shape.columns > MAX_SIDE / tile_width || s->shape.rows > MAX_SIDE / tile_height) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "%s: %" PRId64 " strips of %" PRId64 " images are more than the %d pixels a side of a "
                             "picture",
                             path, s->shape.rows, s->shape.columns, MAX_SIDE);
    }
    s->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(s->left + s->shape.columns * tile_width + EDGE),
                                            (int)(s->top + s->shape.rows * tile_height + EDGE));
    s->context = cairo_create(s->surface);
    if (cairo_status(s->context) == CAIRO_STATUS_SUCCESS) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "%s: cairo: %s", path, cairo_status_to_string(cairo_status(s->context)));
}

static void draw_column_labels(const vae_strips *s, const char *const *labels)
{
    const double width = (double)(s->shape.width * s->magnification);
    for (int64_t c = 0; c < s->shape.columns; ++c) {
        const double left = (double)s->left + (double)c * (width + GAP);
        vae_label_column(left + 0.5 * width, (double)s->top, width, labels[c], vae_label_show_cairo, s->context);
    }
}

vae_status vae_strips_open(const char *path, const vae_strips_shape *shape, const char *const *column_labels,
                           const char *widest_label, vae_strips **strips)
{
    *strips = NULL;
    VAE_TRY(check_shape(path, shape));
    vae_strips *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    made->shape = *shape;
    made->magnification = vae_pixel_magnification(shape->height, shape->width);
    made->left = EDGE + (widest_label[0] ? (int64_t)ceil(vae_label_width(widest_label)) + EDGE : 0);
    made->top = VAE_LABEL_HEAD;
    const vae_status status = create_surface(path, made);
    if (status) {
        vae_strips_free(made);
        return status;
    }
    cairo_set_source_rgb(made->context, 1, 1, 1);
    cairo_paint(made->context);
    vae_font_select(made->context);
    draw_column_labels(made, column_labels);
    *strips = made;
    return VAE_OK;
}

static void draw_image(const vae_strips *s, const float *image, int64_t left, int64_t top)
{
    unsigned char *data = cairo_image_surface_get_data(s->surface);
    const int stride = cairo_image_surface_get_stride(s->surface);
    for (int64_t y = 0; y < s->shape.height * s->magnification; ++y) {
        uint32_t *line = (uint32_t *)(void *)(data + (top + y) * stride) + left;
        const float *row = image + y / s->magnification * s->shape.width * s->shape.channels;
        for (int64_t x = 0; x < s->shape.width * s->magnification; ++x)
            line[x] = vae_pixel_rgb24(row + x / s->magnification * s->shape.channels, s->shape.channels);
    }
}

void vae_strips_row(vae_strips *strips, int64_t row, const char *label, const float *images)
{
    const vae_strips_shape *shape = &strips->shape;
    const int64_t width = shape->width * strips->magnification, height = shape->height * strips->magnification;
    const int64_t top = strips->top + row * (height + GAP), elements = shape->height * shape->width * shape->channels;
    cairo_surface_flush(strips->surface);
    for (int64_t c = 0; c < shape->columns; ++c)
        draw_image(strips, images + c * elements, strips->left + c * (width + GAP), top);
    cairo_surface_mark_dirty(strips->surface);
    vae_label_row((double)(strips->left - EDGE), (double)top + 0.5 * (double)height, label, vae_label_show_cairo,
                  strips->context);
}

vae_status vae_strips_write(const char *path, vae_strips *strips)
{
    if (cairo_status(strips->context) == CAIRO_STATUS_SUCCESS) return vae_surface_write_png(path, strips->surface);
    return vae_error_set(VAE_ERROR_IO, "%s: cairo: %s", path, cairo_status_to_string(cairo_status(strips->context)));
}

void vae_strips_free(vae_strips *strips)
{
    if (!strips) return;
    cairo_destroy(strips->context);
    cairo_surface_destroy(strips->surface);
    free(strips);
}
