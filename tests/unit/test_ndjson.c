/* data/ndjson.c and data/polylines.c: QuickDraw's lines of JSON, simplification, and what is wrong with them. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>

#include "data/polylines.h"
#include "unit/drawing_file.h"

TestSuite(ndjson, .init = idx_setup, .fini = idx_teardown, .timeout = 60);

#define NONE ((vae_sequence_options){0})
#define CAT                                                                                                            \
    "{\"word\": \"cat\", \"recognized\": true, \"key_id\": \"1\", \"drawing\": [[[10, 20, 25], [0, 5, 9]], [[7], "     \
    "[3]]]}\n"

Test(ndjson, words_are_classes)
{
    const char *path =
        DRAWING_WRITE("a.ndjson", CAT "\n{\"word\":\"dog\",\"drawing\":[[[1],[2]],[[3,4],[5,5]]]}\r\n" CAT);
    vae_dataset dataset = drawing_read(path, NONE);
    drawing_expect(&dataset, "10,5 5,4|-18,-6|\n0,0|2,3 1,0|\n10,5 5,4|-18,-6|\n");
    IDX_EXPECT_LABELS(dataset.labels, 0, 1, 0);
    cr_expect_str_eq(vae_classes_name(&dataset.classes, 0), "cat");
    cr_expect_str_eq(vae_classes_name(&dataset.classes, 1), "dog");
    vae_dataset_free(&dataset);
}

Test(ndjson, gzip_and_no_end_of_line)
{
    drawing_expect_file(DRAWING_WRITE("a.ndjson.gz", "{\"drawing\":[[[0,1],[0,2]]]}"), NONE, "1,2|\n");
}

Test(ndjson, unrecognized_and_empty)
{
    const char *path = DRAWING_WRITE("a.ndjson", "{\"recognized\":false,\"drawing\":[[[0,1],[0,2]]]}\n"
                                                 "{\"recognized\":true,\"drawing\":[[[0,3],[0,4]]]}\n"
                                                 "{\"drawing\":[]}\n{\"drawing\":[[[],[]]]}\n");
    vae_dataset dataset = drawing_read(path, NONE);
    drawing_expect(&dataset, "3,4|\n");
    cr_expect_eq(dataset.remarks.of[VAE_REMARK_UNRECOGNIZED].count, 1);
    cr_expect_eq(dataset.remarks.of[VAE_REMARK_EMPTY_DRAWINGS].count, 2);
    vae_dataset_free(&dataset);
    drawing_expect_file(path, (vae_sequence_options){.unrecognized = true}, "1,2|\n3,4|\n");
}

/* 510 wide, so that a side of 255 halves it; the middle points lie 0.5 and 1 from the line. */
Test(ndjson, raw_drawings_are_fitted_and_simplified)
{
    const char *path =
        DRAWING_WRITE("a.ndjson", "{\"drawing\":[[[100,200,300.5,610],[50,50,52,50],[0,1,2,3]],[[100],[250],[9]]]}\n");
    drawing_expect_file(path, NONE, "50,0 50.25,1 154.8,-1|-255,100|\n");
    drawing_expect_file(path, (vae_sequence_options){.simplify = 0.7}, "100.2,1 154.8,-1|-255,100|\n");
    drawing_expect_file(path, (vae_sequence_options){.simplify = 2}, "255,0|-255,100|\n");
    drawing_expect_file(path, (vae_sequence_options){.simplify = -1}, "50,0 50.25,1 154.8,-1|-255,100|\n");
}

Test(ndjson, a_line_longer_than_the_buffer)
{
    static char text[IDX_BYTES];
    size_t used = (size_t)sprintf(text, "{\"drawing\":[[[0");
    for (int side = 0; side < 2; ++side) {
        for (int i = 1; i < 10000; ++i)
            used += (size_t)sprintf(text + used, ",%d", i % 7);
        used += (size_t)sprintf(text + used, side ? "]]]}\n" : "],[0");
    }
    used += (size_t)sprintf(text + used, "{\"drawing\":[[[0,1],[0,2]]]}\n");
    vae_dataset dataset = drawing_read(drawing_write("a.ndjson", text, used), NONE);
    cr_assert_eq(dataset.count, 2);
    cr_expect_eq(dataset.offsets[1], 10001);
    vae_dataset_free(&dataset);
}

/* ---- What is wrong ---- */

#define REFUSE(text, rest) drawing_expect_failure(DRAWING_WRITE("a.ndjson", text), NONE, ": line " rest)

