/* draw/sketch.h: drawings as points, SVG, PNG, pixels and JSON. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>

#include "core/file.h"
#include "draw/image.h"
#include "draw/sketch.h"
#include "report/page_sketches.h"
#include "unit/apng_file.h"
#include "unit/drawing_file.h"
#include "unit/picture_file.h"

TestSuite(sketch, .init = idx_setup, .fini = idx_teardown, .timeout = 60);

#define DOWN 1, 0, 0
#define UP 0, 1, 0
#define END 0, 0, 1

/* A corner, then a dot away from it: 10 wide, 20 high. */
static const float corner[][5] = {{0, 0, DOWN}, {10, 0, DOWN}, {0, 10, UP}, {-10, 10, UP}, {0, 0, END}};
static const vae_sketch corner_sketch = {.rows = corner[0], .steps = 5};

static const char *written(const vae_sketch_grid *grid)
{
    static char text[4096];
    void *bytes;
    size_t size;
    const char *path = idx_path("a.svg");
    cr_assert_eq(vae_sketch_write_svg(path, grid), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_file_read(path, sizeof text - 1, &bytes, &size), VAE_OK);
    memcpy(text, bytes, size + 1);
    free(bytes);
    return text;
}

/* Scaled by 84 / 20, in the middle of 100. */
Test(sketch, svg)
{
    const vae_sketch_grid grid = {.sketches = &corner_sketch, .count = 1, .columns = 3, .side = 100};
    cr_expect_str_eq(written(&grid),
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"100\" viewBox=\"0 0 100 100\" "
                     "style=\"background:#fff\">\n<g fill=\"none\" stroke=\"#000\" stroke-width=\"2.00\" "
                     "stroke-linecap=\"round\" stroke-linejoin=\"round\">\n<g transform=\"translate(0 0)\"><path "
                     "d=\"M29.00 8.00L71.00 8.00L71.00 50.00M29.00 92.00L29.00 92.00\"/></g>\n</g>\n</svg>\n");
}

/* Cells make room for labels; what has a meaning in XML is escaped, and what is too long is cut. */
Test(sketch, labels_in_svg)
{
    const vae_sketch two[] = {corner_sketch, corner_sketch};
    static const char *const heads[] = {"−1.5", "a head that is wider than its column"}, *const names[] = {
                                                                                             "a <b>\n& c"};
    const vae_sketch_grid grid = {
        .sketches = two, .count = 2, .columns = 2, .side = 100, .heads = heads, .names = names};
    int64_t height, width;
    char place[160];
    cr_assert_eq(vae_sketch_grid_size(&grid, &height, &width), VAE_OK);
    const long long left = width - 200, top = height - 100;
    cr_expect(left > 30 && left < 80 && top > 15 && top < 40, "%lld %lld", left, top);
    const char *svg = written(&grid);
    snprintf(place, sizeof place, "<g transform=\"translate(%lld %lld)\">", left + 100, top);
    cr_expect_not_null(strstr(svg, place), "%s", svg);
    snprintf(place, sizeof place, "x=\"%lld.0\" y=\"%lld.0\" text-anchor=\"middle\">−1.5</text>", left + 50, top - 6);
    cr_expect_not_null(strstr(svg, place), "'%s' is not in %s", place, svg);
    cr_expect_not_null(strstr(svg, ">a head that"), "%s", svg);
    cr_expect_not_null(strstr(svg, "…</text>"), "%s", svg);
    cr_expect_not_null(strstr(svg, "text-anchor=\"end\">a &#60;b></text>\n"), "%s", svg);
    cr_expect_not_null(strstr(svg, "text-anchor=\"end\">&#38; c</text>\n"), "%s", svg);
}

