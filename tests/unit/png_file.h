/* Decodes a PNG with libpng, for tests that look at pictures. */
#ifndef VAE_TEST_PNG_FILE_H
#define VAE_TEST_PNG_FILE_H

#include <criterion/criterion.h>
#include <png.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct png_file {
    int64_t width, height;
    bool colour;     /* as stored */
    uint8_t *pixels; /* [height, width, 3] */
} png_file;

static inline png_file png_file_read(const char *path)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    cr_assert(png_image_begin_read_from_file(&image, path), "%s: %s", path, image.message);
    png_file file = {
        .width = image.width, .height = image.height, .colour = (image.format & PNG_FORMAT_FLAG_COLOR) != 0};
    image.format = PNG_FORMAT_RGB;
    file.pixels = malloc(PNG_IMAGE_SIZE(image));
    cr_assert_not_null(file.pixels);
    cr_assert(png_image_finish_read(&image, NULL, file.pixels, 0, NULL), "%s: %s", path, image.message);
    return file;
}

static inline const uint8_t *png_file_pixel(const png_file *file, int64_t x, int64_t y)
{
    cr_assert(x >= 0 && x < file->width && y >= 0 && y < file->height, "pixel (%lld, %lld) is outside", (long long)x,
              (long long)y);
    return file->pixels + (y * file->width + x) * 3;
}

#endif
