/* Spectrograms as pictures, looked at pixel by pixel, and their colours. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/file.h"
#include "draw/axes.h"
#include "draw/colour_map.h"
#include "draw/spectrogram.h"
#include "sound/mel.h"
#include "unit/png_file.h"
#include "unit/temporary.h"

enum { WIDTH = PANEL_SIDE, HEIGHT = PANEL_SIDE / 2, TOP = 40, BANDS = 8, FRAMES = 20 };

static char folder[64], path[128];

static void setup(void)
{
    temporary_make(folder);
    snprintf(path, sizeof path, "%s/picture.png", folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(spectrogram, .init = setup, .fini = teardown);

/* ---- Colours ---- */

/* How light a colour is to the eye, and where it is in Oklab. */
static void to_oklab(uint32_t colour, double lab[3])
{
    double c[3], l[3];
    for (int i = 0; i < 3; ++i) {
        const double s = (colour >> (16 - 8 * i) & 0xFF) / 255.0;
        c[i] = s <= 0.04045 ? s / 12.92 : pow((s + 0.055) / 1.055, 2.4);
    }
    l[0] = cbrt(0.4122214708 * c[0] + 0.5363325363 * c[1] + 0.0514459929 * c[2]);
    l[1] = cbrt(0.2119034982 * c[0] + 0.6806995451 * c[1] + 0.1073969566 * c[2]);
    l[2] = cbrt(0.0883024619 * c[0] + 0.2817188376 * c[1] + 0.6299787005 * c[2]);
    lab[0] = 0.2104542553 * l[0] + 0.7936177850 * l[1] - 0.0040720468 * l[2];
    lab[1] = 1.9779984951 * l[0] - 2.4285922050 * l[1] + 0.4505937099 * l[2];
    lab[2] = 0.0259040371 * l[0] + 0.7827717662 * l[1] - 0.8086757660 * l[2];
}

Test(spectrogram, colours_are_even_steps_that_grow_lighter)
{
    const vae_colour_map map = vae_colour_map_make();
    double least = INFINITY, most = 0.0;
    for (int i = 0; i + 15 < VAE_COLOURS; i += 15) {
        double from[3], to[3];
        to_oklab(map.colour[i], from);
        to_oklab(map.colour[i + 15], to);
        cr_expect_float_eq(to[0] - from[0], 0.05, 0.006, "colour %d", i);
        const double step = sqrt(pow(to[0] - from[0], 2) + pow(to[1] - from[1], 2) + pow(to[2] - from[2], 2));
        least = fmin(least, step);
        most = fmax(most, step);
    }
    cr_expect_lt(most / least, 1.12, "steps from %g to %g", least, most);
    cr_expect_eq(vae_colour_map_at(&map, -1.0), map.colour[0]);
    cr_expect_eq(vae_colour_map_at(&map, 2.0), map.colour[VAE_COLOURS - 1]);
    cr_expect_eq(vae_colour_map_at(&map, 0.5), map.colour[128]);
}

/* ---- Pictures ---- */

static double linear[BANDS] = {0, 500, 1000, 1500, 2000, 2500, 3000, 3500};

static vae_spectrogram_grid grid_of(const vae_spectrogram *items, int64_t count, int64_t columns)
{
    return (vae_spectrogram_grid){
        .items = items, .count = count, .columns = columns, .bands = BANDS, .hertz = linear, .frame_seconds = 0.01};
}

static png_file draw(const vae_spectrogram_grid *grid)
{
    cr_assert_eq(vae_spectrogram_write(path, grid), VAE_OK, "%s", vae_error_message());
    return png_file_read(path);
}

/* The colour at a place of a cell whose corner is at (left, top), both in points, of its width and height in [0, 1]. */
static uint32_t colour_at(const png_file *file, double left, double top, double across, double up)
{
    const int64_t x = (int64_t)(PANEL_SCALE * (left + across * WIDTH)),
                  y = (int64_t)(PANEL_SCALE * (top + (1.0 - up) * HEIGHT));
    const uint8_t *pixel = png_file_pixel(file, x, y);
    return (uint32_t)pixel[0] << 16 | (uint32_t)pixel[1] << 8 | pixel[2];
}

