/* data/transform.c: crops, area means and channels, against results worked out by hand. */
#include <criterion/criterion.h>
#include <string.h>

#include "data/transform.h"

static void expect(vae_transform transform, vae_raster image, const int64_t shape[3], const uint8_t *pixels)
{
    uint8_t target[256];
    int64_t found[3];
    const int64_t stored[3] = {image.height, image.width, image.channels};
    cr_assert_eq(vae_transform_shape(&transform, stored, found), VAE_OK, "%s", vae_error_message());
    cr_assert_arr_eq(found, shape, sizeof found);
    vae_transform_apply(&transform, &image, target);
    for (int64_t i = 0; i < shape[0] * shape[1] * shape[2]; ++i)
        cr_expect_eq(target[i], pixels[i], "pixel %d is %d, not %d", (int)i, target[i], pixels[i]);
}

#define SHAPE(...) ((int64_t[]){__VA_ARGS__})
#define PIXELS(...) ((uint8_t[]){__VA_ARGS__})

static const uint8_t square[16] = {0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150};

Test(transform, nothing)
{
    expect((vae_transform){0}, (vae_raster){square, 2, 4, 2}, SHAPE(2, 4, 2), square);
    cr_expect(vae_transform_is_identity(&(vae_transform){0}));
    cr_expect_not(vae_transform_is_identity(&(vae_transform){.crop = 1}));
    cr_expect_not(vae_transform_is_identity(&(vae_transform){.size = {1, 1}}));
    cr_expect_not(vae_transform_is_identity(&(vae_transform){.channels = VAE_CHANNELS_GREY}));
}

Test(transform, halves_are_means_of_four)
{
    expect((vae_transform){.size = {2, 2}}, (vae_raster){square, 4, 4, 1}, SHAPE(2, 2, 1), PIXELS(25, 45, 105, 125));
}

/* 3 → 2: the weights of an axis are 1, ½, 0 and 0, ½, 1. The first pixel is (0 + 10/2 + 90/2 + 255/4) / 2.25 = 50.56,
 * the others 46.11, 90.56 and 86.11. */
Test(transform, weights_of_parts)
{
    const uint8_t pixels[] = {0, 10, 20, 90, 255, 30, 60, 70, 80};
    expect((vae_transform){.size = {2, 2}}, (vae_raster){pixels, 3, 3, 1}, SHAPE(2, 2, 1), PIXELS(51, 46, 91, 86));
}

Test(transform, larger_repeats)
{
    expect((vae_transform){.size = {2, 4}}, (vae_raster){PIXELS(7, 9), 1, 2, 1}, SHAPE(2, 4, 1),
           PIXELS(7, 7, 9, 9, 7, 7, 9, 9));
}

Test(transform, rounds_to_the_nearest)
{
    expect((vae_transform){.size = {1, 1}}, (vae_raster){PIXELS(0, 0, 1), 1, 3, 1}, SHAPE(1, 1, 1), PIXELS(0));
    expect((vae_transform){.size = {1, 1}}, (vae_raster){PIXELS(0, 1, 1, 1), 2, 2, 1}, SHAPE(1, 1, 1), PIXELS(1));
    expect((vae_transform){.size = {1, 1}}, (vae_raster){PIXELS(255, 255, 255, 255), 2, 2, 1}, SHAPE(1, 1, 1),
           PIXELS(255));
}

/* The aspect's window is the largest in the middle; what is over on one side by a pixel is so below and on the right.
 */
Test(transform, aspect)
{
    expect((vae_transform){.size = {1, 1}}, (vae_raster){PIXELS(1, 2, 3), 1, 3, 1}, SHAPE(1, 1, 1), PIXELS(2));
    expect((vae_transform){.size = {1, 1}}, (vae_raster){PIXELS(1, 2, 3, 4), 4, 1, 1}, SHAPE(1, 1, 1), PIXELS(2));
    expect((vae_transform){.size = {2, 1}}, (vae_raster){square, 4, 4, 1}, SHAPE(2, 1, 1), PIXELS(35, 115));
    expect((vae_transform){.size = {1, 4}}, (vae_raster){square, 4, 4, 1}, SHAPE(1, 4, 1), PIXELS(40, 50, 60, 70));
}

Test(transform, crop_before_the_rest)
{
    expect((vae_transform){.crop = 2}, (vae_raster){square, 4, 4, 1}, SHAPE(2, 2, 1), PIXELS(50, 60, 90, 100));
    expect((vae_transform){.crop = 2, .size = {1, 1}}, (vae_raster){square, 4, 4, 1}, SHAPE(1, 1, 1), PIXELS(75));
    int64_t shape[3];
    cr_expect_eq(vae_transform_shape(&(vae_transform){.crop = 5}, SHAPE(9, 4, 1), shape), VAE_ERROR_FORMAT);
    cr_expect_str_eq(vae_error_message(), "is 9x4, too small for crop = 5 (height x width)");
}

Test(transform, channels)
{
    const uint8_t colours[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255};
    expect((vae_transform){.channels = VAE_CHANNELS_GREY}, (vae_raster){colours, 1, 4, 3}, SHAPE(1, 4, 1),
           PIXELS(76, 150, 29, 255));
    expect((vae_transform){.channels = VAE_CHANNELS_RGB}, (vae_raster){PIXELS(3, 200), 1, 2, 1}, SHAPE(1, 2, 3),
           PIXELS(3, 3, 3, 200, 200, 200));
    expect((vae_transform){.channels = VAE_CHANNELS_RGB, .size = {1, 2}}, (vae_raster){colours, 1, 4, 3},
           SHAPE(1, 2, 3), PIXELS(0, 255, 0, 0, 0, 255)); /* the window is 1x2, in the middle */
    int64_t shape[3];
    cr_expect_eq(vae_transform_shape(&(vae_transform){.channels = VAE_CHANNELS_RGB}, SHAPE(1, 1, 4), shape),
                 VAE_ERROR_FORMAT);
    cr_expect_str_eq(vae_error_message(), "has 4 channels, but channels = rgb needs 1 or 3");
}
