/* What numbers of arrays become: bytes where they are levels of images, float32 where they are anything else. */
#define _GNU_SOURCE
#include <math.h>

#include "data/image_stream.h"
#include "data/read.h"
#include "data/splits.h"
#include "unit/rows_file.h"

TestSuite(columns, .init = idx_setup, .fini = idx_teardown);

static const vae_read_options as_floats = {.store = VAE_STORE_FLOAT32};

/* ---- The choice ---- */

/* Two numbers of a type, as rows of one or as images of one pixel. */
static const char *write_two(const char *type, int rank, double a, double b)
{
    const double numbers[] = {a, b};
    uint8_t data[16] = {0};
    const size_t size = (size_t)(type[2] - '0');
    for (size_t i = 0; i < 2; ++i) {
        const float single = (float)numbers[i];
        const int64_t integer = (int64_t)numbers[i];
        if (type[1] != 'f') memcpy(data + i * size, &integer, size);
        if (type[1] == 'f' && size == 4) memcpy(data + 4 * i, &single, 4);
        if (type[1] == 'f' && size == 8) memcpy(data + 8 * i, &numbers[i], 8);
    }
    const idx_bytes file = npy_bytes(type, rank, (int64_t[]){2, 1, 1, 1, 1}, data, 2 * size);
    return idx_write("two.npy", &file);
}

Test(columns, numbers_that_look_like_levels_are_bytes)
{
    static const struct {
        const char *type;
        int rank;
        double a, b;
        vae_dtype dtype;
    } cases[] = {
        {"|u1", 2, 0, 16, VAE_UINT8},
        {"|u1", 5, 0, 255, VAE_UINT8},
        {"|b1", 2, 0, 1, VAE_UINT8},
        {"<i8", 2, 0, 16, VAE_FLOAT32},
        {"<u2", 2, 0, 255, VAE_FLOAT32},
        {"<i8", 3, 0, 255, VAE_UINT8},
        {"<u2", 4, 255, 7, VAE_UINT8},
        {"<i4", 3, 0, 256, VAE_FLOAT32},
        {"|i1", 3, 1, -1, VAE_FLOAT32},
        {"<f8", 3, 0, 0.3, VAE_UINT8},
        {"<f4", 3, 1.00005, -0.00005, VAE_UINT8},
        {"<f4", 3, 0, 1.001, VAE_FLOAT32},
        {"<f4", 4, -0.5, 0.5, VAE_FLOAT32},
        {"<f8", 2, 0, 0.3, VAE_FLOAT32},
        {"<f8", 2, 17.0 / 255, 1, VAE_UINT8},
        {"<f4", 2, 17.0 / 255, 0.2, VAE_UINT8},
        {"<f4", 2, 0, 1, VAE_UINT8},
        {"<f8", 2, 0, 16, VAE_FLOAT32},
        {"<f8", 2, 0, 1.0000001, VAE_FLOAT32},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        vae_dataset dataset = read_rows(write_two(cases[i].type, cases[i].rank, cases[i].a, cases[i].b), &automatic);
        cr_expect_eq(dataset.dtype, cases[i].dtype, "case %zu: %s of rank %d", i, cases[i].type, cases[i].rank);
        cr_expect_eq(dataset.levels, cases[i].dtype == VAE_UINT8, "case %zu", i);
        if (cases[i].dtype == VAE_FLOAT32) {
            const float expected[] = {(float)cases[i].a, (float)cases[i].b};
            cr_expect_arr_eq(dataset.values, expected, sizeof expected, "case %zu", i);
        }
        vae_dataset_free(&dataset);
    }
}

Test(columns, what_is_to_be_resized_is_bytes)
{
    vae_read_options half = {.transform = {.size = {1, 1}}};
    expect_failure(write_two("<f8", 3, 0, 2), &half, VAE_ERROR_FORMAT, "floats must lie in [0, 1]");
    half.store = VAE_STORE_FLOAT32;
    expect_failure(write_two("<f8", 3, 0, 2), &half, VAE_ERROR_CONFIG,
                   "cannot be cropped, resized or given other channels, which size asks for");
}

