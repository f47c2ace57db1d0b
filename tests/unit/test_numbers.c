/* data/numbers.c and data/source_numbers.c: arrays as people save them, of every type, order and range, and what is
 * said of numbers that were changed or cannot be read. */
#define _GNU_SOURCE
#include <math.h>

#include "data/dataset.h"
#include "data/read.h"
#include "unit/npy_file.h"

TestSuite(numbers, .init = idx_setup, .fini = idx_teardown);

static vae_dataset read_images(const char *path, const vae_read_options *options)
{
    vae_dataset dataset;
    cr_assert_eq(vae_images_read(path, options, &dataset), VAE_OK, "%s", vae_error_message());
    return dataset;
}

static void expect_pixels(const char *path, const vae_read_options *options, const uint8_t *pixels, size_t count)
{
    vae_dataset dataset = read_images(path, options);
    cr_assert_eq((size_t)(dataset.count * vae_dataset_elements(&dataset)), count);
    cr_expect_arr_eq(dataset.values, pixels, count, "%s", path);
    vae_dataset_free(&dataset);
}

static void expect_failure(const char *path, const vae_read_options *options, const char *words)
{
    vae_dataset dataset;
    cr_expect_eq(vae_images_read(path, options, &dataset), VAE_ERROR_FORMAT, "%s was read", path);
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
}

static const vae_read_options plain = {.store = VAE_STORE_BYTES};

/* ---- Types ---- */

/* An array of 0 to 250 in steps of 50, each of `size` bytes. */
static idx_bytes integers(const char *type, bool big)
{
    const size_t size = (size_t)(type[2] - '0');
    uint8_t data[6 * 8] = {0};
    for (size_t i = 0; i < 6; ++i)
        data[i * size + (big ? size - 1 : 0)] = (uint8_t)(50 * i);
    return npy_bytes(type, NPY_SIZES(1, 2, 3), data, 6 * size);
}

Test(numbers, integers_of_every_type_and_byte_order)
{
    static const char *const types[] = {"|u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4",
                                        "<u4", ">u4", "<i8", ">i8", "<u8", ">u8"};
    const uint8_t expected[] = {0, 50, 100, 150, 200, 250};
    for (size_t i = 0; i < sizeof types / sizeof *types; ++i) {
        const idx_bytes file = integers(types[i], types[i][0] == '>');
        expect_pixels(idx_write("a.npy", &file), &plain, expected, 6);
        expect_pixels(idx_write("a.npy.gz", &file), &plain, expected, 6);
    }
}

Test(numbers, floats_of_every_type_and_byte_order)
{
    const uint8_t expected[] = {0, 128, 255};
    const float single[] = {0, 0.5f, 1};
    const uint16_t half[] = {0, 0x3800, 0x3c00};
    const uint8_t big_single[] = {0, 0, 0, 0, 0x3f, 0, 0, 0, 0x3f, 0x80, 0, 0};
    const uint8_t big_double[] = {0, 0, 0, 0, 0, 0, 0, 0, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0};
    const idx_bytes files[] = {npy_bytes("<f4", NPY_SIZES(1, 1, 3), single, sizeof single),
                               npy_bytes("<f2", NPY_SIZES(1, 1, 3), half, sizeof half),
                               npy_bytes(">f4", NPY_SIZES(1, 1, 3), big_single, sizeof big_single),
                               npy_bytes(">f8", NPY_SIZES(1, 1, 3), big_double, sizeof big_double)};
    for (int i = 0; i < 4; ++i)
        expect_pixels(idx_write("a.npy", &files[i]), &plain, expected, 3);
}

Test(numbers, idx_of_other_types)
{
    idx_bytes file = IDX_HEADER(0x0d, 1, 1, 2);
    memcpy(file.byte + file.count, "\x3f\x80\0\0\x3f\0\0\0", 8);
    file.count += 8;
    expect_pixels(idx_write("a.idx.gz", &file), &plain, (const uint8_t[]){255, 128}, 2);
    file = IDX_HEADER(0x0c, 1, 1, 2);
    memcpy(file.byte + file.count, "\0\0\0\xff\0\0\0\x07", 8);
    file.count += 8;
    expect_pixels(idx_write("a.idx", &file), &plain, (const uint8_t[]){255, 7}, 2);
}

