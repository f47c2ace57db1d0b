/* PNG and JPEG files for tests, in the folder of unit/idx_file.h. */
#ifndef VAE_TEST_PICTURE_FILE_H
#define VAE_TEST_PICTURE_FILE_H

#include <png.h>
#include <sys/stat.h>

#include "unit/idx_file.h"

#include <jpeglib.h>

/* One-channel or RGB bytes as a PNG, written by libpng's simplified interface. */
static inline void picture_write_png(const char *path, int height, int width, int channels, const uint8_t *pixels)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .width = (png_uint_32)width, .height = (png_uint_32)height};
    image.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    cr_assert(png_image_write_to_file(&image, path, 0, pixels, 0, NULL), "%s: %s", path, image.message);
}

/* Any colour type: rows hold samples as libpng takes them. palette and transparency may be NULL. */
typedef struct picture_png {
    int height, width, depth, colour, interlace;
    const png_color *palette;
    int palette_size;
    const png_byte *transparency; /* one alpha of each entry of the palette */
    const uint8_t *rows;
    size_t row_bytes;
} picture_png;

static inline void picture_write_raw_png(const char *path, const picture_png *p)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_bytep rows[64];
    for (int y = 0; y < p->height; ++y)
        rows[y] = (png_bytep)p->rows + (size_t)y * p->row_bytes;
    png_init_io(png, file);
    png_set_IHDR(png, info, (png_uint_32)p->width, (png_uint_32)p->height, p->depth, p->colour, p->interlace, 0, 0);
    if (p->palette) png_set_PLTE(png, info, p->palette, p->palette_size);
    if (p->transparency) png_set_tRNS(png, info, p->transparency, p->palette_size, NULL);
    png_write_info(png, info);
    png_write_image(png, rows);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    cr_assert_eq(fclose(file), 0);
}

/* One colour all over, which JPEG keeps but for rounding. */
static inline void picture_write_jpeg(const char *path, int height, int width, int channels, const uint8_t *colour)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = channels;
    jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 100, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    uint8_t row[256 * 4];
    for (int i = 0; i < width * channels; ++i)
        row[i] = colour[i % channels];
    JSAMPROW rows[] = {row};
    while (jpeg.next_scanline < jpeg.image_height)
        jpeg_write_scanlines(&jpeg, rows, 1);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    cr_assert_eq(fclose(file), 0);
}

static inline size_t picture_content(const char *path, uint8_t *content, size_t room)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    const size_t size = fread(content, 1, room, file);
    fclose(file);
    return size;
}

#endif