Test(columns, what_asks_for_levels_of_rows_is_named)
{
    const vae_read_options size = {.transform = {.size = {1, 2}}}, rgb = {.transform = {.channels = VAE_CHANNELS_RGB}},
                           crop = {.transform = {.crop = 1}};
    expect_failure(write_two("<f8", 2, 0, 2), &size, VAE_ERROR_FORMAT,
                   "number 2 is 2, at [1, 0], so these are rows of numbers, not levels of images, and [data] size "
                   "cannot be applied");
    expect_failure(write_two("<i8", 2, 0, 256), &rgb, VAE_ERROR_FORMAT, "[data] channels cannot be applied");
    expect_failure(write_two("<f4", 2, 0, -1), &crop, VAE_ERROR_FORMAT, "[data] crop cannot be applied");
    expect_failure(write_two("<f8", 2, 0, NAN), &size, VAE_ERROR_FORMAT, "floats must lie in [0, 1]");
}

/* Levels may be resized to what the model takes; other numbers may not. */
Test(columns, rows_of_another_length_are_told_to_be_resized_only_where_they_can)
{
    const int64_t shape[] = {1, 3, 1};
    const vae_read_options as_bytes = {.store = VAE_STORE_BYTES};
    vae_read_options floats = as_floats, bytes = as_bytes;
    const char *path = write_two("<f4", 2, 0, 1);
    cr_expect_eq(vae_images_fit(path, shape, &floats), VAE_ERROR_SHAPE);
    cr_expect_not_null(strstr(vae_error_message(), "two.npy: rows have 1 numbers, but the model takes 3"), "%s",
                       vae_error_message());
    cr_expect_null(strstr(vae_error_message(), "--size"), "%s", vae_error_message());
    cr_expect_eq(vae_images_fit(path, shape, &bytes), VAE_ERROR_SHAPE);
    cr_expect_not_null(strstr(vae_error_message(), "what makes them fit: --size 1x3"), "%s", vae_error_message());
}

/* Rows beyond the limit decide nothing, and may hold anything. */
Test(columns, only_what_is_read_decides)
{
    const vae_read_options one = {.limit = 1};
    vae_dataset dataset = read_rows(write_two("<f8", 3, 0.5, NAN), &one);
    cr_expect_eq(dataset.dtype, VAE_UINT8);
    vae_dataset_free(&dataset);
    expect_floats(write_two("<f8", 2, 0.3, NAN), &one, (const float[]){0.3f}, 1);
}

Test(columns, store_decides_where_it_is_given)
{
    const float bytes[] = {0, 51.0f / 255}, floats[] = {0.5f, 0.3f}, whole[] = {0, 51};
    expect_floats(write_two("|u1", 3, 0, 51), &as_floats, bytes, 2);
    expect_floats(write_two("<f4", 3, 0.5, (double)0.3f), &as_floats, floats, 2);
    expect_floats(write_two("<i4", 3, 0, 51), &as_floats, whole, 2);
    expect_floats(write_two("|u1", 3, 0, 1), &as_floats, (const float[]){0, 1}, 2);
    expect_floats(write_two("|b1", 2, 1, 0), &as_floats, (const float[]){1, 0}, 2);
    vae_dataset dataset = read_rows(idx_path("two.npy"), &as_floats);
    cr_expect(dataset.levels);
    vae_dataset_free(&dataset);
    expect_failure(write_two("<f4", 2, 0, 16), &(vae_read_options){.store = VAE_STORE_BYTES}, VAE_ERROR_FORMAT,
                   "number 2 is 16, at [1, 0], but floats must lie in [0, 1]");
}

/* ---- Values ---- */

