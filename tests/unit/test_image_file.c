/* data/png.c and data/jpeg.c: every kind of file comes as bytes of grey or RGB, and damage is told. */
#define _GNU_SOURCE
#include <stdlib.h>

#include "data/image_file.h"
#include "unit/picture_file.h"

TestSuite(image_file, .init = idx_setup, .fini = idx_teardown);

static void expect(const char *path, int64_t height, int64_t width, int64_t channels, const uint8_t *pixels,
                   int tolerance)
{
    vae_picture picture;
    cr_assert_eq(vae_image_file_read(path, &picture), VAE_OK, "%s", vae_error_message());
    const vae_raster image = picture.raster;
    cr_assert(image.height == height && image.width == width && image.channels == channels, "%dx%dx%d",
              (int)image.height, (int)image.width, (int)image.channels);
    for (int64_t i = 0; i < height * width * channels; ++i) {
        cr_expect_leq(abs(image.pixels[i] - pixels[i]), tolerance, "%s: byte %d is %d, not %d", path, (int)i,
                      image.pixels[i], pixels[i]);
    }
    free((void *)image.pixels);
}

static void expect_failure(const char *path, vae_status expected, const char *words)
{
    vae_picture picture;
    cr_expect_eq(vae_image_file_read(path, &picture), expected, "%s", vae_error_message());
    cr_expect_null(picture.raster.pixels);
    cr_expect_not_null(strstr(vae_error_message(), path), "'%s' does not name %s", vae_error_message(), path);
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
}

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__})

Test(image_file, png_grey_and_rgb)
{
    const uint8_t *pixels = BYTES(0, 1, 2, 3, 100, 200, 253, 254, 255, 10, 20, 30);
    picture_write_png(idx_path("a.png"), 3, 4, 1, pixels);
    expect(idx_path("a.png"), 3, 4, 1, pixels, 0);
    picture_write_png(idx_path("a.png"), 2, 2, 3, pixels);
    expect(idx_path("a.png"), 2, 2, 3, pixels, 0);
}

Test(image_file, png_of_few_bits_and_of_many)
{
    const picture_png bits = {1, 8, 1, PNG_COLOR_TYPE_GRAY, .rows = BYTES(0xA6), .row_bytes = 1};
    picture_write_raw_png(idx_path("a.png"), &bits);
    expect(idx_path("a.png"), 1, 8, 1, BYTES(255, 0, 255, 0, 0, 255, 255, 0), 0);
    const picture_png wide = {
        1, 3, 16, PNG_COLOR_TYPE_GRAY, .rows = BYTES(0, 0, 0x80, 0x80, 0xff, 0xff), .row_bytes = 6};
    picture_write_raw_png(idx_path("a.png"), &wide);
    expect(idx_path("a.png"), 1, 3, 1, BYTES(0, 0x80, 0xff), 0);
}

Test(image_file, png_palette)
{
    const png_color palette[] = {{255, 0, 0}, {0, 255, 0}, {1, 2, 3}};
    const png_byte alpha[] = {255, 0, 128};
    picture_png p = {
        1, 3, 8, PNG_COLOR_TYPE_PALETTE, .palette = palette, .palette_size = 3, .rows = BYTES(2, 1, 0), .row_bytes = 3};
    picture_write_raw_png(idx_path("a.png"), &p);
    expect(idx_path("a.png"), 1, 3, 3, BYTES(1, 2, 3, 0, 255, 0, 255, 0, 0), 0);
    p.transparency = alpha; /* over white: 128/255 of 1, 2, 3 and the rest white */
    picture_write_raw_png(idx_path("a.png"), &p);
    expect(idx_path("a.png"), 1, 3, 3, BYTES(128, 128, 129, 255, 255, 255, 255, 0, 0), 1);
}

Test(image_file, png_alpha_over_white)
{
    picture_png p = {1, 2, 8, PNG_COLOR_TYPE_GRAY_ALPHA, .rows = BYTES(10, 255, 77, 0), .row_bytes = 4};
    picture_write_raw_png(idx_path("a.png"), &p);
    expect(idx_path("a.png"), 1, 2, 1, BYTES(10, 255), 0);
    p = (picture_png){1, 1, 16, PNG_COLOR_TYPE_RGB_ALPHA, .rows = BYTES(0, 0, 255, 255, 0, 0, 128, 0), .row_bytes = 8};
    picture_write_raw_png(idx_path("a.png"), &p);
    expect(idx_path("a.png"), 1, 1, 3, BYTES(127, 255, 127), 1);
}

Test(image_file, png_interlaced)
{
    uint8_t rows[9 * 11];
    for (size_t i = 0; i < sizeof rows; ++i)
        rows[i] = idx_value(i);
    const picture_png p = {9, 11, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_ADAM7, .rows = rows, .row_bytes = 11};
    picture_write_raw_png(idx_path("a.png"), &p);
    expect(idx_path("a.png"), 9, 11, 1, rows, 0);
}