Test(numbers, labels_of_floats_and_columns)
{
    const double whole[] = {3, 0, 255}, broken[] = {3, 0.5, 1};
    const idx_bytes good = npy_bytes("<f8", NPY_SIZES(3, 1), whole, sizeof whole);
    const idx_bytes bad = npy_bytes("<f8", NPY_SIZES(3), broken, sizeof broken);
    vae_dataset dataset = {.count = 3, .stored = 3};
    cr_assert_eq(vae_labels_read(idx_write("y.npy", &good), 0, &dataset), VAE_OK, "%s", vae_error_message());
    IDX_EXPECT_LABELS(dataset.labels, 3, 0, 255);
    vae_dataset_free(&dataset);
    dataset = (vae_dataset){.count = 3, .stored = 3};
    cr_expect_eq(vae_labels_read(idx_write("y.npy", &bad), 0, &dataset), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "row 2 has label 0.5, but labels are whole numbers"), "%s",
                       vae_error_message());
}

/* ---- Order ---- */

/* The file that NumPy writes of an array in Fortran order: the header says so. */
static const char *write_fortran(const char *name, int rank, const int64_t *sizes, const uint8_t *data, size_t count)
{
    idx_bytes file = npy_bytes("|u1", rank, sizes, data, count);
    char *order = memmem(file.byte, file.count, "False", 5);
    memcpy(order, "True ", 5);
    return idx_write(name, &file);
}

enum { N = 5, H = 3, W = 4, C = 3 };

static uint8_t value(int n, int h, int w, int c)
{
    return (uint8_t)(n * 50 + h * 12 + w * 3 + c + 60);
}

/* As images are kept. */
static void fill(uint8_t *pixels)
{
    for (int i = 0; i < N * H * W * C; ++i)
        pixels[i] = value(i / (H * W * C), i / (W * C) % H, i / C % W, i % C);
}

Test(numbers, fortran_order_at_every_rank)
{
    uint8_t expected[N * H * W * C], stored[N * H * W * C];
    fill(expected);
    for (int i = 0; i < N * H * W * C; ++i)
        stored[i] = value(i % N, i / N % H, i / (N * H) % W, i / (N * H * W));
    expect_pixels(write_fortran("f.npy", NPY_SIZES(N, H, W, C), stored, sizeof stored), &plain, expected,
                  sizeof expected);
    expect_pixels(idx_path("f.npy"), &(vae_read_options){.limit = 2}, expected, 2 * H * W * C);
    expect_pixels(idx_path("f.npy"), &(vae_read_options){.storage = VAE_STORAGE_DISK, .cache = idx_folder}, expected,
                  sizeof expected);
    uint8_t flat[N * H], flat_stored[N * H];
    for (int i = 0; i < N * H; ++i) {
        flat[i] = value(i / H, i % H, 0, 0);
        flat_stored[i] = value(i % N, i / N, 0, 0);
    }
    expect_pixels(write_fortran("f.npy", NPY_SIZES(N, H), flat_stored, sizeof flat), &plain, flat, sizeof flat);
}

Test(numbers, channels_first_in_both_orders)
{
    uint8_t expected[N * H * W * C], stored[N * H * W * C], fortran[N * H * W * C];
    vae_read_options first = {.layout = VAE_CHANNELS_FIRST};
    fill(expected);
    for (int i = 0; i < N * H * W * C; ++i) {
        stored[i] = value(i / (H * W * C), i / W % H, i % W, i / (H * W) % C);
        fortran[i] = value(i % N, i / (N * C) % H, i / (N * C * H), i / N % C);
    }
    const idx_bytes file = npy_bytes("|u1", NPY_SIZES(N, C, H, W), stored, sizeof stored);
    expect_pixels(idx_write("first.npy", &file), &first, expected, sizeof expected);
    expect_pixels(write_fortran("f.npy", NPY_SIZES(N, C, H, W), fortran, sizeof fortran), &first, expected,
                  sizeof expected);
    first.limit = 3;
    expect_pixels(idx_path("first.npy"), &first, expected, 3 * H * W * C);
    first.storage = VAE_STORAGE_DISK;
    first.cache = idx_folder;
    expect_pixels(idx_path("first.npy"), &first, expected, 3 * H * W * C);
    /* One channel is one channel, wherever it stands. */
    const idx_bytes grey = npy_bytes("|u1", NPY_SIZES(N, 1, H * C, W), stored, sizeof stored);
    expect_pixels(idx_write("grey.npy", &grey), &(vae_read_options){.layout = VAE_CHANNELS_FIRST}, stored,
                  sizeof stored);
}

