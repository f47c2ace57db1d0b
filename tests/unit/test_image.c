/* PNG grids, decoded again by libpng. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/file.h"
#include "draw/image.h"
#include "unit/png_file.h"
#include "unit/temporary.h"

enum { GAP = 2, GAP_GREY = 96 };

static char folder[64], path[128];

static void setup(void)
{
    temporary_make(folder);
    snprintf(path, sizeof path, "%s/grid.png", folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(image, .init = setup, .fini = teardown);

/* Every pixel of a grid is the gap's or the right one of its tile. */
static void check_grid(const float *images, int64_t count, int64_t height, int64_t width, int64_t channels,
                       int64_t columns, int64_t scale)
{
    png_file file = png_file_read(path);
    const int64_t rows = (count + columns - 1) / columns;
    cr_assert_eq(file.width, columns * (width * scale + GAP) + GAP, "width %lld", (long long)file.width);
    cr_assert_eq(file.height, rows * (height * scale + GAP) + GAP, "height %lld", (long long)file.height);
    cr_assert_eq(file.colour, channels == 3);
    for (int64_t y = 0; y < file.height; ++y) {
        for (int64_t x = 0; x < file.width; ++x) {
            const int64_t row = (y - GAP) / (height * scale + GAP), column = (x - GAP) / (width * scale + GAP);
            const int64_t in_y = (y - GAP) % (height * scale + GAP), in_x = (x - GAP) % (width * scale + GAP);
            const int64_t tile = row * columns + column;
            const bool inside = y >= GAP && x >= GAP && in_y < height * scale && in_x < width * scale && tile < count;
            for (int64_t c = 0; c < 3; ++c) {
                long expected = GAP_GREY;
                if (inside) {
                    const int64_t pixel = (tile * height + in_y / scale) * width + in_x / scale;
                    expected = lrintf(images[pixel * channels + (channels == 3 ? c : 0)] * 255.0f);
                }
                cr_assert_eq(png_file_pixel(&file, x, y)[c], expected, "(%lld, %lld) is %d, not %ld", (long long)x,
                             (long long)y, png_file_pixel(&file, x, y)[c], expected);
            }
        }
    }
    free(file.pixels);
}

/* Values that are all different, so that no two pixels can be exchanged unseen. */
static float *ramp(int64_t count)
{
    float *values = malloc((size_t)count * sizeof *values);
    cr_assert_not_null(values);
    for (int64_t i = 0; i < count; ++i)
        values[i] = (float)((i * 37) % 256) / 255.0f;
    return values;
}

Test(image, grey_with_a_short_last_row_magnified)
{
    float *images = ramp((int64_t)5 * 7 * 9);
    cr_assert_eq(vae_image_grid_write(path, images, 5, 7, 9, 1, 3), VAE_OK, "%s", vae_error_message());
    check_grid(images, 5, 7, 9, 1, 3, 7);
    free(images);
}

Test(image, colour)
{
    float *images = ramp((int64_t)4 * 5 * 6 * 3);
    cr_assert_eq(vae_image_grid_write(path, images, 4, 5, 6, 3, 2), VAE_OK, "%s", vae_error_message());
    check_grid(images, 4, 5, 6, 3, 2, 10);
    free(images);
}

Test(image, large_images_keep_their_size_and_columns_beyond_count_are_none)
{
    float *images = ramp((int64_t)2 * 80 * 100);
    cr_assert_eq(vae_image_grid_write(path, images, 2, 80, 100, 1, 9), VAE_OK, "%s", vae_error_message());
    check_grid(images, 2, 80, 100, 1, 2, 1);
    free(images);
}

Test(image, values_outside_are_clamped)
{
    const float images[] = {-3.0f, 4.0f, INFINITY, NAN};
    const int expected[] = {0, 255, 255, 0};
    cr_assert_eq(vae_image_grid_write(path, images, 4, 1, 1, 1, 4), VAE_OK);
    png_file file = png_file_read(path);
    for (int i = 0; i < 4; ++i) {
        cr_expect_eq(png_file_pixel(&file, GAP + i * (64 + GAP) + 30, 30)[0], expected[i]);
    }
    free(file.pixels);
}

Test(image, refusals)
{
    const float image[4] = {0};
    cr_expect_eq(vae_image_grid_write(path, image, 0, 2, 2, 1, 1), VAE_ERROR_ARGUMENT);
    cr_expect_eq(vae_image_grid_write(path, image, 1, 2, 2, 1, 0), VAE_ERROR_ARGUMENT);
    cr_expect_eq(vae_image_grid_write(path, image, 1, 0, 2, 1, 1), VAE_ERROR_ARGUMENT);
    cr_expect_eq(vae_image_grid_write(path, image, 1, 2, 1, 2, 1), VAE_ERROR_ARGUMENT);
    cr_expect_not_null(strstr(vae_error_message(), "2 channels"), "%s", vae_error_message());
    cr_expect_eq(vae_image_grid_write(path, image, 1000000, 2, 2, 1, 1000000), VAE_ERROR_ARGUMENT);
    cr_expect_not_null(strstr(vae_error_message(), "32768"), "%s", vae_error_message());
    cr_expect_not(vae_path_exists(path));
}

Test(image, a_folder_that_is_not_there)
{
    const float image[4] = {0};
    char missing[128];
    snprintf(missing, sizeof missing, "%s/none/grid.png", folder);
    cr_expect_eq(vae_image_grid_write(missing, image, 1, 2, 2, 1, 1), VAE_ERROR_IO);
    cr_expect_not_null(strstr(vae_error_message(), missing), "%s", vae_error_message());
}