Test(spectrogram, time_goes_right_and_frequency_up)
{
    float values[FRAMES * BANDS];
    for (int i = 0; i < FRAMES * BANDS; ++i)
        values[i] = -5.0f;
    values[13 * BANDS + 2] = 3.0f; /* frame 13, band 2 */
    values[0] = -1.0f;             /* half of the way */
    const vae_spectrogram item = {values, FRAMES, "title"};
    const vae_spectrogram_grid grid = grid_of(&item, 1, 1);
    const vae_colour_map map = vae_colour_map_make();
    png_file file = draw(&grid);
    for (int t = 0; t < FRAMES; ++t) {
        for (int b = 0; b < BANDS; ++b) {
            const double value = ((double)values[t * BANDS + b] + 5.0) / 8.0;
            const uint32_t found = colour_at(&file, PANEL_LEFT, TOP, (t + 0.5) / FRAMES, (b + 0.5) / BANDS);
            cr_expect_eq(found, vae_colour_map_at(&map, value), "frame %d, band %d: %06X", t, b, found);
        }
    }
    free(file.pixels);
}

Test(spectrogram, all_cells_have_the_same_axes_and_colours)
{
    float dark[FRAMES * BANDS], light[FRAMES / 2 * BANDS];
    for (int i = 0; i < FRAMES * BANDS; ++i)
        dark[i] = 0.0f;
    for (int i = 0; i < FRAMES / 2 * BANDS; ++i)
        light[i] = 1.0f;
    const vae_spectrogram items[] = {{dark, FRAMES, "dark"}, {light, FRAMES / 2, "light"}, {dark, FRAMES, "again"}};
    vae_spectrogram_grid grid = grid_of(items, 3, 2);
    const vae_colour_map map = vae_colour_map_make();
    const double right = PANEL_LEFT + WIDTH + PANEL_GAP + PANEL_LEFT, below = TOP + HEIGHT + PANEL_BOTTOM + TOP;
    png_file file = draw(&grid);
    cr_expect_eq(colour_at(&file, PANEL_LEFT, TOP, 0.75, 0.5), map.colour[0]);
    cr_expect_eq(colour_at(&file, right, TOP, 0.45, 0.5), map.colour[VAE_COLOURS - 1]);
    cr_expect_eq(colour_at(&file, right, TOP, 0.55, 0.5), 0xFFFFFF, "what is shorter is not blank");
    cr_expect_eq(colour_at(&file, PANEL_LEFT, below, 0.75, 0.5), map.colour[0]);
    cr_expect_eq(colour_at(&file, right, below, 0.75, 0.5), 0xFFFFFF);
    free(file.pixels);
    /* A range that is given. */
    grid.low = -1.0;
    grid.high = 3.0;
    file = draw(&grid);
    cr_expect_eq(colour_at(&file, PANEL_LEFT, TOP, 0.75, 0.5), vae_colour_map_at(&map, 0.25));
    cr_expect_eq(colour_at(&file, right, TOP, 0.45, 0.5), vae_colour_map_at(&map, 0.5));
    free(file.pixels);
}

/* More frames and bands than pixels. */
Test(spectrogram, long_sounds_keep_their_place)
{
    enum { LONG = 10007, MANY = 1025 };
    float *values = calloc((size_t)LONG * MANY, sizeof *values);
    double *hertz = malloc(MANY * sizeof *hertz);
    cr_assert(values && hertz);
    for (int b = 0; b < MANY; ++b)
        hertz[b] = 7.8125 * b;
    for (int t = 3 * LONG / 4; t < LONG; ++t) {
        for (int b = MANY / 2; b < MANY; ++b)
            values[t * MANY + b] = 1.0f;
    }
    const vae_spectrogram item = {values, LONG, "long"};
    vae_spectrogram_grid grid = grid_of(&item, 1, 1);
    grid.bands = MANY;
    grid.hertz = hertz;
    const vae_colour_map map = vae_colour_map_make();
    png_file file = draw(&grid);
    for (int i = 0; i < 4; ++i) {
        const double across = i % 2 ? 0.76 : 0.74, up = i / 2 ? 0.52 : 0.48;
        cr_expect_eq(colour_at(&file, PANEL_LEFT, TOP, across, up), map.colour[i == 3 ? VAE_COLOURS - 1 : 0], "%d", i);
    }
    cr_expect_eq(colour_at(&file, PANEL_LEFT, TOP, 0.995, 0.99), map.colour[VAE_COLOURS - 1]);
    free(file.pixels);
    free(values);
    free(hertz);
}