Test(numbers, a_layout_that_is_hardly_meant_is_refused)
{
    const idx_bytes torch = npy_values(NPY_SIZES(2, 1, 8, 8)), last = npy_values(NPY_SIZES(2, 8, 8, 3));
    expect_failure(idx_write("t.npy", &torch), &plain,
                   "[2, 1, 8, 8], which looks like [n, c, h, w]; [data] layout = channels_first");
    expect_failure(idx_write("l.npy", &last), &(vae_read_options){.layout = VAE_CHANNELS_FIRST},
                   "[2, 8, 8, 3], which looks like [n, h, w, c], but [data] layout is channels_first");
}

/* ---- Levels ---- */

static int64_t remark(const vae_dataset *dataset, vae_remark_kind kind, const char *words)
{
    char text[VAE_REMARK_TEXT] = "";
    if (vae_remark_write(&dataset->remarks, kind, text)) {
        cr_expect_not_null(strstr(text, words), "'%s' lacks '%s'", text, words);
    }
    return dataset->remarks.of[kind].count;
}

/* In memory, mapped, resized, with a limit, as IDX: always black and white, and told. */
Test(numbers, zeros_and_ones_are_black_and_white)
{
    uint8_t ones[3 * 16], expected[3 * 16];
    int64_t wide[3 * 16];
    for (int i = 0; i < 48; ++i) {
        wide[i] = ones[i] = i % 5 == 0;
        expected[i] = ones[i] ? 255 : 0;
    }
    idx_bytes idx = IDX_HEADER(8, 3, 4, 4);
    memcpy(idx.byte + idx.count, ones, sizeof ones);
    idx.count += sizeof ones;
    const idx_bytes bytes = npy_bytes("|u1", NPY_SIZES(3, 4, 4), ones, sizeof ones);
    const idx_bytes integers = npy_bytes("<i8", NPY_SIZES(3, 4, 4), wide, sizeof wide);
    const char *paths[] = {idx_write("a.npy", &bytes), idx_write("b.npy", &integers), idx_write("c.idx", &idx)};
    for (int i = 0; i < 6; ++i) {
        const vae_read_options options = {.storage = i < 3 ? VAE_STORAGE_MEMORY : VAE_STORAGE_DISK,
                                          .cache = idx_folder};
        for (int again = 0; again < 2; ++again) {
            vae_dataset dataset = read_images(paths[i % 3], &options);
            cr_expect_arr_eq(dataset.values, expected, sizeof expected);
            cr_expect(dataset.binary);
            cr_expect_eq(remark(&dataset, VAE_REMARK_BINARY, "3 images hold only 0 and 1"), 3);
            vae_dataset_free(&dataset);
        }
    }
    expect_pixels(paths[0], &(vae_read_options){.limit = 2}, expected, 2 * 16);
    /* The mean of areas of 255s, not of ones: 4 of 16 pixels of the first image are white. */
    vae_dataset small = read_images(paths[0], &(vae_read_options){.limit = 1, .transform = {.size = {1, 1}}});
    cr_expect_eq(small.values[0], 64, "%d", small.values[0]);
    vae_dataset_free(&small);
}

Test(numbers, zeros_and_ones_that_are_labels_stay)
{
    const uint8_t labels[] = {0, 1, 1, 0};
    const idx_bytes file = npy_bytes("|u1", NPY_SIZES(4), labels, sizeof labels);
    vae_dataset dataset = {.count = 4, .stored = 4};
    cr_assert_eq(vae_labels_read(idx_write("y.npy", &file), 0, &dataset), VAE_OK);
    IDX_EXPECT_LABELS(dataset.labels, 0, 1, 1, 0);
    vae_dataset_free(&dataset);
}

