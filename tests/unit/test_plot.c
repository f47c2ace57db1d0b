/* Figures: the PNG is looked at pixel by pixel, the SVG by what it holds. Text is drawn as glyphs, each one <use>. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/file.h"
#include "draw/axes.h"
#include "draw/plot.h"
#include "unit/png_file.h"
#include "unit/temporary.h"

enum { SCALE = 2 }; /* pixels of the PNG per point */

static char folder[64], prefix[128], png[160], svg[160];

static void setup(void)
{
    temporary_make(folder);
    snprintf(prefix, sizeof prefix, "%s/figure", folder);
    snprintf(png, sizeof png, "%s.png", prefix);
    snprintf(svg, sizeof svg, "%s.svg", prefix);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(plot, .init = setup, .fini = teardown);

static vae_panel scatter(const float *points, const int32_t *labels, int64_t count)
{
    return (vae_panel){
        .kind = VAE_PANEL_SCATTER, .title = "title", .scatter = {.points = points, .labels = labels, .count = count}};
}

static void write_figure(const vae_panel *panels, int rows, int columns)
{
    cr_assert_eq(vae_plot_write(prefix, panels, rows, columns), VAE_OK, "%s", vae_error_message());
}

static int count_in_svg(const char *words)
{
    void *data;
    size_t size;
    cr_assert_eq(vae_file_read(svg, 1 << 26, &data, &size), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(strncmp(data, "<?xml", 5), 0);
    cr_assert_not_null(strstr(data, "</svg>"), "the SVG is cut short");
    int count = 0;
    for (const char *at = data; (at = strstr(at, words)); ++at)
        ++count;
    free(data);
    return count;
}

typedef struct spot {
    double x, y; /* mean place, in points */
    int count;   /* of pixels */
} spot;

/* The pixels of a colour drawn over white, in the one panel of a figure or right of it. */
static spot find_colour(unsigned colour, double alpha, bool in_panel)
{
    png_file file = png_file_read(png);
    const int64_t edge = SCALE * (PANEL_LEFT + PANEL_SIDE);
    spot found = {0};
    for (int64_t y = 0; y < file.height; ++y) {
        for (int64_t x = in_panel ? 0 : edge; x < (in_panel ? edge : file.width); ++x) {
            bool same = true;
            for (int c = 0; c < 3; ++c) {
                const double wanted = 255.0 + alpha * ((double)(colour >> (16 - 8 * c) & 0xFF) - 255.0);
                same = same && fabs((double)png_file_pixel(&file, x, y)[c] - wanted) <= 2.0;
            }
            if (!same) continue;
            found.x += ((double)x + 0.5) / SCALE;
            found.y += ((double)y + 0.5) / SCALE;
            ++found.count;
        }
    }
    free(file.pixels);
    found.x /= found.count > 0 ? found.count : 1;
    found.y /= found.count > 0 ? found.count : 1;
    return found;
}

Test(plot, points_are_where_the_axes_say)
{
    /* Opposite corners of a square, so that the window reaches 3 % of the span beyond them. */
    const float points[] = {-1, -1, 1, 1};
    const int32_t labels[] = {0, 3};
    const double near = PANEL_SIDE * 0.03 / 1.06, far = PANEL_SIDE - near;
    const vae_panel panel = scatter(points, labels, 2);
    write_figure(&panel, 1, 1);
    const spot low = find_colour(0xCC6677, 0.65, true), high = find_colour(0x117733, 0.65, true);
    cr_assert_gt(low.count, 20);
    cr_assert_gt(high.count, 20);
    cr_expect_float_eq(low.x, PANEL_LEFT + near, 0.5, "x %g", low.x);
    cr_expect_float_eq(low.y, PANEL_TOP + far, 0.5, "y %g", low.y);
    cr_expect_float_eq(high.x, PANEL_LEFT + far, 0.5, "x %g", high.x);
    cr_expect_float_eq(high.y, PANEL_TOP + near, 0.5, "y %g", high.y);
}

Test(plot, both_axes_have_one_scale)
{
    /* Ten times wider than high. */
    const float points[] = {-10, -1, 10, 1};
    const int32_t labels[] = {0, 3};
    const vae_panel panel = scatter(points, labels, 2);
    write_figure(&panel, 1, 1);
    const spot low = find_colour(0xCC6677, 0.65, true), high = find_colour(0x117733, 0.65, true);
    cr_expect_float_eq((high.x - low.x) / (low.y - high.y), 10.0, 0.3);
}

static vae_panel bars(const double *values, const int64_t *names, const bool *pale, int64_t count)
{
    return (vae_panel){.kind = VAE_PANEL_BARS,
                       .title = "title",
                       .bars = {values, names, pale, count, .value_axis = "value", .name_axis = "name"}};
}

Test(plot, bars_are_as_high_as_their_values)
{
    static const double values[] = {2.0, 1.0, 0.5, 0.0};
    static const int64_t names[] = {17, 3, 20, 1};
    static const bool pale[] = {false, true, false, false};
    vae_panel panel = bars(values, names, pale, 4);
    write_figure(&panel, 1, 1);
    /* Each takes four fifths of a quarter of the side; the tallest ends a twentieth below the top. */
    const double unit = 0.2 * PANEL_SIDE * PANEL_SIDE / 1.05 / 2.0 * SCALE * SCALE;
    cr_expect_float_eq((double)find_colour(0x332288, 1.0, true).count / unit, 2.5, 0.05);
    const spot grey = find_colour(0xB3B3B3, 1.0, true);
    cr_expect_float_eq((double)grey.count / unit, 1.0, 0.05);
    cr_expect_float_eq(grey.x, PANEL_LEFT + 0.375 * PANEL_SIDE, 1.0);
    cr_expect_float_eq(grey.y, PANEL_TOP + PANEL_SIDE * (1.0 - 0.25 / 1.05), 2.0);
    const int with_names = count_in_svg("<use ");
    double many[200] = {[3] = 2.0};
    int64_t numbers[200] = {0};
    bool none[200] = {false};
    panel = bars(many, numbers, none, 200);
    write_figure(&panel, 1, 1);
    cr_expect_eq(with_names - count_in_svg("<use "), 6, "numbers are left out where there are too many bars");
}

/* Columns of the PNG left of the frame that have ink, beside the middle half of the axis: the name, then ticks. */
static int count_runs_of_ink(void)
{
    png_file file = png_file_read(png);
    int runs = 0;
    bool before = false;
    for (int64_t x = 0; x < file.width && x < 1000; ++x) {
        bool ink = false, frame = true;
        for (int64_t y = SCALE * PANEL_TOP; y < SCALE * (PANEL_TOP + PANEL_SIDE); ++y) {
            const bool dark = png_file_pixel(&file, x, y)[0] < 200;
            ink = ink || dark;
            frame = frame && dark;
        }
        if (frame) break;
        runs += ink && !before;
        before = ink;
    }
    free(file.pixels);
    return runs;
}

/* A margin without ink is between the name, as high as its letters, and ticks, however wide these are. */
Test(plot, wide_ticks_leave_the_axis_its_name)
{
    static const double tops[] = {2.0, 0.015, 1.2e-6, 3456789.0};
    static const int64_t names[] = {0};
    static const bool pale[] = {false};
    for (int i = 0; i < 4; ++i) {
        vae_panel panel = bars(&tops[i], names, pale, 1);
        panel.bars.value_axis = "l";
        write_figure(&panel, 1, 1);
        const int runs = count_runs_of_ink();
        /* A name that is drawn over a tick's label would be no run of its own. */
        panel.bars.value_axis = "";
        write_figure(&panel, 1, 1);
        cr_expect_eq(runs - count_runs_of_ink(), 1, "%g", tops[i]);
    }
}

Test(plot, legend_names_every_label)
{
    float points[2 * 256];
    int32_t labels[256];
    for (int i = 0; i < 256; ++i) {
        points[2 * i] = (float)(i % 16) / 15.0f;
        points[2 * i + 1] = (float)(i / 16) / 15.0f;
        labels[i] = i < 3 ? i : 0;
    }
    const vae_panel panel = scatter(points, labels, 256);
    write_figure(&panel, 1, 1);
    const int few = count_in_svg("<use ");
    const spot dot = find_colour(0x882255, 1.0, false);
    cr_expect_gt(dot.count, 100, "label 1 has no dot in the legend");
    cr_expect_gt(dot.x, PANEL_LEFT + PANEL_SIDE);
    for (int i = 0; i < 256; ++i)
        labels[i] = i;
    write_figure(&panel, 1, 1);
    /* 3 to 9, 10 to 99 and 100 to 255, with as many digits. */
    cr_expect_eq(count_in_svg("<use ") - few, 7 + 90 * 2 + 156 * 3);
    png_file file = png_file_read(png);
    const uint8_t *corner = png_file_pixel(&file, file.width - 1, file.height / 2);
    cr_expect(corner[0] == 255 && corner[1] == 255 && corner[2] == 255, "the legend reaches the figure's edge");
    free(file.pixels);
}

/* The first 50 and a line that counts the rest; a label in a thousand has a colour too. */
Test(plot, a_legend_of_very_many_labels_is_cut)
{
    static float points[2 * 1000];
    static int32_t labels[1000];
    for (int i = 0; i < 1000; ++i) {
        points[2 * i] = (float)(i % 32) / 31.0f;
        points[2 * i + 1] = (float)(i / 32) / 31.0f;
        labels[i] = 999 - i;
    }
    const char *names[] = {"first"};
    vae_panel panel = scatter(points, labels, 1000);
    write_figure(&panel, 1, 1);
    const int numbered = count_in_svg("<use ");
    panel.scatter.class_names = names;
    panel.scatter.class_count = 1;
    write_figure(&panel, 1, 1);
    cr_expect_eq(count_in_svg("<use ") - numbered, 4, "\"first\" instead of \"0\"");
    panel.scatter.class_names = NULL;
    for (int i = 0; i < 1000; ++i)
        labels[i] %= 50;
    write_figure(&panel, 1, 1);
    cr_expect_eq(numbered - count_in_svg("<use "), 10, "the characters of \"… 950 more\"");
}

Test(plot, no_labels_no_legend)
{
    const float points[] = {0, 0, 1, 1};
    const int32_t labels[] = {0, 1};
    vae_panel panel = scatter(points, labels, 2);
    write_figure(&panel, 1, 1);
    png_file with = png_file_read(png);
    panel.scatter.labels = NULL;
    write_figure(&panel, 1, 1);
    png_file without = png_file_read(png);
    cr_expect_lt(without.width, with.width);
    cr_expect_eq(without.height, with.height);
    free(with.pixels);
    free(without.pixels);
}

Test(plot, several_panels_make_a_grid_of_them)
{
    const float points[] = {0, 0, 1, 1};
    const vae_panel one = scatter(points, NULL, 2);
    const vae_panel panels[] = {one, one, one, one, one, one};
    write_figure(panels, 1, 1);
    png_file single = png_file_read(png);
    const int glyphs = count_in_svg("<use ");
    write_figure(panels, 2, 3);
    png_file six = png_file_read(png);
    cr_expect_eq(six.width - single.width, 2 * SCALE * (PANEL_SIDE + PANEL_LEFT + PANEL_GAP));
    cr_expect_eq(six.height - single.height, SCALE * (PANEL_SIDE + PANEL_TOP + PANEL_BOTTOM));
    cr_expect_eq(count_in_svg("<use "), 6 * glyphs);
    free(single.pixels);
    free(six.pixels);
}

/* A tenth of a 2 by 2 manifold's side from the middle towards a corner. */
static const uint8_t *manifold_pixel(const png_file *file, int right, int up)
{
    const int64_t middle_x = PANEL_LEFT + PANEL_SIDE / 2, middle_y = PANEL_TOP + PANEL_SIDE / 2;
    return png_file_pixel(file, SCALE * (middle_x + (right ? 38 : -38)), SCALE * (middle_y + (up ? -38 : 38)));
}

Test(plot, manifold_rises_to_the_right_and_up)
{
    /* Tiles of 3 by 3 equal pixels: 0.2, 0.4 in the lower row, 0.6, 0.8 in the upper one. */
    float images[4 * 9];
    for (int i = 0; i < 4 * 9; ++i)
        images[i] = 0.2f * (float)(1 + i / 9);
    const vae_panel panel = {.kind = VAE_PANEL_MANIFOLD, .title = "title", .manifold = {images, 2, 3, 3, 1}};
    write_figure(&panel, 1, 1);
    png_file file = png_file_read(png);
    for (int tile = 0; tile < 4; ++tile) {
        const int found = manifold_pixel(&file, tile % 2, tile / 2)[0];
        cr_expect(abs(found - 51 * (tile + 1)) <= 2, "tile %d is %d", tile, found);
    }
    free(file.pixels);
    cr_expect_eq(count_in_svg("<image "), 1);
}

Test(plot, manifold_in_colour_keeps_the_images_shape)
{
    /* Twice as high as wide: the frame is half as wide, in the middle. */
    float images[4 * 8 * 4 * 3];
    for (int i = 0; i < 4 * 8 * 4 * 3; ++i)
        images[i] = i % 3 == 0 ? 1.0f : (i % 3 == 1 ? 0.4f : 0.0f);
    const vae_panel panel = {.kind = VAE_PANEL_MANIFOLD, .title = "title", .manifold = {images, 2, 8, 4, 3}};
    write_figure(&panel, 1, 1);
    const spot found = find_colour(0xFF6600, 1.0, true);
    cr_expect_float_eq(found.count, SCALE * SCALE * PANEL_SIDE * PANEL_SIDE / 2.0, 4000.0, "%d pixels", found.count);
    cr_expect_float_eq(found.x, PANEL_LEFT + PANEL_SIDE / 2.0, 1.0);
    cr_expect_float_eq(found.y, PANEL_TOP + PANEL_SIDE / 2.0, 1.0);
}

Test(plot, rings_show_the_priors_scale)
{
    const float points[] = {0, 0};
    vae_panel panel = scatter(points, NULL, 1);
    panel.scatter.rings = 3;
    write_figure(&panel, 1, 1);
    png_file with = png_file_read(png);
    const double unit = PANEL_SIDE / 6.6;
    const int64_t y = SCALE * (PANEL_TOP + PANEL_SIDE / 2);
    for (int i = 1; i <= 3; ++i) {
        const int64_t x = lrint(SCALE * (PANEL_LEFT + PANEL_SIDE / 2.0 + i * unit));
        int darkest = 255;
        for (int64_t at = x - 2; at <= x + 2; ++at) {
            const int found = png_file_pixel(&with, at, y)[0];
            darkest = found < darkest ? found : darkest;
        }
        cr_expect_eq(png_file_pixel(&with, x - lrint(SCALE * unit / 2), y)[0], 255, "no space before ring %d", i);
        cr_expect_lt(darkest, 230, "no ring at %d", i);
    }
    free(with.pixels);
}

/* Above and below, left and right of a cloud that is not in the middle of them. */
Test(plot, rings_are_not_cut_off)
{
    const float points[] = {-1, 3.7f, 1, 3.7f};
    vae_panel panel = scatter(points, NULL, 2);
    panel.scatter.rings = 3;
    write_figure(&panel, 1, 1);
    png_file file = png_file_read(png);
    /* Up to the highest point, with room of 3 % of the cloud's width. */
    const double span = 3.3 + 3.7 + 0.03 * 2, unit = PANEL_SIDE / span;
    const double x = PANEL_LEFT + PANEL_SIDE / 2.0, y = PANEL_TOP + PANEL_SIDE - 3.3 * unit;
    const double places[4][2] = {{x, y + 3 * unit}, {x, y - 3 * unit}, {x - 3 * unit, y}, {x + 3 * unit, y}};
    for (int i = 0; i < 4; ++i) {
        int darkest = 255;
        for (int64_t at = -8; at <= 8; ++at) {
            const int64_t right = lrint(SCALE * places[i][0]) + (i < 2 ? 0 : at);
            const int found = png_file_pixel(&file, right, lrint(SCALE * places[i][1]) + (i < 2 ? at : 0))[0];
            darkest = found < darkest ? found : darkest;
        }
        cr_expect_lt(darkest, 230, "side %d", i);
    }
    free(file.pixels);
}

Test(plot, degenerate_clouds_are_drawn)
{
    /* All equal; one point; so far away that the span is lost in rounding; a line. */
    const float equal[] = {2, 3, 2, 3, 2, 3}, far[] = {1e30f, -1e30f, 1e30f, -1e30f}, line[] = {0, 5, 1, 5, 2, 5};
    const int32_t labels[] = {0, 0, 0};
    const vae_panel panels[] = {scatter(equal, labels, 3), scatter(equal, labels, 1), scatter(far, labels, 2),
                                scatter(line, labels, 3)};
    for (int i = 0; i < 4; ++i) {
        write_figure(&panels[i], 1, 1);
        cr_expect_gt(count_in_svg("<use "), 10, "cloud %d has no ticks", i);
        cr_expect_gt(find_colour(0xCC6677, 0.65, true).count, 20, "cloud %d is not drawn", i);
    }
}

Test(plot, a_collapsed_cloud_is_still_seen)
{
    float points[2 * 5000];
    for (int i = 0; i < 5000; ++i) {
        points[2 * i] = 1e-4f * (float)(i % 7);
        points[2 * i + 1] = 0.0f;
    }
    int32_t labels[5000] = {0};
    vae_panel panel = scatter(points, labels, 5000);
    panel.scatter.rings = 3;
    write_figure(&panel, 1, 1);
    /* The dot is 8 points wide: some 200 pixels. */
    const spot dot = find_colour(0xCC6677, 1.0, true);
    cr_expect(dot.count > 130 && dot.count < 260, "%d pixels", dot.count);
}

Test(plot, ten_thousand_points_make_a_small_file)
{
    static float points[2 * 10000];
    static int32_t labels[10000];
    for (int i = 0; i < 10000; ++i) {
        points[2 * i] = (float)cos(i * 2.4) * sqrtf((float)i);
        points[2 * i + 1] = (float)sin(i * 2.4) * sqrtf((float)i);
        labels[i] = i % 10;
    }
    const vae_panel panel = scatter(points, labels, 10000);
    write_figure(&panel, 1, 1);
    void *data;
    size_t size;
    cr_assert_eq(vae_file_read(svg, 2 << 20, &data, &size), VAE_OK, "%s", vae_error_message());
    free(data);
    /* Every point is there, as a line's start. */
    cr_expect_geq(count_in_svg("M "), 10000);
}

Test(plot, long_titles_are_cut_at_whole_characters)
{
    const float points[] = {0, 0, 1, 1};
    char title[901] = "";
    for (int i = 0; i < 300; ++i)
        strcat(title, i % 2 ? "σ" : "₂");
    vae_panel panel = scatter(points, NULL, 2);
    panel.title = "";
    write_figure(&panel, 1, 1);
    const int others = count_in_svg("<use ");
    panel.title = title;
    write_figure(&panel, 1, 1);
    const int drawn = count_in_svg("<use ") - others;
    cr_expect(drawn > 20 && drawn < 70, "%d characters of 300", drawn);
    png_file file = png_file_read(png);
    for (int64_t y = 0; y < file.height; ++y)
        cr_assert_eq(png_file_pixel(&file, 0, y)[0], 255, "the title is clipped");
    free(file.pixels);
}

static void expect_refusal(vae_status status, const char *words, const vae_panel *panel)
{
    cr_expect_eq(vae_plot_write(prefix, panel, 1, 1), status);
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_not(vae_path_exists(png));
    cr_expect_not(vae_path_exists(svg));
}

Test(plot, refusals)
{
    const float nan[] = {0, 0, 1, NAN}, infinite[] = {0, 0, 1, 1, INFINITY, 0}, image[8] = {0};
    const vae_panel not_a_number = scatter(nan, NULL, 2), not_finite = scatter(infinite, NULL, 3),
                    none = scatter(nan, NULL, 0);
    const vae_panel no_images = {.kind = VAE_PANEL_MANIFOLD, .title = "m", .manifold = {image, 0, 2, 2, 1}};
    const vae_panel two_channels = {.kind = VAE_PANEL_MANIFOLD, .title = "m", .manifold = {image, 1, 2, 2, 2}};
    const vae_panel huge = {.kind = VAE_PANEL_MANIFOLD, .title = "m", .manifold = {image, 1000, 28, 28, 1}};
    expect_refusal(VAE_ERROR_NUMERIC, "point 1 is not finite", &not_a_number);
    expect_refusal(VAE_ERROR_NUMERIC, "point 2 is not finite", &not_finite);
    expect_refusal(VAE_ERROR_ARGUMENT, "no points", &none);
    expect_refusal(VAE_ERROR_ARGUMENT, "0 x 0 pixels", &no_images);
    expect_refusal(VAE_ERROR_ARGUMENT, "2 channels", &two_channels);
    expect_refusal(VAE_ERROR_ARGUMENT, "28000 x 28000", &huge);
    const float points[] = {0, 0};
    const vae_panel good = scatter(points, NULL, 1);
    cr_expect_eq(vae_plot_write(prefix, &good, 0, 1), VAE_ERROR_ARGUMENT);
    cr_expect_eq(vae_plot_write(prefix, &good, 65536, 65536), VAE_ERROR_ARGUMENT);
    char long_name[VAE_PLOT_PATH_SIZE + 8];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    cr_expect_eq(vae_plot_write(long_name, &good, 1, 1), VAE_ERROR_ARGUMENT);
    char missing[128];
    snprintf(missing, sizeof missing, "%s/none/figure", folder);
    cr_expect_eq(vae_plot_write(missing, &good, 1, 1), VAE_ERROR_IO);
}