/* A tick to the left of the first cell at a height in [0, 1]. */
static bool has_tick(const png_file *file, double up)
{
    const int64_t x = PANEL_SCALE * (PANEL_LEFT - 3), y = llrint(PANEL_SCALE * (TOP + (1.0 - up) * HEIGHT));
    bool found = false;
    for (int64_t at = y - 1; at <= y; ++at)
        found = found || png_file_pixel(file, x, at)[0] < 160;
    return found;
}

static int count_ticks(const png_file *file)
{
    int count = 0;
    bool before = false;
    for (int64_t y = 0; y < PANEL_SCALE * (TOP + HEIGHT + 4); ++y) {
        const bool dark = png_file_pixel(file, PANEL_SCALE * (PANEL_LEFT - 3), y)[0] < 160;
        count += dark && !before;
        before = dark;
    }
    return count;
}

Test(spectrogram, ticks_stand_where_their_frequencies_are)
{
    float values[FRAMES * 64] = {1.0f};
    const vae_spectrogram item = {values, FRAMES, "ticks"};
    vae_spectrogram_grid grid = grid_of(&item, 1, 1);
    png_file file = draw(&grid);
    for (int hertz = 0; hertz <= 3000; hertz += 1000) /* the middle of a band, counted from half a band below 0 */
        cr_expect(has_tick(&file, (hertz / 500.0 + 0.5) / BANDS), "%d Hz", hertz);
    cr_expect_eq(count_ticks(&file), 4);
    free(file.pixels);
    vae_mel mel;
    const vae_mel_options options = {.bands = 64, .rate = 16000, .frame = 512};
    cr_assert_eq(vae_mel_make(&options, &mel), VAE_OK);
    grid.bands = 64;
    grid.hertz = mel.hertz;
    file = draw(&grid);
    static const double ticks[] = {100, 500, 1000, 2000, 5000};
    for (int i = 0; i < 5; ++i) {
        /* Bands are one mel step apart, the first one step above 0. */
        const double step = vae_mel_of_hertz(VAE_MEL_SLANEY, 8000.0) / 65;
        const double up = (vae_mel_of_hertz(VAE_MEL_SLANEY, ticks[i]) / step - 0.5) / 64;
        cr_expect(has_tick(&file, up), "%g Hz", ticks[i]);
    }
    free(file.pixels);
    vae_mel_free(&mel);
}

static void expect_refusal(vae_spectrogram_grid grid, vae_status status, const char *words)
{
    cr_expect_eq(vae_spectrogram_write(path, &grid), status, "%s", vae_error_message());
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_eq(strncmp(vae_error_message(), path, strlen(path)), 0);
    cr_expect_not(vae_path_exists(path));
}

Test(spectrogram, refusals)
{
    float values[FRAMES * BANDS] = {0};
    double falling[BANDS] = {0, 1, 2, 3, 3, 4, 5, 6};
    vae_spectrogram items[200];
    for (int i = 0; i < 200; ++i)
        items[i] = (vae_spectrogram){values, FRAMES, "title"};
    expect_refusal(grid_of(items, 0, 1), VAE_ERROR_ARGUMENT, "at least one spectrogram");
    expect_refusal(grid_of(items, 1, 0), VAE_ERROR_ARGUMENT, "at least one spectrogram");
    expect_refusal(grid_of(items, 200, 1), VAE_ERROR_ARGUMENT, "1 x 200 spectrograms would have more than 32767");
    vae_spectrogram_grid grid = grid_of(items, 2, 1);
    grid.hertz = falling;
    expect_refusal(grid, VAE_ERROR_ARGUMENT, "band 4 of a spectrogram does not lie above");
    grid = grid_of(items, 2, 1);
    grid.frame_seconds = 0.0;
    expect_refusal(grid, VAE_ERROR_ARGUMENT, "0 s a frame");
    grid = grid_of(items, 2, 1);
    grid.high = -1.0;
    expect_refusal(grid, VAE_ERROR_ARGUMENT, "from 0 to -1");
    grid = grid_of(items, 2, 1);
    items[1].frames = 0;
    expect_refusal(grid, VAE_ERROR_ARGUMENT, "spectrogram 1 has no frames");
    items[1].frames = FRAMES;
    values[3 * BANDS + 4] = INFINITY;
    expect_refusal(grid, VAE_ERROR_NUMERIC, "spectrogram 0: frame 3, band 4 is not finite");
}