Test(numbers, few_levels_are_told)
{
    uint8_t values[16];
    for (int i = 0; i < 16; ++i)
        values[i] = (uint8_t)i;
    const vae_read_options disk = {.storage = VAE_STORAGE_DISK, .cache = idx_folder};
    idx_bytes file = npy_bytes("|u1", NPY_SIZES(1, 4, 4), values, sizeof values);
    for (int i = 0; i < 2; ++i) {
        vae_dataset dataset = read_images(idx_write("dark.npy", &file), i ? &disk : &plain);
        cr_expect_eq(remark(&dataset, VAE_REMARK_DARK, "1 image is dark: no pixel is above 15 of 255"), 1);
        cr_expect_arr_eq(dataset.values, values, sizeof values);
        vae_dataset_free(&dataset);
    }
    memset(values, 0, sizeof values);
    file = npy_bytes("|u1", NPY_SIZES(1, 4, 4), values, sizeof values);
    vae_dataset black = read_images(idx_write("black.npy", &file), &plain);
    cr_expect_eq(remark(&black, VAE_REMARK_DARK, "every pixel is 0"), 1);
    vae_dataset_free(&black);
    values[15] = 128;
    file = npy_bytes("|u1", NPY_SIZES(1, 4, 4), values, sizeof values);
    vae_dataset bright = read_images(idx_write("bright.npy", &file), &plain);
    cr_expect_eq(remark(&bright, VAE_REMARK_DARK, ""), 0);
    vae_dataset_free(&bright);
}

/* ---- Floats ---- */

static const char *write_floats(const char *name, float a, float b, float c, float d)
{
    const float values[] = {a, b, c, d};
    const idx_bytes file = npy_bytes("<f4", NPY_SIZES(1, 2, 2), values, sizeof values);
    return idx_write(name, &file);
}

Test(numbers, rounding_past_the_ends_is_forgiven_and_told)
{
    vae_dataset dataset = read_images(write_floats("e.npy", 1.0000001f, 0, -0.00009f, 51.0f / 255), &plain);
    cr_expect_arr_eq(dataset.values, ((const uint8_t[]){255, 0, 0, 51}), 4);
    cr_expect_eq(remark(&dataset, VAE_REMARK_CLIPPED,
                        "2 numbers lie outside [0, 1] and were clipped: the "
                        "farthest by 9e-05"),
                 2);
    cr_expect_eq(remark(&dataset, VAE_REMARK_ROUNDED, ""), 0);
    vae_dataset_free(&dataset);
    expect_failure(write_floats("e.npy", 1.0002f, 0, 0, 0), &plain, "number 1 is 1.0002, at [0, 0, 0]");
}

Test(numbers, floats_between_levels_are_told)
{
    vae_dataset dataset = read_images(write_floats("r.npy", 0.5f, 1, 10.0f / 255, 0.25f), &plain);
    cr_expect_eq(remark(&dataset, VAE_REMARK_ROUNDED,
                        "2 numbers were rounded to the 256 levels that pixels have: the "
                        "largest error is 0.00196"),
                 2);
    vae_dataset_free(&dataset);
    uint16_t halves[] = {0x3400, 0x2d0d}; /* 0.25, and 20.13 / 255 as 0.0789 */
    const idx_bytes file = npy_bytes("<f2", NPY_SIZES(1, 1, 2), halves, sizeof halves);
    dataset = read_images(idx_write("h.npy", &file), &plain);
    cr_expect_geq(remark(&dataset, VAE_REMARK_ROUNDED, "rounded"), 1);
    vae_dataset_free(&dataset);
}