/* A part is where it is in the whole; a stroke that has just begun is a dot. */
Test(sketch, a_part_of_it)
{
    vae_sketch sketch = corner_sketch;
    const vae_sketch_grid grid = {.sketches = &sketch, .count = 1, .columns = 1, .side = 100};
    static const char *const parts[] = {"\"M29.00 8.00L29.00 8.00\"", "\"M29.00 8.00L71.00 8.00\"",
                                        "\"M29.00 8.00L71.00 8.00L71.00 50.00\""};
    for (int64_t shown = 1; shown <= 3; ++shown) {
        sketch.shown = shown;
        cr_expect_not_null(strstr(written(&grid), parts[shown - 1]), "%s", written(&grid));
    }
}

/* The whole, held, and then a point more with each frame, up to the whole. */
Test(sketch, apng)
{
    const vae_sketch two[] = {corner_sketch, {.rows = corner[0], .steps = 2}};
    const vae_sketch_grid grid = {.sketches = two, .count = 2, .columns = 2, .side = 40};
    enum { BYTES = 40 * 80 * 3, POINTS = 6 };
    uint8_t pixels[BYTES];
    int64_t inked = 0;
    cr_assert_eq(vae_sketch_write_apng(idx_path("a.apng"), &grid), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_sketch_draw(&grid, pixels), VAE_OK);
    apng_file file = apng_file_read(idx_path("a.apng"));
    cr_assert_eq(file.frames, 1 + POINTS);
    cr_assert(file.height == 40 && file.width == 80 && file.channels == 3);
    for (int64_t i = 0; i < file.frames; ++i) {
        const uint8_t *frame = file.pixels + i * BYTES;
        const bool whole = i == 0 || i == file.frames - 1;
        int64_t ink = 0;
        for (int64_t k = 0; k < BYTES; ++k)
            ink += 255 - frame[k];
        if (whole) cr_expect_arr_eq(frame, pixels, BYTES, "frame %d", (int)i);
        if (i > 0) cr_expect_geq(ink, inked, "frame %d takes away", (int)i);
        inked = i > 0 ? ink : 0;
    }
    free(file.pixels);
}

/* Without its begin row and with states that are no whole numbers; what follows the end is not drawn. */
Test(sketch, rows_of_a_model)
{
    const float rows[][5] = {{1, 0, 0.5f, 0.3f, 0.2f},
                             {0, 1, 0.2f, 0.6f, 0.2f},
                             {-1, 1, 0.3f, 0.4f, 0.3f},
                             {5, 5, 0.1f, 0.2f, 0.7f},
                             {9, 9, DOWN}};
    const vae_sketch sketch = {.rows = rows[0], .steps = 5};
    const vae_sketch_grid grid = {.sketches = &sketch, .count = 1, .columns = 1, .side = 100};
    cr_expect(strstr(written(&grid), "M29.00 8.00L71.00 8.00L71.00 50.00M29.00 92.00L29.00 92.00\"/></g>\n</g>") !=
              NULL);
}

Test(sketch, what_was_given_has_its_own_path)
{
    vae_sketch sketch = corner_sketch;
    sketch.given = 2;
    const vae_sketch_grid grid = {.sketches = &sketch, .count = 1, .columns = 1, .side = 100};
    cr_expect(strstr(written(&grid), "<path stroke=\"#2f6fde\" d=\"M29.00 8.00L71.00 8.00\"/><path d=\"M71.00 "
                                     "8.00L71.00 50.00M29.00 92.00L29.00 92.00\"/>") != NULL);
}

/* What is written is read again as the same drawing. */
Test(sketch, svg_is_read_back)
{
    const vae_sketch_grid grid = {.sketches = &corner_sketch, .count = 1, .columns = 1, .side = 255};
    cr_assert_eq(vae_sketch_write_svg(idx_path("b.svg"), &grid), VAE_OK);
    drawing_expect_file(idx_path("b.svg"), (vae_sequence_options){0}, "107.1,0 0,107.1|-107.1,107.1 0,0|\n");
}

/* ---- Pixels ---- */

static int64_t count_dark(const uint8_t *pixels, int64_t width, int64_t left, int64_t top, int64_t side)
{
    int64_t dark = 0;
    for (int64_t y = top; y < top + side; ++y) {
        for (int64_t x = left; x < left + side; ++x)
            dark += pixels[(y * width + x) * 3 + 1] < 128;
    }
    return dark;
}

