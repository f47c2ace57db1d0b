/* PNG, by libpng, whose errors come by longjmp to the one function that calls setjmp. */
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "data/image_file.h"

/* Deflate makes at most 1032 bytes of one; a header that promises more is damage, and nothing is allocated for it. */
enum { MAX_RATIO = 1032 };

/* Everything that must be seen after a longjmp lives here, not in local variables. */
typedef struct decoder {
    png_structp png;
    png_infop info;
    const uint8_t *data;
    size_t size, position;
    uint8_t *pixels;
    png_bytepp rows;
    char message[128];
} decoder;

static void fail(png_structp png, png_const_charp message)
{
    decoder *d = png_get_error_ptr(png);
    strncpy(d->message, message, sizeof d->message - 1);
    png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void read_data(png_structp png, png_bytep target, size_t size)
{
    decoder *d = png_get_io_ptr(png);
    if (size > d->size - d->position) png_error(png, "it is cut short");
    memcpy(target, d->data + d->position, size);
    d->position += size;
}

/* Asks for bytes of grey or RGB, whatever is stored. */
static void set_output(decoder *d)
{
    png_color_16 white = {.red = 255, .green = 255, .blue = 255, .gray = 255};
    png_set_expand(d->png);
    png_set_scale_16(d->png);
    const bool transparent = (png_get_color_type(d->png, d->info) & PNG_COLOR_MASK_ALPHA) != 0 ||
                             png_get_valid(d->png, d->info, PNG_INFO_tRNS) != 0;
    if (png_get_bit_depth(d->png, d->info) == 16) white.red = white.green = white.blue = white.gray = 65535;
    if (transparent) png_set_background(d->png, &white, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
    png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
}

static void read_pixels(decoder *d, vae_raster *image)
{
    const size_t height = png_get_image_height(d->png, d->info), row_bytes = png_get_rowbytes(d->png, d->info);
    if (height * row_bytes / MAX_RATIO > d->size) png_error(d->png, "it is too short for the size in its header");
    d->pixels = malloc(height * row_bytes);
    d->rows = malloc(height * sizeof *d->rows);
    if (!d->pixels || !d->rows) png_error(d->png, "out of memory");
    for (size_t y = 0; y < height; ++y)
        d->rows[y] = d->pixels + y * row_bytes;
    png_read_image(d->png, d->rows);
    png_read_end(d->png, NULL);
    *image = (vae_raster){d->pixels, (int64_t)height, png_get_image_width(d->png, d->info),
                          png_get_channels(d->png, d->info)};
}

static vae_status decode(decoder *d, const char *name, vae_raster *image)
{
    if (setjmp(png_jmpbuf(d->png))) {
        free(d->pixels);
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is a damaged PNG file: %s", name, d->message);
    }
    png_set_read_fn(d->png, d, read_data);
    png_set_user_limits(d->png, VAE_MAX_IMAGE_SIDE, VAE_MAX_IMAGE_SIDE);
    png_read_info(d->png, d->info);
    set_output(d);
    read_pixels(d, image);
    return VAE_OK;
}

vae_status vae_png_decode(const char *name, const uint8_t *data, size_t size, vae_raster *image)
{
    decoder d = {.data = data, .size = size};
    d.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d, fail, ignore_warning);
    d.info = d.png ? png_create_info_struct(d.png) : NULL;
    const vae_status status =
        d.info ? decode(&d, name, image) : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", name);
    free(d.rows);
    png_destroy_read_struct(&d.png, &d.info, NULL);
    return status;
}