Test(numbers, ranges_that_people_have_are_recognised)
{
    expect_failure(write_floats("f.npy", 0, 0.5f, 254, 17), &plain,
                   "f.npy: number 3 is 254, at [0, 1, 0], but floats must lie in [0, 1]; the file's go from 0 to 254: "
                   "divide them by 255");
    expect_failure(write_floats("f.npy", 0, 16, 3, 8), &plain, "go from 0 to 16: divide them by 16");
    expect_failure(write_floats("f.npy", 0, -1, 1, 0.5f), &plain, "go from -1 to 1: add 1 and divide by 2");
    expect_failure(write_floats("f.npy", 0, -0.42f, 2.8f, 0), &plain,
                   "if they were normalised, save them as they were");
    expect_failure(write_floats("f.npy", 0, 1, 1, NAN), &plain, "number 4 is nan, at [0, 1, 1]");
    expect_failure(write_floats("f.npy", 0, INFINITY, 1, 0), &plain, "number 2 is inf, at [0, 0, 1]");
    const uint16_t twelve[] = {0, 4000, 300, 1};
    const idx_bytes raw = npy_bytes("<u2", NPY_SIZES(1, 2, 2), twelve, sizeof twelve);
    expect_failure(idx_write("d.npy", &raw), &plain, "go from 0 to 4000: divide them by 4095 and save them as floats");
    const uint16_t deep[] = {0, 65535, 300, 1};
    const idx_bytes file = npy_bytes("<u2", NPY_SIZES(1, 2, 2), deep, sizeof deep);
    expect_failure(idx_write("d.npy", &file), &plain,
                   "number 2 is 65535, at [0, 0, 1], but integers must lie in 0 to 255; the file's go from 0 to 65535: "
                   "divide them by 65535 and save them as floats");
}

/* ---- Archives ---- */

Test(numbers, what_is_left_in_an_archive_is_told)
{
    const idx_bytes images = npy_values(NPY_SIZES(4, 3, 5)), labels = npy_values(NPY_SIZES(4));
    const npz_entry entries[] = {{"images.npy", &images}, {"more.npy", &images}, {"y.npy", &labels}};
    npz_write(idx_path("a.npz"), entries, 3, true);
    vae_dataset dataset = read_images(idx_path("a.npz"), &plain);
    cr_expect_eq(remark(&dataset, VAE_REMARK_OTHER_ARRAYS, "a.npz:more"), 1);
    cr_expect_eq(remark(&dataset, VAE_REMARK_UNUSED_LABELS, "a.npz:y"), 1);
    for (size_t i = 0; i < 60; ++i)
        cr_assert_eq(dataset.values[i], idx_value(i));
    vae_dataset_free(&dataset);
    dataset = read_images(idx_path("a.npz:images"), &plain);
    cr_expect_eq(remark(&dataset, VAE_REMARK_OTHER_ARRAYS, ""), 0);
    vae_dataset_free(&dataset);
}

/* ---- Other files ---- */

Test(numbers, files_of_other_kinds_are_named)
{
    static const struct {
        const char *start, *words;
        size_t size;
    } cases[] = {
        {"\x89PNG\r\n\x1a\n",
         "a.bin: is a PNG picture; give the folder that it is in (data are read from folders of pictures, "
         "and from files of NPY, NPZ, IDX, ARFF and CSV)",
         8},
        {"\xff\xd8\xff\xe0", "is a JPEG picture", 4},
        {"\x89HDF\r\n\x1a\n", "is an HDF5 file", 8},
        {"\x80\x04\x95", "is a Python pickle", 3},
        {"MATLAB 5.0 MAT-file", "is a MATLAB file", 19},
        {"PAR1", "is a Parquet file", 4},
        {"RIFFxxxxAVI ", "is an AVI video", 12},
        {"\0\0\0\x18"
         "ftypmp42",
         "is an MP4 video", 12},
        {"name,label\na.png,3\n", "a.bin:2:1: column 'name' of row 1 is 'a.png', but must be a finite number", 19},
        {"", "is empty", 0},
        {"\1\2\3\4", "begins with 01 02 03 04", 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        idx_bytes file = {.count = cases[i].size};
        memcpy(file.byte, cases[i].start, cases[i].size);
        expect_failure(idx_write("a.bin", &file), &plain, cases[i].words);
        if (i == 0) expect_failure(idx_write("a.gz", &file), &plain, "is a PNG picture, compressed with gzip");
    }
}