Test(columns, missing_and_endless_numbers_are_refused_by_place)
{
    float values[6] = {1, -2, 3, 400, NAN, 6};
    const double large[] = {1, 2, 1e300, 4};
    idx_bytes file = npy_bytes("<f4", NPY_SIZES(2, 3), values, sizeof values);
    expect_failure(idx_write("nan.npy", &file), &automatic, VAE_ERROR_FORMAT,
                   "nan.npy: number 5 is nan, at [1, 1], but data must be finite numbers, within float32");
    values[4] = -INFINITY;
    file = npy_bytes("<f4", NPY_SIZES(2, 3), values, sizeof values);
    expect_failure(idx_write("inf.npy", &file), &automatic, VAE_ERROR_FORMAT, "number 5 is -inf, at [1, 1]");
    file = npy_bytes("<f8", NPY_SIZES(2, 2), large, sizeof large);
    expect_failure(idx_write("large.npy", &file), &automatic, VAE_ERROR_FORMAT, "number 3 is 1e+300, at [1, 0]");
    file = npy_bytes("<f4", NPY_SIZES(2, 3), values, 20);
    expect_failure(idx_write("cut.npy", &file), &automatic, VAE_ERROR_FORMAT, "promises 6 numbers, but only 5 are");
}

/* Halves, big-endian, the first index the fastest. */
Test(columns, every_order_gives_the_same_floats)
{
    enum { ROWS = 3, COLUMNS = 2 };
    /* 1.5, -2, 0.25, 8, 1024, -0.5 as halves */
    static const uint16_t halves[ROWS * COLUMNS] = {0x3e00, 0xc000, 0x3400, 0x4800, 0x6400, 0xb800};
    static const float expected[ROWS * COLUMNS] = {1.5f, -2, 0.25f, 8, 1024, -0.5f};
    uint8_t big[2 * ROWS * COLUMNS];
    for (int i = 0; i < ROWS * COLUMNS; ++i) {
        const uint16_t half = halves[i % ROWS * COLUMNS + i / ROWS];
        big[2 * i] = (uint8_t)(half >> 8);
        big[2 * i + 1] = (uint8_t)half;
    }
    idx_bytes file = npy_bytes(">f2", NPY_SIZES(ROWS, COLUMNS), big, sizeof big);
    char *order = memmem(file.byte, file.count, "False", 5);
    memcpy(order, "True ", 5);
    const char *path = idx_write("big.npy", &file);
    vae_read_options options = {.storage = VAE_STORAGE_MEMORY};
    expect_floats(path, &options, expected, ROWS * COLUMNS);
    options = (vae_read_options){.storage = VAE_STORAGE_DISK, .cache = idx_folder};
    for (int again = 0; again < 2; ++again) {
        expect_floats(path, &options, expected, ROWS * COLUMNS);
        vae_dataset dataset = read_rows(path, &options);
        cr_expect_not_null(dataset.mapping.start);
        cr_expect(!dataset.levels);
        vae_dataset_free(&dataset);
    }
    options.limit = 2;
    expect_floats(path, &options, expected, 2 * COLUMNS);
}

/* Across pieces in which numbers are collected. */
Test(columns, many_rows)
{
    enum { ROWS = 900, COLUMNS = 8 };
    static double values[ROWS * COLUMNS];
    static float expected[ROWS * COLUMNS];
    for (int i = 0; i < ROWS * COLUMNS; ++i)
        values[i] = expected[i] = (float)i / 7.0f - 100.0f;
    const idx_bytes file = npy_bytes("<f8", NPY_SIZES(ROWS, COLUMNS), values, sizeof values);
    expect_floats(idx_write("many.npy", &file), &automatic, expected, ROWS * COLUMNS);
    expect_floats(idx_write("many.npy.gz", &file), &automatic, expected, ROWS * COLUMNS);
}

Test(columns, rows_of_other_formats)
{
    idx_bytes file = IDX_HEADER(0x0b, 2, 3);
    memcpy(file.byte + file.count, "\0\1\xff\xff\1\0\0\2\0\3\0\4", 12);
    file.count += 12;
    expect_floats(idx_write("a.idx", &file), &automatic, (const float[]){1, -1, 256, 2, 3, 4}, 6);
    const float values[] = {1.5f, 2, 3, 4};
    const idx_bytes rows = npy_bytes("<f4", NPY_SIZES(2, 2), values, sizeof values), labels = npy_values(NPY_SIZES(2));
    const npz_entry entries[] = {{"X.npy", &rows}, {"y.npy", &labels}, {"Z.npy", &rows}};
    npz_write(idx_path("a.npz"), entries, 2, true);
    expect_floats(idx_path("a.npz"), &automatic, values, 4);
    npz_write(idx_path("b.npz"), entries, 3, true);
    expect_failure(idx_path("b.npz"), &automatic, VAE_ERROR_FORMAT, "name one of its arrays");
}