Test(sketch, cells)
{
    const vae_sketch sketches[] = {corner_sketch, {0}, corner_sketch};
    const vae_sketch_grid grid = {.sketches = sketches, .count = 3, .columns = 2, .side = 50, .line_width = 3};
    int64_t height, width;
    cr_assert_eq(vae_sketch_grid_size(&grid, &height, &width), VAE_OK);
    cr_assert(height == 100 && width == 100);
    uint8_t *pixels = malloc(100 * 100 * 3);
    cr_assert_eq(vae_sketch_draw(&grid, pixels), VAE_OK);
    /* A line of 42 · 3 pixels, its caps and a dot. */
    const int64_t first = count_dark(pixels, 100, 0, 0, 50);
    cr_expect(first > 120 && first < 160, "%d", (int)first);
    cr_expect_eq(count_dark(pixels, 100, 50, 0, 50), 0);
    cr_expect_eq(count_dark(pixels, 100, 0, 50, 50), first);
    cr_expect_eq(count_dark(pixels, 100, 50, 50, 50), 0);
    /* The corner itself, and the dot. */
    cr_expect_lt(pixels[(4 * 100 + 35) * 3], 50);
    cr_expect_lt(pixels[(46 * 100 + 14) * 3], 50);
    free(pixels);
}

/* The cells are those of a bare grid, but for their place; labels are inked within their room. */
Test(sketch, labels_in_pixels)
{
    enum { SIDE = 50 };
    static const char *const heads[] = {"one", "two"}, *const names[] = {"first\nrow"};
    const vae_sketch two[] = {corner_sketch, corner_sketch};
    vae_sketch_grid grid = {.sketches = two, .count = 2, .columns = 2, .side = SIDE};
    uint8_t bare[2 * SIDE * SIDE * 3];
    int64_t height, width;
    cr_assert_eq(vae_sketch_draw(&grid, bare), VAE_OK);
    grid.heads = heads;
    grid.names = names;
    cr_assert_eq(vae_sketch_grid_size(&grid, &height, &width), VAE_OK);
    const int64_t left = width - 2 * SIDE, top = height - SIDE;
    uint8_t *pixels = malloc((size_t)(height * width * 3));
    cr_assert_eq(vae_sketch_draw(&grid, pixels), VAE_OK);
    for (int64_t y = 0; y < SIDE; ++y)
        cr_expect_arr_eq(pixels + ((top + y) * width + left) * 3, bare + y * 2 * SIDE * 3, 2 * SIDE * 3);
    for (int column = 0; column < 2; ++column)
        cr_expect_gt(count_dark(pixels, width, left + column * SIDE, 0, top), 10, "no head %d", column);
    cr_expect_gt(count_dark(pixels, width, 0, top, left), 20, "no name");
    free(pixels);
}

Test(sketch, what_was_given_is_blue)
{
    vae_sketch sketch = corner_sketch;
    sketch.given = 5;
    const vae_sketch_grid grid = {.sketches = &sketch, .count = 1, .columns = 1, .side = 50, .line_width = 3};
    uint8_t pixels[50 * 50 * 3];
    cr_assert_eq(vae_sketch_draw(&grid, pixels), VAE_OK);
    const uint8_t *pixel = pixels + (4 * 50 + 25) * 3;
    cr_expect(pixel[2] > 200 && pixel[0] < 100, "%d %d %d", pixel[0], pixel[1], pixel[2]);
}

Test(sketch, png_and_image_are_the_same_pixels)
{
    const vae_sketch_grid grid = {.sketches = &corner_sketch, .count = 1, .columns = 1, .side = 40};
    uint8_t pixels[40 * 40 * 3];
    float image[40 * 40];
    cr_assert_eq(vae_sketch_draw(&grid, pixels), VAE_OK);
    cr_assert_eq(vae_sketch_image(&corner_sketch, 40, image), VAE_OK);
    for (int i = 0; i < 40 * 40; ++i)
        cr_assert_float_eq(image[i] * 255, pixels[3 * i], 0.01);
    cr_assert_eq(vae_sketch_write_png(idx_path("a.png"), &grid), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_image_write(idx_path("b.png"), pixels, 40, 40, 3, true), VAE_OK);
    cr_expect(vae_path_exists(idx_path("a.png")));
}

