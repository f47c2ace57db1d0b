/* data/npy.c and data/npz.c: images and labels from NumPy's files, whole, foreign and damaged. */
#define _GNU_SOURCE
#include <math.h>

#include "data/dataset.h"
#include "data/read.h"
#include "unit/npy_file.h"

TestSuite(arrays, .init = idx_setup, .fini = idx_teardown);

static vae_dataset read_images(const char *path, int64_t limit)
{
    vae_dataset dataset;
    cr_assert_eq(vae_images_read(path, &(vae_read_options){.limit = limit}, &dataset), VAE_OK, "%s",
                 vae_error_message());
    return dataset;
}

/* Images whose element i is idx_value(i), of the shape {count, height, width, channels}; the shape alone is the same.
 */
static void expect_images(const char *path, int64_t limit, const int64_t shape[4])
{
    vae_dataset dataset = read_images(path, limit);
    const int64_t found[4] = {dataset.count, dataset.height, dataset.width, dataset.channels};
    cr_expect_arr_eq(found, shape, sizeof found);
    for (int64_t i = 0; i < dataset.count * vae_dataset_elements(&dataset); ++i)
        cr_assert_eq(dataset.values[i], idx_value((size_t)i));
    int64_t read_shape[4];
    cr_assert_eq(vae_images_read_shape(path, &(vae_read_options){0}, read_shape), VAE_OK);
    cr_expect_eq(read_shape[0], dataset.stored);
    cr_expect_arr_eq(read_shape + 1, shape + 1, 3 * sizeof *shape);
    vae_dataset_free(&dataset);
}

static void expect_failure(const char *path, vae_status expected, const char *words)
{
    vae_dataset dataset = {.count = 1};
    const vae_status status = vae_images_read(path, &(vae_read_options){.store = VAE_STORE_BYTES}, &dataset);
    cr_expect_eq(status, expected, "%s: %s", vae_status_name(status), vae_error_message());
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_null(dataset.values);
    cr_expect_eq(dataset.count, 0);
}

/* ---- NPY ---- */

Test(arrays, images_of_every_rank)
{
    const idx_bytes flat = npy_values(NPY_SIZES(6, 5)), grey = npy_values(NPY_SIZES(4, 3, 5));
    const idx_bytes colour = npy_values(NPY_SIZES(4, 3, 5, 3)), deep = npy_values(NPY_SIZES(3, 2, 2, 4, 2));
    expect_images(idx_write("flat.npy", &flat), 0, (int64_t[]){6, 1, 5, 1});
    expect_images(idx_write("grey.npy", &grey), 0, (int64_t[]){4, 3, 5, 1});
    expect_images(idx_write("colour.npy", &colour), 0, (int64_t[]){4, 3, 5, 3});
    expect_images(idx_write("deep.npy", &deep), 0, (int64_t[]){3, 1, 2 * 2 * 4 * 2, 1});
    expect_images(idx_path("colour.npy"), 3, (int64_t[]){3, 3, 5, 3});
    /* The content decides, not the name. */
    expect_images(idx_write("colour.idx", &colour), 9, (int64_t[]){4, 3, 5, 3});
}

Test(arrays, floats_and_booleans_become_bytes)
{
    const float floats[] = {0, 1, 0.5f, 0.001f, 0.002f, 254.4f / 255};
    const double doubles[] = {0, 1, 0.5, 0.001, 0.002, 254.4 / 255};
    const uint8_t expected[] = {0, 255, 128, 0, 1, 254}, booleans[] = {0, 1, 1, 0, 0, 1};
    const idx_bytes files[] = {npy_bytes("<f4", NPY_SIZES(1, 2, 3), floats, sizeof floats),
                               npy_bytes("<f8", NPY_SIZES(1, 2, 3), doubles, sizeof doubles),
                               npy_bytes("|b1", NPY_SIZES(1, 2, 3), booleans, sizeof booleans)};
    for (int i = 0; i < 3; ++i) {
        vae_dataset dataset = read_images(idx_write("numbers.npy", &files[i]), 0);
        for (int j = 0; j < 6; ++j)
            cr_expect_eq(dataset.values[j], i == 2 ? 255 * booleans[j] : expected[j], "file %d, %d", i, j);
        vae_dataset_free(&dataset);
    }
}

