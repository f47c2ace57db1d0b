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