/* ---- The parts of a run ---- */

enum { TRAIN = 6, COLUMNS = 3 };

static const float train_rows[TRAIN * COLUMNS] = {1, 5, -3, 2, 5, 0, 3, 5, 1, 4, 5, 2, 9, 9, 9, 8, 8, 8};

static vae_config config;

static void set_paths(const char *train, const char *test)
{
    vae_config_defaults(&config);
    config.data.store = VAE_STORE_AUTO;
    config.model.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
    snprintf(config.data.train_data, VAE_PATH_SIZE, "%s", train);
    snprintf(config.data.test_data, VAE_PATH_SIZE, "%s", test);
}

static const char *write_train(void)
{
    const idx_bytes file = npy_bytes("<f4", NPY_SIZES(TRAIN, COLUMNS), train_rows, sizeof train_rows);
    return idx_write("train.npy", &file);
}

static void expect_refused(const char *words)
{
    vae_splits splits;
    cr_expect_eq(vae_splits_open(&config, &splits), VAE_ERROR_CONFIG, "%s", vae_error_message());
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_null(splits.train.values);
}

/* ---- CSV ---- */

Test(columns, csv_of_rows_with_and_without_a_header)
{
    static const char *const texts[] = {
        "age,height\n1.5,-2\n3e2,0.25\n8,9\n",
        "1.5,-2\n3e2,0.25\n8,9",
        "age;height\r\n1.5;-2\r\n3e2;0.25\r\n8;9\r\n",
        "  1.5 -2\n300\t0.25\n8   9  \n",
        "\"age; in years\",height\n1.5,-2\n300,0.25\n8,9\n",
        "\xEF\xBB\xBF\"age\", height \n\n \"1.5\" , -2\n300,+.25\n\n8,9\n\n",
    };
    const float expected[] = {1.5f, -2, 300, 0.25f, 8, 9};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
        expect_floats(write_text("a.csv", texts[i]), &automatic, expected, 6);
        expect_floats(write_text("a.csv.gz", texts[i]), &automatic, expected, 6);
        int64_t shape[4];
        cr_assert_eq(vae_images_read_shape(idx_path("a.csv"), &automatic, shape), VAE_OK);
        cr_expect_arr_eq(shape, ((int64_t[]){3, 1, 2, 1}), sizeof shape);
        expect_floats(idx_path("a.csv"), &(vae_read_options){.storage = VAE_STORAGE_DISK, .cache = idx_folder},
                      expected, 6);
    }
}

/* In memory, and through the cache. */
Test(columns, csv_names_its_columns)
{
    vae_splits splits;
    const vae_read_options disk = {.storage = VAE_STORAGE_DISK, .cache = idx_folder};
    const char *train = write_text("train.csv", "age;\"body height\";\n1;3;5\n2;3;7\n");
    for (int i = 0; i < 3; ++i) {
        vae_dataset dataset = read_rows(train, i ? &disk : &automatic);
        cr_assert_eq(dataset.column_names.count, 3);
        cr_expect_str_eq(vae_classes_name(&dataset.column_names, 0), "age");
        cr_expect_str_eq(vae_classes_name(&dataset.column_names, 1), "body height");
        cr_expect_str_eq(vae_classes_name(&dataset.column_names, 2), "");
        vae_dataset_free(&dataset);
    }
    set_paths(train, write_text("test.csv", "9;9;9\n"));
    config.data.normalise = VAE_NORMALISE_STANDARD;
    cr_assert_eq(vae_splits_open(&config, &splits), VAE_OK, "%s", vae_error_message());
    char text[VAE_REMARK_TEXT] = "";
    cr_expect(vae_remark_write(&splits.train.remarks, VAE_REMARK_CONSTANT, text));
    cr_expect_not_null(strstr(text, "the first is column 'body height'"), "%s", text);
    cr_expect_eq(splits.test.column_names.count, 0);
    vae_splits_free(&splits);
    set_paths(train, write_text("test.csv", "age;weight;\n9;9;9\n"));
    expect_refused("test.csv: column 2 is called 'weight', but 'body height' in the data that the model is trained on");
    set_paths(train, "");
    config.model.likelihood = VAE_LIKELIHOOD_BERNOULLI;
    expect_refused("but train_data holds 3 in column 'body height' of row 0, counted from 0");
}