static void expect_one_colour(const char *path, int channels, const uint8_t *colour, int tolerance)
{
    uint8_t pixels[10 * 12 * 3];
    for (int i = 0; i < 10 * 12 * channels; ++i)
        pixels[i] = colour[i % channels];
    expect(path, 10, 12, channels, pixels, tolerance);
}

Test(image_file, jpeg_grey_rgb_and_cmyk)
{
    picture_write_jpeg(idx_path("a.jpg"), 10, 12, 1, BYTES(93));
    expect_one_colour(idx_path("a.jpg"), 1, BYTES(93), 1);
    picture_write_jpeg(idx_path("a.jpg"), 10, 12, 3, BYTES(200, 30, 90));
    expect_one_colour(idx_path("a.jpg"), 3, BYTES(200, 30, 90), 3);
    /* libjpeg marks its CMYK files as Adobe's, whose ink is inverted: 255 is none. */
    picture_write_jpeg(idx_path("a.jpg"), 10, 12, 4, BYTES(255, 128, 0, 255));
    expect_one_colour(idx_path("a.jpg"), 3, BYTES(255, 128, 0), 3);
    picture_write_jpeg(idx_path("a.jpg"), 10, 12, 4, BYTES(255, 128, 0, 128));
    expect_one_colour(idx_path("a.jpg"), 3, BYTES(128, 64, 0), 3);
}

/* ---- Damage ---- */

/* Cut anywhere, the file is refused; each is read by its content, not its name. */
static void expect_refused_cut_short(const char *path, const char *words)
{
    static uint8_t content[1 << 14];
    const size_t size = picture_content(path, content, sizeof content);
    cr_assert_lt(size, sizeof content);
    for (size_t cut = 8; cut + 2 < size; cut += 1 + cut / 40) {
        idx_write_raw(idx_path("cut.png"), content, cut);
        expect_failure(idx_path("cut.png"), VAE_ERROR_FORMAT, words);
    }
}

Test(image_file, cut_short)
{
    uint8_t rows[40 * 40];
    for (size_t i = 0; i < sizeof rows; ++i)
        rows[i] = idx_value(i);
    picture_write_png(idx_path("a.png"), 40, 40, 1, rows);
    expect_refused_cut_short(idx_path("a.png"), "is a damaged PNG file: ");
    picture_write_jpeg(idx_path("a.jpg"), 40, 40, 3, BYTES(1, 200, 3));
    expect_refused_cut_short(idx_path("a.jpg"), "is a damaged JPEG file: ");
}

Test(image_file, a_damaged_byte)
{
    uint8_t rows[40 * 40], content[4096];
    for (size_t i = 0; i < sizeof rows; ++i)
        rows[i] = idx_value(i);
    picture_write_png(idx_path("a.png"), 40, 40, 1, rows);
    const size_t size = picture_content(idx_path("a.png"), content, sizeof content);
    content[size / 2] ^= 4;
    idx_write_raw(idx_path("b.png"), content, size);
    expect_failure(idx_path("b.png"), VAE_ERROR_FORMAT, "is a damaged PNG file: ");
}

Test(image_file, sizes_that_promise_too_much)
{
    uint8_t content[4096];
    picture_write_png(idx_path("a.png"), 2, 2, 1, BYTES(1, 2, 3, 4));
    const size_t size = picture_content(idx_path("a.png"), content, sizeof content);
    content[18] = content[22] = 0x7f; /* 32,514 pixels a side */
    const uLong checksum = crc32(0, content + 12, 17);
    for (int i = 0; i < 4; ++i)
        content[29 + i] = (uint8_t)(checksum >> (24 - 8 * i));
    idx_write_raw(idx_path("a.png"), content, size);
    idx_limit_memory();
    expect_failure(idx_path("a.png"), VAE_ERROR_FORMAT, "too short for the size in its header");
}

Test(image_file, what_is_no_picture)
{
    idx_write_raw(idx_path("a.png"), "<html>", 6);
    expect_failure(idx_path("a.png"), VAE_ERROR_FORMAT, "is not a picture in a supported format");
    idx_write_raw(idx_path("a.png"),
                  "\0\0\0\x18"
                  "ftypheic",
                  12);
    expect_failure(idx_path("a.png"), VAE_ERROR_FORMAT, "is a HEIC file, a format that is not supported");
    idx_write_raw(idx_path("a.png"), "", 0);
    expect_failure(idx_path("a.png"), VAE_ERROR_FORMAT, "is an empty file");
    expect_failure(idx_path("none.png"), VAE_ERROR_IO, "No such file");
}
