/* Piano rolls: where notes are drawn, what is empty, and grids that are none or too large. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "draw/piano_roll.h"

static uint8_t *draw(const vae_piano_roll_grid *grid, int64_t *height, int64_t *width)
{
    cr_assert_eq(vae_piano_roll_size(grid, height, width), VAE_OK, "%s", vae_error_message());
    uint8_t *pixels = calloc((size_t)(*height * *width), 3);
    cr_assert_eq(vae_piano_roll_draw(grid, pixels), VAE_OK, "%s", vae_error_message());
    return pixels;
}

/* How many pixels are that colour. */
static int64_t count(const uint8_t *pixels, int64_t size, uint32_t colour)
{
    int64_t found = 0;
    for (int64_t i = 0; i < size; ++i) {
        const uint8_t *p = pixels + 3 * i;
        found += ((uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]) == colour;
    }
    return found;
}

enum { OWN = 0x1A1A1A, GIVEN = 0x2F6FDE };

Test(piano_roll, notes_that_were_given_are_blue)
{
    vae_roll_note notes[] = {{.start = 0, .steps = 4, .pitch = 60}, {.start = 8, .steps = 4, .pitch = 64}};
    const vae_piano_roll roll = {.notes = notes, .count = 2, .steps = 16, .given = 8};
    const vae_piano_roll_grid grid = {.rolls = &roll, .count = 1, .columns = 1, .beat = 4, .bar = 16};
    int64_t height, width;
    uint8_t *pixels = draw(&grid, &height, &width);
    const int64_t own = count(pixels, height * width, OWN), given = count(pixels, height * width, GIVEN);
    cr_expect_gt(own, 0);
    cr_expect_eq(own, given, "notes as long as each other, in the same place of a step: %d and %d pixels", (int)own,
                 (int)given);
    free(pixels);
}

/* All have one scale: the longest and the highest set it. */
Test(piano_roll, cells_share_a_scale)
{
    vae_roll_note low = {.start = 0, .steps = 2, .pitch = 40}, high = {.start = 30, .steps = 2, .pitch = 90};
    vae_piano_roll rolls[] = {
        {.notes = &low, .count = 1, .steps = 8}, {.steps = 0}, {.notes = &high, .count = 1, .steps = 32}};
    const vae_piano_roll_grid one = {.rolls = rolls, .count = 1, .columns = 4},
                              three = {.rolls = rolls, .count = 3, .columns = 2};
    int64_t height, width, tall, wide;
    cr_assert_eq(vae_piano_roll_size(&one, &height, &width), VAE_OK);
    uint8_t *pixels = draw(&three, &tall, &wide);
    cr_expect_gt(tall, 2 * height);
    cr_expect_eq(wide % 2, 0);
    /* Of the upper row the right cell is empty, and white. */
    int64_t white = 0;
    for (int64_t y = 0; y < tall / 2; ++y)
        white += count(pixels + 3 * (y * wide + wide / 2), wide / 2, 0xFFFFFF);
    cr_expect_eq(white, tall / 2 * (wide / 2));
    free(pixels);
}

Test(piano_roll, grids_that_are_none)
{
    vae_piano_roll roll = {.steps = 1 << 20};
    int64_t height, width;
    cr_expect_eq(vae_piano_roll_size(&(vae_piano_roll_grid){.columns = 1}, &height, &width), VAE_ERROR_ARGUMENT);
    cr_expect_eq(vae_piano_roll_size(&(vae_piano_roll_grid){.rolls = &roll, .count = 1, .columns = 1}, &height, &width),
                 VAE_ERROR_ARGUMENT);
    cr_expect_eq(vae_piano_roll_write_png("x.png", &(vae_piano_roll_grid){.rolls = &roll, .count = 1, .columns = 1}),
                 VAE_ERROR_ARGUMENT);
}

/* Pitches at the ends of MIDI have no semitone to spare. */
Test(piano_roll, ends_of_the_scale)
{
    vae_roll_note notes[] = {{.start = 0, .steps = 0, .pitch = 0}, {.start = 1, .steps = 1, .pitch = 127, .voice = 7}};
    const vae_piano_roll roll = {.notes = notes, .count = 2, .steps = 2};
    int64_t height, width;
    free(draw(&(vae_piano_roll_grid){.rolls = &roll, .count = 1, .columns = 1}, &height, &width));
    cr_expect_geq(height, 128 * 4);
}