Test(arrays, floats_out_of_range)
{
    const float bad[] = {-0.01f, 1.01f, NAN, INFINITY};
    for (int i = 0; i < 4; ++i) {
        const float values[] = {0, 1, bad[i], 0};
        const idx_bytes bytes = npy_bytes("<f4", NPY_SIZES(1, 2, 2), values, sizeof values);
        expect_failure(idx_write("bad.npy", &bytes), VAE_ERROR_FORMAT, "number 3 is ");
        cr_expect_not_null(strstr(vae_error_message(), "floats must lie in [0, 1]"));
    }
}

/* Across the borders of the pieces in which numbers are converted. */
Test(arrays, many_floats)
{
    enum { COUNT = 7000 };
    double values[COUNT];
    for (int i = 0; i < COUNT; ++i)
        values[i] = idx_value((size_t)i) / 255.0;
    const idx_bytes bytes = npy_bytes("<f8", NPY_SIZES(COUNT / 100, 10, 10), values, sizeof values);
    expect_images(idx_write("many.npy", &bytes), 0, (int64_t[]){COUNT / 100, 10, 10, 1});
}

Test(arrays, shapes_and_types_that_are_no_images)
{
    const idx_bytes line = npy_values(NPY_SIZES(7)), empty = npy_values(NPY_SIZES(3, 0, 4));
    const idx_bytes torch = npy_values(NPY_SIZES(2, 3, 8, 8));
    expect_failure(idx_write("bad.npy", &line), VAE_ERROR_FORMAT, "bad.npy: is of shape [7], but images are [n, h, w]");
    expect_failure(idx_write("bad.npy", &empty), VAE_ERROR_FORMAT, "is of shape [3, 0, 4], so it is empty");
    expect_failure(idx_write("bad.npy", &torch), VAE_ERROR_FORMAT, "[2, 3, 8, 8], which looks like [n, c, h, w]");
    const float values[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const idx_bytes wide = npy_bytes("<c8", NPY_SIZES(1, 2, 2), values, sizeof values);
    expect_failure(idx_write("bad.npy", &wide), VAE_ERROR_FORMAT,
                   "holds numbers of type '<c8', but only integers, floats and booleans");
}

Test(arrays, npy_cut_short_anywhere_and_oversized)
{
    idx_bytes bytes = npy_values(NPY_SIZES(2, 3, 4));
    const size_t whole = bytes.count;
    for (bytes.count = 6; bytes.count < whole; ++bytes.count)
        expect_failure(idx_write("cut.npy", &bytes), VAE_ERROR_FORMAT, "cut.npy: is ");
    cr_expect_not_null(strstr(vae_error_message(), "promises 24 numbers, but only 23 are there"), "%s",
                       vae_error_message());
    bytes.count = whole + 1;
    expect_failure(idx_write("cut.npy", &bytes), VAE_ERROR_FORMAT, "goes on after the 24 numbers");
}

Test(arrays, headers_that_promise_much_cost_little)
{
    idx_bytes bytes = npy_bytes("|u1", NPY_SIZES(1 << 20, 1 << 10, 1 << 10), NULL, 0);
    idx_append_values(&bytes, 1000);
    idx_limit_memory();
    expect_failure(idx_write("large.npy", &bytes), VAE_ERROR_FORMAT, "but only 1000 are there");
    bytes = npy_bytes("|u1", NPY_SIZES(1, 1 << 20, 1 << 20), NULL, 0);
    const vae_read_options resized = {.transform = {.size = {8, 8}}};
    vae_dataset dataset;
    cr_expect_eq(vae_images_read(idx_write("large.npy", &bytes), &resized, &dataset), VAE_ERROR_FORMAT);
    /* A version 2 header of 4 GiB. */
    const uint8_t header[64] = "\x93NUMPY\2\0\xff\xff\xff\xff{'descr'";
    idx_write_raw(idx_path("large.npy"), header, sizeof header);
    expect_failure(idx_path("large.npy"), VAE_ERROR_FORMAT, "its header is of 4294967307 bytes");
}

/* ---- NPZ ---- */

Test(arrays, npz_stored_and_deflated)
{
    const idx_bytes images = npy_values(NPY_SIZES(4, 3, 5)), more = npy_values(NPY_SIZES(2, 6, 6, 3));
    const npz_entry entries[] = {{"more.npy", &more}, {"images.npy", &images}};
    for (int deflated = 0; deflated < 2; ++deflated) {
        npz_write(idx_path("a.npz"), entries, 2, deflated);
        expect_images(idx_path("a.npz"), 0, (int64_t[]){4, 3, 5, 1});
        expect_images(idx_path("a.npz:images"), 2, (int64_t[]){2, 3, 5, 1});
        expect_images(idx_path("a.npz:more"), 0, (int64_t[]){2, 6, 6, 3});
    }
}

Test(arrays, npz_the_only_array_that_can_be_images)
{
    const idx_bytes faces = npy_values(NPY_SIZES(4, 3, 5)), attributes = npy_values(NPY_SIZES(4, 3));
    const npz_entry entries[] = {
        {"attributes.npy", &attributes}, {"faces.npy", &faces}, {"readme.txt", &faces}, {"others.npy", &faces}};
    npz_write(idx_path("a.npz"), entries, 3, true);
    expect_images(idx_path("a.npz"), 0, (int64_t[]){4, 3, 5, 1});
    npz_write(idx_path("a.npz"), entries, 4, true);
    expect_failure(idx_path("a.npz"), VAE_ERROR_FORMAT, "a.npz:KEY; it has attributes 4x3, faces 4x3x5, others 4x3x5");
    expect_failure(idx_path("a.npz:face"), VAE_ERROR_FORMAT,
                   "a.npz: has no array 'face'; it has attributes 4x3, faces 4x3x5");
    npz_write(idx_path("a.npz"), entries + 2, 1, true);
    expect_failure(idx_path("a.npz"), VAE_ERROR_FORMAT, "a.npz: holds no arrays");
}

Test(arrays, keys_of_other_files)
{
    const idx_bytes images = npy_values(NPY_SIZES(4, 3, 5));
    idx_write("a.npy", &images);
    expect_failure(idx_path("a.npy:images"), VAE_ERROR_FORMAT,
                   "a.npy: is not an NPZ file, so it has no array 'images'");
    expect_failure(idx_path("none.npz:images"), VAE_ERROR_CONFIG, "none.npz:images: No such file");
    /* A file of that very name is read. */
    expect_images(idx_write("a.npy:x", &images), 0, (int64_t[]){4, 3, 5, 1});
}

/* Every byte of the archive damaged in turn: an error, or, where the byte does not matter, the same images. */
Test(arrays, npz_damaged_anywhere)
{
    const idx_bytes images = npy_values(NPY_SIZES(4, 3, 5));
    const npz_entry entry = {"images.npy", &images};
    static uint8_t content[IDX_BYTES];
    int failures = 0;
    npz_write(idx_path("a.npz"), &entry, 1, true);
    FILE *file = fopen(idx_path("a.npz"), "rb");
    cr_assert_not_null(file);
    const size_t size = fread(content, 1, sizeof content, file);
    fclose(file);
    for (size_t place = 4; place < size; ++place) {
        vae_dataset dataset;
        content[place] ^= 0x15;
        idx_write_raw(idx_path("b.npz"), content, size);
        const vae_status status = vae_images_read(idx_path("b.npz"), &(vae_read_options){0}, &dataset);
        content[place] ^= 0x15;
        failures += status != VAE_OK;
        if (status) {
            cr_assert_eq(status, VAE_ERROR_FORMAT, "byte %zu: %s", place, vae_error_message());
            cr_assert_not_null(strstr(vae_error_message(), "b.npz"), "%s", vae_error_message());
            continue;
        }
        for (int64_t i = 0; i < 60; ++i)
            cr_assert_eq(dataset.values[i], idx_value((size_t)i), "byte %zu", place);
        vae_dataset_free(&dataset);
    }
    cr_expect_gt(failures, (int)size / 2);
    for (size_t cut = 4; cut < size; ++cut) {
        idx_write_raw(idx_path("b.npz"), content, cut);
        expect_failure(idx_path("b.npz"), VAE_ERROR_FORMAT, "b.npz: is cut short, after ");
    }
}

/* ---- Labels ---- */

static vae_status read_labels(const char *path, int64_t count, vae_dataset *dataset)
{
    *dataset = (vae_dataset){.count = count, .stored = count};
    return vae_labels_read(path, 0, dataset);
}

Test(arrays, labels_of_every_integer_type)
{
    static const char *const types[] = {"|u1", "|i1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8"};
    for (size_t t = 0; t < 8; ++t) {
        const size_t size = (size_t)(types[t][2] - '0');
        uint8_t data[5 * 8] = {0};
        for (size_t i = 0; i < 5; ++i)
            data[i * size] = (uint8_t)(i * 30);
        const idx_bytes bytes = npy_bytes(types[t], NPY_SIZES(5), data, 5 * size);
        vae_dataset dataset;
        cr_assert_eq(read_labels(idx_write("labels.npy", &bytes), 5, &dataset), VAE_OK, "%s", vae_error_message());
        for (int i = 0; i < 5; ++i)
            cr_expect_eq(dataset.labels[i], i * 30);
        vae_dataset_free(&dataset);
        cr_expect_eq(read_labels(idx_path("labels.npy"), 4, &dataset), VAE_ERROR_FORMAT);
        cr_expect_not_null(strstr(vae_error_message(), "holds 5 labels for 4 images"));
        cr_expect_null(dataset.labels);
    }
}

/* The labels of an array of `count` items, as their classes are called. */
static void expect_classes(const idx_bytes *bytes, int count, const char *expected)
{
    vae_dataset dataset;
    char found[256] = "";
    cr_assert_eq(read_labels(idx_write("labels.npy", bytes), count, &dataset), VAE_OK, "%s", vae_error_message());
    for (int i = 0; i < count; ++i) {
        strcat(found, vae_classes_name(&dataset.classes, dataset.labels[i]));
        strcat(found, " ");
    }
    cr_expect_str_eq(found, expected);
    for (int64_t i = 0; i < dataset.classes.count; ++i) {
        bool used = false;
        for (int j = 0; j < count; ++j)
            used |= dataset.labels[j] == i;
        cr_expect(used, "class %d is nobody's", (int)i);
    }
    vae_dataset_free(&dataset);
}

Test(arrays, labels_of_any_range)
{
    const int64_t wide[] = {-5, 100000, 7, -5, INT64_MIN, INT64_MAX};
    const idx_bytes longs = npy_bytes("<i8", NPY_SIZES(6), wide, sizeof wide);
    expect_classes(&longs, 6, "-5 100000 7 -5 -9223372036854775808 9223372036854775807 ");
    const uint8_t shorts[] = {1, 0, 0, 3, 1, 0};
    const idx_bytes turned = npy_bytes(">u2", NPY_SIZES(3), shorts, sizeof shorts);
    expect_classes(&turned, 3, "256 3 256 ");
    const float floats[] = {-1, 1e9f, -0.0f};
    const idx_bytes reals = npy_bytes("<f4", NPY_SIZES(3), floats, sizeof floats);
    expect_classes(&reals, 3, "-1 1000000000 0 ");
    /* Classes are in ascending order. */
    vae_dataset dataset;
    cr_assert_eq(read_labels(idx_write("labels.npy", &longs), 6, &dataset), VAE_OK, "%s", vae_error_message());
    IDX_EXPECT_LABELS(dataset.labels, 1, 3, 2, 1, 0, 4);
    vae_dataset_free(&dataset);
}

Test(arrays, labels_that_are_texts)
{
    const uint32_t wide[] = {'c', 'a', 't', 0xE9, 0, 0, 0x732B, 0, 0, 0x1F408, 'a', 0};
    uint8_t turned[sizeof wide];
    for (size_t i = 0; i < sizeof wide; ++i)
        turned[i] = ((const uint8_t *)wide)[i / 4 * 4 + 3 - i % 4];
    const idx_bytes unicode = npy_bytes("<U3", NPY_SIZES(4), wide, sizeof wide);
    expect_classes(&unicode, 4, "cat é 猫 🐈a ");
    const idx_bytes other = npy_bytes(">U3", NPY_SIZES(4), turned, sizeof turned);
    expect_classes(&other, 4, "cat é 猫 🐈a ");
    const idx_bytes bytes = npy_bytes("|S3", NPY_SIZES(3), "dogcat\0\0\0", 9);
    vae_dataset dataset;
    cr_expect_eq(read_labels(idx_write("labels.npy", &bytes), 3, &dataset), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "labels.npy: row 3 has no label"), "%s", vae_error_message());
    /* Digits are numbers, as they are in text files. */
    const idx_bytes digits = npy_bytes("|S2", NPY_SIZES(3),
                                       "109\0"
                                       "7\0",
                                       6);
    cr_assert_eq(read_labels(idx_write("labels.npy", &digits), 3, &dataset), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(dataset.classes.count, 0);
    IDX_EXPECT_LABELS(dataset.labels, 10, 9, 7);
    vae_dataset_free(&dataset);
}

static void expect_refused(const char *type, const void *data, size_t size, const char *words)
{
    const idx_bytes bytes = npy_bytes(type, NPY_SIZES(2), data, size);
    vae_dataset dataset;
    cr_expect_eq(read_labels(idx_write("labels.npy", &bytes), 2, &dataset), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), words), "%s lacks %s", vae_error_message(), words);
    cr_expect_null(dataset.labels);
    cr_expect_eq(dataset.classes.count, 0);
}

