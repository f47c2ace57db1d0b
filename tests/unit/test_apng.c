/* Animations, taken apart chunk by chunk and decoded frame by frame. */
#define _GNU_SOURCE
#include <criterion/criterion.h>

#include "core/random.h"
#include "draw/apng.h"
#include "unit/apng_file.h"
#include "unit/temporary.h"

static char folder[64], path[96];

static void setup(void)
{
    temporary_make(folder);
    snprintf(path, sizeof path, "%s/a.apng", folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(apng, .init = setup, .fini = teardown);

/* Noise: the most bytes that a frame can take, several IDAT chunks of them. */
static uint8_t *make_frames(size_t count)
{
    uint8_t *bytes = malloc(count);
    for (size_t i = 0; i < count; ++i)
        bytes[i] = (uint8_t)vae_random_block(1, VAE_STREAM_PRIOR, 0, i).word[0];
    return bytes;
}

static void round_trip(int64_t frames, int64_t height, int64_t width, int64_t channels)
{
    const size_t frame = (size_t)(height * width * channels);
    const vae_apng_shape shape = {frames, height, width, channels, 25, 300};
    uint8_t *pixels = make_frames((size_t)frames * frame);
    vae_apng *animation;
    cr_assert_eq(vae_apng_open(path, &shape, &animation), VAE_OK, "%s", vae_error_message());
    for (int64_t i = 0; i < frames; ++i)
        cr_assert_eq(vae_apng_add(animation, pixels + (size_t)i * frame), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(vae_apng_add(animation, pixels), VAE_ERROR_ARGUMENT);
    cr_assert_not(vae_path_exists(path), "it appears when it is whole");
    cr_assert_eq(vae_apng_finish(animation), VAE_OK, "%s", vae_error_message());
    apng_file file = apng_file_read(path);
    cr_expect(file.frames == frames && file.height == height && file.width == width && file.channels == channels);
    cr_expect(file.first_delay_numerator == 300 && file.delay_numerator == (frames > 1 ? 1 : 300) &&
              file.delay_denominator == 25);
    cr_expect_eq(memcmp(file.pixels, pixels, (size_t)frames * frame), 0);
    cr_assert_eq(remove(path), 0);
    free(file.pixels);
    free(pixels);
}

Test(apng, frames_are_lossless)
{
    round_trip(1, 3, 5, 1);
    round_trip(4, 7, 9, 3);
    round_trip(3, 300, 200, 1);
}

Test(apng, nothing_is_left_of_what_is_not_finished)
{
    const vae_apng_shape shape = {2, 4, 4, 1, 10, 0};
    const uint8_t pixels[16] = {0};
    vae_apng *animation;
    cr_assert_eq(vae_apng_open(path, &shape, &animation), VAE_OK);
    cr_assert_eq(vae_apng_add(animation, pixels), VAE_OK);
    cr_expect_eq(vae_apng_finish(animation), VAE_ERROR_ARGUMENT);
    cr_expect_not_null(strstr(vae_error_message(), "1 frames of 2"), "%s", vae_error_message());
    cr_assert_eq(vae_apng_open(path, &shape, &animation), VAE_OK);
    vae_apng_abandon(animation);
    cr_expect_eq(rmdir(folder), 0, "the folder is not empty");
    cr_expect_eq(vae_apng_open(path, &shape, &animation), VAE_ERROR_IO);
    cr_expect_null(animation);
    cr_expect_eq(vae_apng_open(path, &(vae_apng_shape){2, 4, 4, 2, 10, 0}, &animation), VAE_ERROR_ARGUMENT);
    cr_expect_eq(vae_apng_open(path, &(vae_apng_shape){0, 4, 4, 1, 10, 0}, &animation), VAE_ERROR_ARGUMENT);
}