/* ---- JSON ---- */

static void expect_json(const vae_sketch *sketch, const char *expected)
{
    json_t *made;
    cr_assert_eq(vae_sketch_json(sketch, &made), VAE_OK);
    char *text = json_dumps(made, JSON_COMPACT);
    cr_expect_str_eq(text, expected);
    free(text);
    json_decref(made);
}

Test(sketch, json)
{
    vae_sketch sketch = corner_sketch;
    expect_json(&sketch, "[[[250,750,750],[0,0,500]],[[250,250],[1000,1000]]]");
    sketch.given = 2;
    expect_json(&sketch, "[[[250,750],[0,0],1],[[750,750],[0,500]],[[250,250],[1000,1000]]]");
    expect_json(&(vae_sketch){0}, "[]");
}

Test(sketch, groups_of_a_page)
{
    const vae_sketch bad = {.rows = (const float[]){NAN, 0, DOWN}, .steps = 1};
    json_t *groups = NULL;
    cr_assert_eq(vae_page_sketches_add(&(vae_page_sketches){"A", "a", &corner_sketch, 1, 8}, &groups), VAE_OK);
    cr_assert_eq(vae_page_sketches_add(&(vae_page_sketches){"B", "b", NULL, 0, 2}, &groups), VAE_OK);
    cr_expect_eq(vae_page_sketches_add(&(vae_page_sketches){"C", "c", &bad, 1, 2}, &groups), VAE_ERROR_NUMERIC);
    char *text = json_dumps(groups, JSON_COMPACT);
    cr_expect_str_eq(text,
                     "[{\"title\":\"A\",\"caption\":\"a\",\"columns\":8,\"drawings\":[[[[250,750,750],[0,0,500]],[[250,"
                     "250],[1000,1000]]]]},{\"title\":\"B\",\"caption\":\"b\",\"columns\":2,\"drawings\":[]}]");
    free(text);
    json_decref(groups);
}

/* ---- What is wrong ---- */

Test(sketch, limits)
{
    int64_t height, width;
    const vae_sketch_grid none = {.columns = 1}, large = {.count = 3, .columns = 3, .side = 20000};
    cr_expect_eq(vae_sketch_grid_size(&none, &height, &width), VAE_ERROR_ARGUMENT);
    cr_expect_eq(vae_sketch_write_svg(idx_path("c.svg"), &large), VAE_ERROR_ARGUMENT);
    cr_expect(strstr(vae_error_message(), "c.svg: the grid of 3 x 1 drawings of 20000 pixels a side would have more "
                                          "than 32768 pixels a side") != NULL,
              "%s", vae_error_message());
    cr_expect(!vae_path_exists(idx_path("c.svg")));
}

Test(sketch, not_finite)
{
    const float rows[][5] = {{0, 0, DOWN}, {1, NAN, UP}};
    const vae_sketch sketches[] = {corner_sketch, {.rows = rows[0], .steps = 2}};
    const vae_sketch_grid grid = {.sketches = sketches, .count = 2, .columns = 2};
    json_t *made;
    cr_expect_eq(vae_sketch_write_svg(idx_path("c.svg"), &grid), VAE_ERROR_NUMERIC);
    cr_expect(strstr(vae_error_message(), "c.svg: drawing 1, step 1: an offset is not finite") != NULL);
    cr_expect(!vae_path_exists(idx_path("c.svg")));
    cr_expect_eq(vae_sketch_write_png(idx_path("c.png"), &grid), VAE_ERROR_NUMERIC);
    cr_expect_eq(vae_sketch_json(&sketches[1], &made), VAE_ERROR_NUMERIC);
    cr_expect_null(made);
}