Test(arrays, labels_that_are_none)
{
    const double broken[][2] = {{1, 0.5}, {1, NAN}, {1, INFINITY}, {1, 1e300}, {1, 0x1p63}};
    for (int i = 0; i < 5; ++i)
        expect_refused("<f8", broken[i], sizeof broken[i], "labels.npy: row 2 has label ");
    const uint64_t large[] = {1, UINT64_C(1) << 63};
    expect_refused("<u8", large, sizeof large, "row 2 has label 9.223372036854776e+18, but labels are whole numbers");
    const uint32_t surrogate[] = {'a', 0xD800}, beyond[] = {'a', 0x110000};
    expect_refused("<U1", surrogate, sizeof surrogate, "row 2 has a label that is not Unicode text");
    expect_refused("<U1", beyond, sizeof beyond, "row 2 has a label that is not Unicode text");
    expect_refused("|O", large, sizeof large, "holds labels of type '|O'");
    expect_refused("<U9999", large, 8, "texts of up to 4096 characters");
    expect_refused("<U0", large, 0, "holds labels of type '<U0'");
    expect_refused("<U2", large, 15, "is cut short");
}

Test(arrays, labels_in_an_archive)
{
    const idx_bytes images = npy_values(NPY_SIZES(4, 3, 5)), labels = npy_values(NPY_SIZES(4));
    const npz_entry entries[] = {{"images.npy", &images}, {"classes.npy", &labels}, {"labels.npy", &labels}};
    for (int count = 2; count <= 3; ++count) {
        vae_dataset dataset = read_images((npz_write(idx_path("a.npz"), entries, count, true), idx_path("a.npz")), 3);
        cr_assert_eq(vae_labels_read(idx_path(count == 2 ? "a.npz" : "a.npz:labels"), 3, &dataset), VAE_OK, "%s",
                     vae_error_message());
        for (int i = 0; i < 3; ++i)
            cr_expect_eq(dataset.labels[i], idx_value((size_t)i));
        vae_dataset_free(&dataset);
    }
    vae_dataset dataset;
    cr_expect_eq(read_labels(idx_path("a.npz:images"), 4, &dataset), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "a.npz:images: is of shape [4, 3, 5], but labels are [n]"), "%s",
                       vae_error_message());
}
