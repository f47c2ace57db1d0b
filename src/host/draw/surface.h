/* Cairo surfaces to files: encoded in memory first, so that a file appears at once or not at all. */
#ifndef VAE_DRAW_SURFACE_H
#define VAE_DRAW_SURFACE_H

#include <cairo.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

typedef struct vae_surface_bytes {
    unsigned char *bytes; /* owned */
    size_t size;
} vae_surface_bytes;

/* A cairo_write_func_t whose closure is a vae_surface_bytes. */
cairo_status_t vae_surface_append(void *closure, const unsigned char *data, unsigned length);
vae_status vae_surface_write_bytes(const char *path, const vae_surface_bytes *buffer);

/* The pixels [height, width, 3] of an image surface. */
void vae_surface_read(cairo_surface_t *surface, uint8_t *pixels);

/* An image surface as PNG. */
vae_status vae_surface_write_png(const char *path, cairo_surface_t *surface);

#endif
