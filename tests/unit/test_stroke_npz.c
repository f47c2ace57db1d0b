/* data/stroke_npz.c and data/drawing.c: drawings in archives of arrays, and what is wrong with them. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>

#include "data/drawing.h"
#include "unit/drawing_file.h"
#include "unit/pickle_file.h"

TestSuite(stroke_npz, .init = idx_setup, .fini = idx_teardown, .timeout = 60);

static const int16_t cross[] = {-200, 4, 0, 9, -9, 1, 16, -7, 0, 0, 300, 1}, line[] = {5, 6, 1};
static const pickle_drawing drawings[] = {{4, cross}, {1, line}};

/* A pickle behind the header of an object array. */
static idx_bytes object_array(const idx_bytes *pickle, int count)
{
    idx_bytes bytes = npy_bytes("|O", NPY_SIZES(count), NULL, 0);
    memcpy(bytes.byte + bytes.count, pickle->byte, pickle->count);
    bytes.count += pickle->count;
    return bytes;
}

static idx_bytes pickled(const pickle_writer *writer, const pickle_drawing *list, int count)
{
    const idx_bytes pickle = pickle_drawings(writer, list, count);
    return object_array(&pickle, count);
}

static const char *write_archive(const npz_entry *entries, int count)
{
    const char *path = idx_path("cats.npz");
    npz_write(path, entries, count, true);
    return path;
}

static const char *write_one(const char *key, const idx_bytes *array)
{
    return write_archive(&(npz_entry){key, array}, 1);
}

#define NONE ((vae_sequence_options){0})
#define CROSS "-200,4 9,-9|16,-7 0,300|\n"

Test(stroke_npz, parts_of_every_writer)
{
    for (int w = 0; w < PICKLE_WRITERS; ++w) {
        const idx_bytes train = pickled(&pickle_writers[w], drawings, 2);
        const idx_bytes valid = pickled(&pickle_writers[w], drawings + 1, 1);
        const idx_bytes test = pickled(&pickle_writers[w], drawings, 1);
        const npz_entry entries[] = {{"train.npy", &train}, {"valid.npy", &valid}, {"test.npy", &test}};
        const char *path = write_archive(entries, 3);
        char key[300];
        drawing_expect_file(path, (vae_sequence_options){.part = "train"}, CROSS "5,6|\n");
        drawing_expect_file(path, (vae_sequence_options){.part = "validation"}, "5,6|\n");
        drawing_expect_file(path, (vae_sequence_options){.part = "test"}, CROSS);
        snprintf(key, sizeof key, "%s:valid", path);
        drawing_expect_file(key, (vae_sequence_options){.part = "train"}, "5,6|\n");
    }
}

Test(stroke_npz, the_only_array_is_any_part)
{
    const idx_bytes all = pickled(&pickle_writers[0], drawings, 2);
    drawing_expect_file(write_one("drawings.npy", &all), (vae_sequence_options){.part = "test"}, CROSS "5,6|\n");
}

static const char *write_flat(const char *type, const void *rows, size_t size, int64_t count, const int64_t *offsets,
                              int64_t offset_count)
{
    const idx_bytes train = npy_bytes(type, NPY_SIZES(count, 3), rows, size);
    const idx_bytes places = npy_bytes("<i8", NPY_SIZES(offset_count), offsets, (size_t)offset_count * 8);
    const npz_entry entries[] = {{"train.npy", &train}, {"train_offsets.npy", &places}};
    return write_archive(entries, 2);
}

Test(stroke_npz, flat_arrays)
{
    const float rows[] = {0.5f, -1, 0, 2, 3, 1, 7, 8, 1};
    const char *path = write_flat("<f4", rows, sizeof rows, 3, (const int64_t[]){0, 2, 2, 3}, 4);
    vae_dataset dataset = drawing_read(path, (vae_sequence_options){.part = "train"});
    drawing_expect(&dataset, "0.5,-1 2,3|\n7,8|\n");
    cr_expect_eq(dataset.remarks.of[VAE_REMARK_EMPTY_DRAWINGS].count, 1);
    vae_dataset_free(&dataset);
}