Test(ndjson, damaged_json)
{
    REFUSE(CAT "{\"word\": \"cat\", \"drawing\": [[[1,2],[3,",
           "2: is not JSON, or cut off, at byte 38: ']' expected near end of file");
    REFUSE("{\"drawing\": [[[1,2],[3,nan]]]}", "1: is not JSON, or cut off, at byte 26: invalid token near 'nan'");
    REFUSE("{\"drawing\": [[[1],[2]]]} x", "1: is not JSON, or cut off, at byte 26: end of file expected near 'x'");
    REFUSE("{\"word\": \"\xFF\"}", "1: is not JSON, or cut off, at byte 10: unable to decode byte 0xff near '\"'");
    REFUSE("{}\n[1]", "1: has no \"drawing\" that is a list of strokes");
    REFUSE(CAT "[1]", "2: is not a JSON object");
}

Test(ndjson, strokes_that_are_none)
{
    REFUSE("{\"drawing\": 1}", "1: has no \"drawing\" that is a list of strokes");
    REFUSE("{\"drawing\": [[[1],[2]],[[1]]]}", "1: stroke 1 is not a list of two lists or three, x, y and times");
    REFUSE("{\"drawing\": [7]}", "1: stroke 0 is not a list of two lists or three, x, y and times");
    REFUSE("{\"drawing\": [[[1,2],[2]]]}", "1: stroke 0 has 2 numbers x, but 1 numbers y");
    REFUSE("{\"drawing\": [[[1,\"2\"],[2,3]]]}", "1: stroke 0 has a coordinate that is not a number");
    REFUSE("{\"drawing\": [[[1,1e308],[-1,3]],[[-1e308],[2]]]}", "1: an offset is not finite");
}

Test(ndjson, too_many_points)
{
    static char text[1 << 20];
    size_t used = (size_t)sprintf(text, "{\"drawing\":[[[0");
    for (int side = 0; side < 2; ++side) {
        for (int i = 0; i < VAE_POLYLINES_POINTS; ++i)
            used += (size_t)sprintf(text + used, ",1");
        used += (size_t)sprintf(text + used, side ? "]]]}\n" : "],[0");
    }
    idx_write_raw(idx_path("a.ndjson"), text, used);
    drawing_expect_failure(idx_path("a.ndjson"), NONE, ": line 1: a drawing has more than 65536 points");
}

/* ---- Simplification ---- */

static void expect_simplified(double epsilon, const vae_point *points, int count, const vae_point *kept, int kept_count)
{
    vae_polylines lines = {0};
    for (int i = 0; i < count; ++i)
        cr_assert_eq(vae_polylines_add(&lines, points[i]), VAE_OK);
    cr_assert_eq(vae_polylines_end_line(&lines), VAE_OK);
    cr_assert_eq(vae_polylines_end_line(&lines), VAE_OK);
    cr_assert_eq(vae_polylines_simplify(&lines, epsilon), VAE_OK);
    cr_expect_eq(lines.lines, 1);
    cr_assert_eq(lines.count, kept_count, "%g: %d", epsilon, (int)lines.count);
    cr_expect_eq(lines.ends[0], kept_count);
    for (int i = 0; i < kept_count; ++i)
        cr_expect(lines.points[i].x == kept[i].x && lines.points[i].y == kept[i].y, "%d", i);
    vae_polylines_free(&lines);
}

#define POINTS(...) (const vae_point[]){__VA_ARGS__}, sizeof((const vae_point[]){__VA_ARGS__}) / sizeof(vae_point)

Test(polylines, simplify)
{
    /* Worked by hand: (4, 5) is farthest; then (6, 0.5) lies 1.25 from its segment, (2, 1) 0.94, (1, 0.1) 0.36. */
    expect_simplified(0.9, POINTS({0, 0}, {1, 0.1}, {2, 1}, {4, 5}, {6, 0.5}, {8, 0}),
                      POINTS({0, 0}, {2, 1}, {4, 5}, {6, 0.5}, {8, 0}));
    expect_simplified(1.5, POINTS({0, 0}, {1, 0.1}, {2, 1}, {4, 5}, {6, 0.5}, {8, 0}), POINTS({0, 0}, {4, 5}, {8, 0}));
    expect_simplified(0, POINTS({0, 0}, {1, 1}, {2, 2}), POINTS({0, 0}, {2, 2}));
    /* Beyond the end of the segment, and a line that returns to where it began. */
    expect_simplified(1, POINTS({0, 0}, {5, 0}, {2, 0}), POINTS({0, 0}, {5, 0}, {2, 0}));
    expect_simplified(1, POINTS({0, 0}, {5, 0}, {0, 0}), POINTS({0, 0}, {5, 0}, {0, 0}));
    expect_simplified(1, POINTS({3, 4}), POINTS({3, 4}));
}

Test(polylines, not_finite)
{
    vae_polylines lines = {0};
    cr_expect_eq(vae_polylines_add(&lines, (vae_point){NAN, 0}), VAE_ERROR_FORMAT);
    cr_expect_eq(vae_polylines_add(&lines, (vae_point){0, INFINITY}), VAE_ERROR_FORMAT);
    vae_polylines_fit(&lines, 255);
    cr_expect_eq(vae_polylines_simplify(&lines, 1), VAE_OK);
    vae_polylines_free(&lines);
}
