/* Collects what cairo encodes in a buffer that grows, and writes it as one file. */
#include "draw/surface.h"

#include <stdlib.h>
#include <string.h>

#include "core/file.h"

cairo_status_t vae_surface_append(void *closure, const unsigned char *data, unsigned length)
{
    vae_surface_bytes *buffer = closure;
    unsigned char *grown = realloc(buffer->bytes, buffer->size + length);
    if (!grown) return CAIRO_STATUS_NO_MEMORY;
    memcpy(grown + buffer->size, data, length);
    buffer->bytes = grown;
    buffer->size += length;
    return CAIRO_STATUS_SUCCESS;
}

vae_status vae_surface_write_bytes(const char *path, const vae_surface_bytes *buffer)
{
    const void *parts[] = {buffer->bytes};
    return vae_file_write_atomic(path, parts, &buffer->size, 1);
}

vae_status vae_surface_write_png(const char *path, cairo_surface_t *surface)
{
    vae_surface_bytes buffer = {0};
    const cairo_status_t code = cairo_surface_write_to_png_stream(surface, vae_surface_append, &buffer);
    const vae_status status = code == CAIRO_STATUS_SUCCESS
                                  ? vae_surface_write_bytes(path, &buffer)
                                  : vae_error_set(VAE_ERROR_IO, "%s: cairo: %s", path, cairo_status_to_string(code));
    free(buffer.bytes);
    return status;
}

/* Pixel (x, y) as 0xRRGGBB. */
static uint32_t pixel_at(cairo_surface_t *surface, int x, int y)
{
    uint32_t pixel;
    memcpy(&pixel, cairo_image_surface_get_data(surface) + y * cairo_image_surface_get_stride(surface) + 4 * x, 4);
    return pixel;
}

void vae_surface_read(cairo_surface_t *surface, uint8_t *pixels)
{
    cairo_surface_flush(surface);
    const int height = cairo_image_surface_get_height(surface), width = cairo_image_surface_get_width(surface);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const uint32_t pixel = pixel_at(surface, x, y);
            *pixels++ = (uint8_t)(pixel >> 16);
            *pixels++ = (uint8_t)(pixel >> 8);
            *pixels++ = (uint8_t)pixel;
        }
    }
}
