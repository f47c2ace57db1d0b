/* Lays out grids of images, each magnified by a whole factor, and has libpng encode them. */
#include "draw/image.h"

#include <inttypes.h>
#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "draw/pixel.h"

enum { GAP = 2, GAP_GREY = 96, MAX_SIDE = 32768 };

bool vae_image_can_show(int64_t channels)
{
    return channels == 1 || channels == 3;
}

vae_status vae_image_grid_plan(const char *path, vae_image_grid *g)
{
    if (g->count < 1 || g->height < 1 || g->width < 1 || g->columns < 1) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: a grid needs at least one image and one column", path);
    }
    if (!vae_image_can_show(g->channels)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: images have %" PRId64 " channels, but a PNG needs 1 or 3", path,
                             g->channels);
    }
    if (g->columns > g->count) g->columns = g->count;
    g->scale = vae_pixel_magnification(g->height, g->width);
    g->rows = (g->count + g->columns - 1) / g->columns;
    g->pixel_height = g->rows * (g->height * g->scale + GAP) + GAP;
    g->pixel_width = g->columns * (g->width * g->scale + GAP) + GAP;
    if (g->pixel_height > MAX_SIDE || g->pixel_width > MAX_SIDE) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "%s: the grid would have %" PRId64 " x %" PRId64 " pixels, but may have %d a side", path,
                             g->pixel_width, g->pixel_height, MAX_SIDE);
    }
    return VAE_OK;
}

static void draw_tile(const vae_image_grid *g, const float *image, uint8_t *corner)
{
    const int64_t stride = g->pixel_width * g->channels;
    for (int64_t y = 0; y < g->height * g->scale; ++y) {
        for (int64_t x = 0; x < g->width * g->scale; ++x) {
            const float *pixel = image + ((y / g->scale) * g->width + x / g->scale) * g->channels;
            for (int64_t c = 0; c < g->channels; ++c)
                corner[y * stride + x * g->channels + c] = vae_pixel_byte(pixel[c]);
        }
    }
}

void vae_image_grid_clear(const vae_image_grid *g, uint8_t *pixels)
{
    memset(pixels, GAP_GREY, (size_t)(g->pixel_height * g->pixel_width * g->channels));
}

void vae_image_grid_tile(const vae_image_grid *g, int64_t index, const float *image, uint8_t *pixels)
{
    const int64_t top = GAP + index / g->columns * (g->height * g->scale + GAP);
    const int64_t left = GAP + index % g->columns * (g->width * g->scale + GAP);
    draw_tile(g, image, pixels + (top * g->pixel_width + left) * g->channels);
}

void vae_image_grid_draw(const vae_image_grid *g, const float *images, uint8_t *pixels)
{
    vae_image_grid_clear(g, pixels);
    for (int64_t i = 0; i < g->count; ++i)
        vae_image_grid_tile(g, i, images + i * g->height * g->width * g->channels, pixels);
}

vae_status vae_image_write(const char *path, const uint8_t *pixels, int64_t height, int64_t width, int64_t channels,
                           bool one_of_many)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    void *encoded = malloc(size);
    if (!encoded) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    vae_status status = VAE_OK;
    if (!png_image_write_to_memory(&image, encoded, &size, 0, pixels, 0, NULL)) {
        status = vae_error_set(VAE_ERROR_IO, "%s: libpng: %s", path, image.message);
    } else if (one_of_many) {
        status = vae_file_write_soon(path, encoded, size);
    } else {
        const void *parts[] = {encoded};
        const size_t sizes[] = {size};
        status = vae_file_write_atomic(path, parts, sizes, 1);
    }
    free(encoded);
    return status;
}

static vae_status write_grid(const char *path, const float *images, vae_image_grid g, bool one_of_many)
{
    VAE_TRY(vae_image_grid_plan(path, &g));
    uint8_t *pixels = malloc((size_t)(g.pixel_height * g.pixel_width * g.channels));
    if (!pixels) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    vae_image_grid_draw(&g, images, pixels);
    const vae_status status = vae_image_write(path, pixels, g.pixel_height, g.pixel_width, g.channels, one_of_many);
    free(pixels);
    return status;
}

vae_status vae_image_grid_write(const char *path, const float *images, int64_t count, int64_t height, int64_t width,
                                int64_t channels, int64_t columns)
{
    const vae_image_grid g = {
        .count = count, .height = height, .width = width, .channels = channels, .columns = columns};
    return write_grid(path, images, g, false);
}

vae_status vae_image_grid_write_soon(const char *path, const float *images, const vae_image_grid *g)
{
    return write_grid(path, images, *g, true);
}