/* Rows beyond the limit are counted, and may hold anything. */
Test(columns, csv_is_read_up_to_the_limit)
{
    const vae_read_options two = {.limit = 2};
    vae_dataset dataset = read_rows(write_text("a.csv", "1,300\n2,4\nx\n,,\n"), &two);
    cr_expect_eq(dataset.count, 2);
    cr_expect_eq(dataset.stored, 4);
    vae_dataset_free(&dataset);
}

/* Across the growth of the table, of integers that 64 bits hold. */
Test(columns, csv_of_integers_may_be_levels)
{
    static float expected[6000];
    idx_bytes file = {.count = 0};
    for (int i = 0; i < 6000; ++i) {
        expected[i] = (float)(i % 256);
        file.count += (size_t)snprintf((char *)file.byte + file.count, 8, "%d%c", i % 256, i % 6 == 5 ? '\n' : ',');
    }
    const char *path = idx_write("a.csv", &file);
    expect_floats(path, &automatic, expected, 6000);
    vae_dataset dataset = read_rows(path, &(vae_read_options){.store = VAE_STORE_BYTES});
    for (int i = 0; i < 6000; ++i)
        cr_assert_eq(dataset.values[i], i % 256);
    vae_dataset_free(&dataset);
}

Test(columns, csv_that_is_not_of_numbers_is_refused_by_row_and_column)
{
    static const char *const cases[][2] = {
        {"age,height\n1,2\n3,\n", "bad.csv:3:3: column 'height' of row 2 is empty, but must be a number; leave such"},
        {"1,2\n,4\n", "bad.csv:2:1: column '1' of row 2 is empty"},
        {"age,height\n1,2\n3,nan\n", "bad.csv:3:3: column 'height' of row 2 is 'nan', but must be a finite number"},
        {"age,height\n1,-inf\n", "column 'height' of row 1 is '-inf'"},
        {"age,height\n1,1e999\n", "column 'height' of row 1 is '1e999'"},
        {"age,height\n1,tall\n", "column 'height' of row 1 is 'tall'"},
        {"1,5;2,5\n3,1;4\n", "column '1,5' of row 1 is '3,1', but"},
        {"age,height\n1\n", "bad.csv:2:1: there are 1 columns, but 2 in the first line"},
        {"age,height\n1,?\n",
         "bad.csv:2:3: column 'height' of row 1 is '?', but must be a number; leave such rows out"},
        {"1 2\n1 2 3\n", "bad.csv:2:1: there are 3 columns, but 2 in the first line"},
        {"age,height\n", "bad.csv: holds no rows of numbers"},
        {"1,\"2\n", "a quoted field is never closed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
        expect_failure(write_text("bad.csv", cases[i][0]), &automatic, VAE_ERROR_FORMAT, cases[i][1]);
    expect_failure(write_text("bad.csv", "3.5e38,1\n400,1e40\n"), &automatic, VAE_ERROR_FORMAT,
                   "number 1 is 3.5e+38, at [0, 0], but data must be finite numbers, within float32");
}

/* ---- Streams ---- */

Test(columns, a_stream_gives_what_the_model_takes)
{
    const int64_t shape[3] = {1, 2, 1};
    const float values[] = {0.3f, 0.75f, 1, 0};
    const idx_bytes file = npy_bytes("<f4", NPY_SIZES(2, 2), values, sizeof values);
    const char *path = idx_write("rows.npy", &file);
    for (int store = 0; store < 3; ++store) {
        vae_image_stream *stream;
        vae_image_batch batch;
        const vae_read_options options = {.store = (vae_store_as)store};
        cr_assert_eq(vae_image_stream_open(path, shape, &options, &stream), VAE_OK, "%s", vae_error_message());
        cr_assert_eq(vae_image_stream_next(stream, 5, &batch), VAE_OK);
        cr_assert_eq(batch.count, 2);
        cr_expect_arr_eq(batch.pixels, values, sizeof values);
        vae_image_stream_free(stream);
    }
}

Test(columns, images_as_models_take_them)
{
    vae_dataset floats = read_rows(write_two("<f4", 2, -3, 7), &automatic);
    float values[2];
    vae_dataset_read(&floats, 0, 2, values);
    cr_expect_eq(values[0], -3.0f);
    vae_dataset_read(&floats, 1, 1, values);
    cr_expect_eq(values[0], 7.0f);
    vae_dataset_free(&floats);
    vae_dataset bytes = read_rows(write_two("|u1", 2, 51, 255), &automatic);
    vae_dataset_read(&bytes, 0, 2, values);
    cr_expect_eq(values[0], 51.0f / 255.0f);
    cr_expect_eq(values[1], 1.0f);
    vae_dataset_free(&bytes);
}

/* ---- The parts of a run, in numbers ---- */

/* Over the four rows that are left to train on. */
Test(columns, columns_are_standardised_each_by_itself)
{
    vae_splits splits;
    set_paths(write_train(), "");
    config.data.normalise = VAE_NORMALISE_STANDARD;
    config.data.validation = 2;
    cr_assert_eq(vae_splits_open(&config, &splits), VAE_OK, "%s", vae_error_message());
    cr_expect_arr_eq(splits.validation.values, train_rows + 4 * COLUMNS, 2 * COLUMNS * sizeof *train_rows);
    const double mean[] = {2.5, 5, 0}, deviation[] = {sqrt(1.25), 1, sqrt(3.5)};
    for (int j = 0; j < COLUMNS; ++j) {
        cr_expect_float_eq(splits.mean[j], mean[j], 1e-15);
        cr_expect_float_eq(splits.deviation[j], deviation[j], 1e-15);
    }
    char text[VAE_REMARK_TEXT] = "";
    cr_expect(vae_remark_write(&splits.train.remarks, VAE_REMARK_CONSTANT, text));
    cr_expect_str_eq(
        text, "1 column is the same in all training data, in float32, so that it is only shifted: the first is column "
              "1, counted from 0");
    cr_expect_eq(splits.scale * 255.0, 1.0);
    cr_expect_eq(splits.shift, 0.0);
    vae_splits_free(&splits);
    cr_expect_null(splits.mean);
}

/* Seconds since 1970, half a second apart, are 128 apart in float32. */
Test(columns, columns_that_float32_cannot_tell_apart_are_told)
{
    double rows[400];
    for (int i = 0; i < 200; ++i) {
        rows[2 * i] = 1.7e9 + 0.5 * i;
        rows[2 * i + 1] = 2000.0 + i % 2;
    }
    const idx_bytes file = npy_bytes("<f8", NPY_SIZES(200, 2), rows, sizeof rows);
    vae_splits splits;
    char text[VAE_REMARK_TEXT] = "";
    set_paths(idx_write("time.npy", &file), "");
    config.data.normalise = VAE_NORMALISE_STANDARD;
    cr_assert_eq(vae_splits_open(&config, &splits), VAE_OK, "%s", vae_error_message());
    cr_expect(vae_remark_write(&splits.train.remarks, VAE_REMARK_COARSE, text));
    cr_expect(strstr(text, "1 column varies too little") && strstr(text, "column 0, counted"), "%s", text);
    vae_splits_free(&splits);
}

Test(columns, unit_leaves_columns_as_they_are)
{
    vae_splits splits;
    set_paths(write_train(), "");
    cr_assert_eq(vae_splits_open(&config, &splits), VAE_OK, "%s", vae_error_message());
    cr_expect_null(splits.mean);
    cr_expect_eq(splits.scale * 255.0, 1.0);
    vae_splits_free(&splits);
}

/* Integers of a test file that alone would be taken for levels. */
Test(columns, test_data_become_what_training_data_became)
{
    vae_splits splits;
    const int64_t wide[] = {0, 1, 2, 3, 4, 400}, narrow[] = {0, 1, 2, 3, 4, 5};
    const uint8_t bytes[] = {0, 51, 102, 153, 204, 255};
    const idx_bytes train = npy_bytes("<i8", NPY_SIZES(2, 1, 3), wide, sizeof wide);
    const idx_bytes test = npy_bytes("<i8", NPY_SIZES(2, 1, 3), narrow, sizeof narrow);
    const idx_bytes levels = npy_bytes("|u1", NPY_SIZES(2, 1, 3), bytes, sizeof bytes);
    idx_write("wide.npy", &train);
    idx_write("narrow.npy", &test);
    idx_write("levels.npy", &levels);
    set_paths(idx_path("wide.npy"), idx_path("narrow.npy"));
    cr_assert_eq(vae_splits_open(&config, &splits), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(splits.test.dtype, VAE_FLOAT32);
    cr_expect_eq(((const float *)(const void *)splits.test.values)[5], 5.0f);
    cr_expect_eq(splits.test.remarks.of[VAE_REMARK_OTHER_LEVELS].count, 0);
    vae_splits_free(&splits);
    set_paths(idx_path("wide.npy"), idx_path("levels.npy"));
    cr_assert_eq(vae_splits_open(&config, &splits), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(((const float *)(const void *)splits.test.values)[1], 51.0f / 255.0f);
    char text[VAE_REMARK_TEXT] = "";
    cr_expect(vae_remark_write(&splits.test.remarks, VAE_REMARK_OTHER_LEVELS, text));
    cr_expect_not_null(strstr(text, "test_data holds bytes, which are read as level / 255, train_data other"), "%s",
                       text);
    vae_splits_free(&splits);
    set_paths(idx_path("narrow.npy"), idx_path("wide.npy"));
    vae_splits opened;
    cr_expect_eq(vae_splits_open(&config, &opened), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "[data] test_data"), "%s", vae_error_message());
    cr_expect_not_null(strstr(vae_error_message(), "integers must lie in 0 to 255"), "%s", vae_error_message());
}

Test(columns, keys_that_need_levels_are_refused)
{
    const char *path = write_train();
    set_paths(path, "");
    config.data.binarise = VAE_BINARISE_DYNAMIC;
    expect_refused("[data] binarise: a level is the chance");
    set_paths(path, "");
    config.data.normalise = VAE_NORMALISE_SYMMETRIC;
    expect_refused("[data] normalise: symmetric takes levels");
    set_paths(path, "");
    config.data.flip = VAE_FLIP_HORIZONTAL;
    expect_refused("[data] flip: rows have no left and right");
    static const vae_likelihood discrete[] = {VAE_LIKELIHOOD_CATEGORICAL, VAE_LIKELIHOOD_LOGISTIC,
                                              VAE_LIKELIHOOD_LOGISTIC_MIXTURE};
    for (int i = 0; i < 3; ++i) {
        set_paths(path, "");
        config.model.likelihood = discrete[i];
        expect_refused("[model] likelihood: gives probabilities of 256 levels");
    }
}

Test(columns, numbers_that_a_likelihood_does_not_take_are_refused_by_place)
{
    const float good[] = {0, 0.3f, 1}, bad[] = {0, 0.3f, 1, 1, 1.5f, 0};
    const idx_bytes train = npy_bytes("<f4", NPY_SIZES(1, 3), good, sizeof good);
    const idx_bytes test = npy_bytes("<f4", NPY_SIZES(2, 3), bad, sizeof bad);
    idx_write("good.npy", &train);
    idx_write("bad.npy", &test);
    static const vae_likelihood unit[] = {VAE_LIKELIHOOD_BERNOULLI, VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI};
    for (int i = 0; i < 2; ++i) {
        set_paths(idx_path("good.npy"), idx_path("bad.npy"));
        config.model.likelihood = unit[i];
        expect_refused("takes numbers in [0, 1], but test_data holds 1.5 in column 1 of row 1, counted from 0");
        set_paths(idx_path("good.npy"), "");
        config.model.likelihood = unit[i];
        vae_splits splits;
        cr_assert_eq(vae_splits_open(&config, &splits), VAE_OK, "%s", vae_error_message());
        vae_splits_free(&splits);
    }
    set_paths(write_train(), "");
    config.model.likelihood = VAE_LIKELIHOOD_BERNOULLI;
    expect_refused("but train_data holds 5 in column 1 of row 0, counted from 0");
}