Test(stroke_npz, drawings_of_one_length)
{
    const int8_t rows[] = {1, 2, 0, 3, 4, 1, 5, 6, 1, 7, 8, 0};
    const idx_bytes all = npy_bytes("|i1", NPY_SIZES(2, 2, 3), rows, sizeof rows);
    drawing_expect_file(write_one("x.npy", &all), NONE, "1,2 3,4|\n5,6|7,8\n");
}

Test(stroke_npz, long_and_far)
{
    const int16_t far[] = {2000, 1, 0, 1, -1001, 0, 1000, 3, 0, 4, 5, 1};
    const idx_bytes all = pickled(&pickle_writers[0], &(pickle_drawing){4, far}, 1);
    const char *path = write_one("train.npy", &all);
    vae_dataset dataset = drawing_read(path, (vae_sequence_options){.max_length = 3});
    drawing_expect(&dataset, "1000,1 1,-1000 1000,3\n");
    cr_expect_eq(dataset.remarks.of[VAE_REMARK_FAR_OFFSETS].count, 2);
    cr_expect_eq(dataset.truncated, 1);
    vae_dataset_free(&dataset);
    dataset = drawing_read(path, (vae_sequence_options){.max_length = 4});
    cr_expect_eq(dataset.truncated, 0);
    cr_expect_eq(dataset.offsets[1], 6);
    vae_dataset_free(&dataset);
}

/* By hand: of 3, 4, 0, 1, the mean is 2 and the variance 2.5; of one drawing with equal offsets there is none. */
Test(stroke_npz, deviation)
{
    const int16_t two[] = {3, 4, 0, 0, 1, 1}, same[] = {7, 7, 1};
    const pickle_drawing list[] = {{2, two}, {1, same}};
    const idx_bytes one = pickled(&pickle_writers[0], list, 1), other = pickled(&pickle_writers[0], list + 1, 1);
    vae_dataset dataset = drawing_read(write_one("train.npy", &one), NONE);
    cr_expect_float_eq(vae_drawings_deviation(&dataset), sqrt(2.5), 1e-12);
    vae_dataset_free(&dataset);
    dataset = drawing_read(write_one("train.npy", &other), NONE);
    cr_expect_eq(vae_drawings_deviation(&dataset), 1);
    vae_dataset_free(&dataset);
}

/* ---- What is wrong ---- */

Test(stroke_npz, which_array)
{
    const idx_bytes one = pickled(&pickle_writers[0], drawings, 2), other = npy_bytes("|u1", NPY_SIZES(1), "x", 1);
    const npz_entry entries[] = {{"a.npy", &one}, {"b.npy", &one}, {"c.npy", &other}};
    char rest[600];
    const char *path = write_archive(entries, 3);
    snprintf(rest, sizeof rest, ": name one of its arrays, as in %s:KEY; it has a 2, b 2, c 1", path);
    drawing_expect_failure(path, (vae_sequence_options){.part = "train"}, rest);
    char key[300];
    snprintf(key, sizeof key, "%s:c", path);
    drawing_expect_failure(key, NONE,
                           ": is not an array of drawings: these are pickled arrays [steps, 3], or [rows, 3] with an "
                           "array c_offsets, or [drawings, steps, 3], of dx, dy, and whether the pen is lifted");
    vae_dataset dataset;
    snprintf(key, sizeof key, "%s:d", path);
    cr_expect_eq(vae_sequences_read(key, &(vae_sequence_options){.kind = VAE_KIND_DRAWING}, &dataset),
                 VAE_ERROR_FORMAT);
    cr_expect(strstr(vae_error_message(), "cats.npz: has no array 'd'; it has a 2, b 2, c 1") != NULL);
}

Test(stroke_npz, a_pickle_that_asks_for_something_else)
{
    static const char text[] = "\x80\2cposix\nsystem\nU\4true\x85R.";
    idx_bytes pickle = {.count = sizeof text - 1};
    memcpy(pickle.byte, text, pickle.count);
    const idx_bytes array = object_array(&pickle, 1);
    drawing_expect_failure(write_one("train.npy", &array), NONE,
                           ":train: byte 2 of its pickle: a reference to posix.system, but only arrays of numbers are "
                           "read, and nothing is executed");
}

Test(stroke_npz, rows_that_are_no_strokes)
{
    const int16_t state[] = {1, 2, 0, 3, 4, 7};
    const idx_bytes one = pickled(&pickle_writers[0], &(pickle_drawing){2, state}, 1);
    drawing_expect_failure(write_one("train.npy", &one), NONE,
                           ":train: drawing 0, row 1: whether the pen is lifted is 7, neither 0 nor 1");
    const float infinite[] = {1, 2, 0, INFINITY, 4, 1};
    const idx_bytes other = npy_bytes("<f4", NPY_SIZES(1, 2, 3), infinite, sizeof infinite);
    drawing_expect_failure(write_one("train.npy", &other), NONE, ":train: drawing 0, row 1: an offset is not finite");
    idx_bytes columns = pickled(&pickle_writers[0], drawings, 2);
    uint8_t *shape = memmem(columns.byte, columns.count, "M\4\0K\3", 5);
    memcpy(shape, "M\3\0K\4", 5);
    drawing_expect_failure(write_one("train.npy", &columns), NONE,
                           ":train: drawing 0 is not an array [steps, 3] of dx, dy, and whether the pen is lifted, but "
                           "of 2 dimensions, the last of 4");
}

Test(stroke_npz, flat_arrays_that_do_not_fit)
{
    const int8_t rows[] = {1, 2, 0, 3, 4, 1};
    drawing_expect_failure(write_flat("|i1", rows, 6, 2, (const int64_t[]){0, 3}, 2), NONE,
                           ":train: its offsets end at row 3, but there are 2 rows");
    drawing_expect_failure(write_flat("|i1", rows, 6, 2, (const int64_t[]){1, 2}, 2), NONE,
                           ":train: offset 0 of its drawings is 1, but they must begin with 0 and never fall");
    drawing_expect_failure(write_flat("|i1", rows, 6, 2, (const int64_t[]){0, 2, 1, 2}, 4), NONE,
                           ":train: offset 2 of its drawings is 1, but they must begin with 0 and never fall");
    drawing_expect_failure(write_flat("|i1", rows, 6, 2, NULL, 0), NONE,
                           ":train: its offsets are not an array [drawings + 1]");
    drawing_expect_failure(write_flat("|i1", rows, 3, 2, (const int64_t[]){0, 2}, 2), NONE,
                           ":train: is cut short: its header promises 6 numbers, but only 3 are there");
    drawing_expect_failure(write_flat("<c8", rows, 6, 2, (const int64_t[]){0, 2}, 2), NONE,
                           ":train: holds numbers of type '<c8', but only integers, floats and booleans can be read");
}

Test(stroke_npz, arrays_of_another_order)
{
    idx_bytes all = npy_bytes("|i1", NPY_SIZES(1, 1, 3), "\1\2\0", 3);
    memcpy(memmem(all.byte, all.count, "False", 5), "True ", 5);
    drawing_expect_failure(write_one("x.npy", &all), NONE,
                           ":x: is in Fortran's order; save it with numpy.ascontiguousarray()");
    const idx_bytes empty = npy_bytes("|i1", NPY_SIZES(1 << 30, 0, 3), NULL, 0);
    drawing_expect_failure(write_one("x.npy", &empty), NONE, ":x: all its drawings are empty");
}
