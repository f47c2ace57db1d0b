/* data/dataset.c: what [data] opens: parts, limits, labels, static binarisation, normalisation. */
#define _GNU_SOURCE
#include <math.h>

#include "core/random.h"
#include "data/dataset.h"
#include "data/splits.h"
#include "unit/idx_file.h"

enum { TRAIN = 40, TEST = 12, SIDE = 4, ELEMENTS = SIDE * SIDE };

static vae_config config;

static void copy_path(char target[VAE_PATH_SIZE], const char *name)
{
    snprintf(target, VAE_PATH_SIZE, "%s", idx_path(name));
}

/* The files, and a configuration that names them. */
static void setup(void)
{
    idx_setup();
    const idx_bytes train = idx_images(TRAIN, SIDE, SIDE), test = idx_images(TEST, SIDE, SIDE);
    const idx_bytes train_labels = idx_labels(TRAIN), test_labels = idx_labels(TEST);
    idx_write("train.idx.gz", &train);
    idx_write("train-labels.idx.gz", &train_labels);
    idx_write("test.idx", &test);
    idx_write("test-labels.idx", &test_labels);
    vae_config_defaults(&config);
    copy_path(config.data.train_data, "train.idx.gz");
    copy_path(config.data.train_labels, "train-labels.idx.gz");
    copy_path(config.data.test_data, "test.idx");
    copy_path(config.data.test_labels, "test-labels.idx");
}

TestSuite(dataset, .init = setup, .fini = idx_teardown);

static vae_splits open_splits(void)
{
    vae_splits splits;
    cr_assert_eq(vae_splits_open(&config, &splits), VAE_OK, "%s", vae_error_message());
    return splits;
}

static void expect_failure(vae_status expected, const char *beginning, const char *words)
{
    vae_splits splits;
    memset(&splits, 0x5a, sizeof splits);
    const vae_status status = vae_splits_open(&config, &splits);
    cr_expect_eq(status, expected, "%s: %s", vae_status_name(status), vae_error_message());
    cr_expect_eq(strncmp(vae_error_message(), beginning, strlen(beginning)), 0, "'%s' does not begin with '%s'",
                 vae_error_message(), beginning);
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_null(splits.train.values);
    cr_expect_null(splits.validation.values);
    cr_expect_null(splits.test.values);
    vae_splits_free(&splits);
}

/* `part` holds images first … first + count - 1 of the file, with their labels. */
static void expect_part(const vae_dataset *part, int64_t first, int64_t count, bool labelled)
{
    cr_assert_eq(part->count, count);
    cr_expect_eq(vae_dataset_elements(part), ELEMENTS);
    for (int64_t i = 0; i < count * ELEMENTS; ++i)
        cr_assert_eq(part->values[i], idx_value((size_t)(first * ELEMENTS + i)));
    cr_assert_eq(part->labels != NULL, labelled);
    for (int64_t i = 0; labelled && i < count; ++i)
        cr_assert_eq(part->labels[i], (first + i) % 10);
}

/* ---- Parts ---- */

Test(dataset, all_parts)
{
    config.data.validation = 7;
    vae_splits splits = open_splits();
    expect_part(&splits.train, 0, TRAIN - 7, true);
    expect_part(&splits.validation, TRAIN - 7, 7, true);
    expect_part(&splits.test, 0, TEST, true);
    /* No second copy. */
    cr_expect(splits.validation.borrowed);
    cr_expect_eq(splits.validation.values, splits.train.values + (TRAIN - 7) * ELEMENTS);
    const vae_column images = vae_dataset_images(&splits.validation);
    cr_expect_eq(images.values, splits.validation.values);
    cr_expect_eq(images.count, 7);
    cr_expect_eq(images.elements, ELEMENTS);
    vae_splits_free(&splits);
    cr_expect_null(splits.train.values);
    cr_expect_null(splits.validation.labels);
    vae_splits_free(&splits); /* harmless */
}

Test(dataset, no_validation_no_test_no_labels)
{
    config.data.test_data[0] = config.data.test_labels[0] = config.data.train_labels[0] = '\0';
    vae_splits splits = open_splits();
    expect_part(&splits.train, 0, TRAIN, false);
    cr_expect_eq(splits.validation.count, 0);
    cr_expect_null(splits.validation.values);
    cr_expect_eq(splits.test.count, 0);
    cr_expect_null(splits.test.values);
    vae_splits_free(&splits);
}

/* Validation is the last of what the limit leaves. */
Test(dataset, limits)
{
    config.data.limit = 20;
    config.data.test_limit = 5;
    config.data.validation = 4;
    vae_splits splits = open_splits();
    expect_part(&splits.train, 0, 16, true);
    expect_part(&splits.validation, 16, 4, true);
    expect_part(&splits.test, 0, 5, true);
    vae_splits_free(&splits);
    config.data.limit = 100000;
    config.data.test_limit = 100000;
    splits = open_splits();
    expect_part(&splits.train, 0, TRAIN - 4, true);
    expect_part(&splits.test, 0, TEST, true);
    vae_splits_free(&splits);
}

Test(dataset, validation_leaves_a_training_image)
{
    config.data.validation = TRAIN - 1;
    vae_splits splits = open_splits();
    expect_part(&splits.train, 0, 1, true);
    expect_part(&splits.validation, 1, TRAIN - 1, true);
    vae_splits_free(&splits);
    config.data.validation = TRAIN;
    expect_failure(VAE_ERROR_CONFIG, "[data] validation: ", "40 images are to be held out, but there are only 40");
    config.data.limit = 5;
    config.data.validation = 6;
    expect_failure(VAE_ERROR_CONFIG, "[data] validation: ", "6 images are to be held out, but there are only 5");
}

/* Validation data of their own leave the training part whole, and become what training data became. */
Test(dataset, validation_data_of_their_own)
{
    const idx_bytes wide = idx_images(TEST, SIDE, SIDE + 1);
    copy_path(config.data.validation_data, "test.idx");
    config.data.limit = TRAIN - 1;
    config.data.test_limit = 3;
    vae_splits splits = open_splits();
    expect_part(&splits.train, 0, TRAIN - 1, true);
    expect_part(&splits.validation, 0, TEST, false);
    expect_part(&splits.test, 0, 3, true);
    cr_expect_not(splits.validation.borrowed);
    cr_expect_eq(splits.validation_print.images, TEST);
    cr_expect_str_neq(splits.validation_print.sample, "");
    vae_splits_free(&splits);
    cr_expect_null(splits.validation.values);
    copy_path(config.data.validation_data, "wide.idx");
    expect_failure(VAE_ERROR_CONFIG, "[data] validation_data: cannot open /tmp/", "wide.idx");
    idx_write("wide.idx", &wide);
    expect_failure(VAE_ERROR_CONFIG, "[data] validation_data: ", "4x5x1, but the training images have 4x4x1");
}

/* Its noise is that of the second part, so not the test part's. */
Test(dataset, validation_data_are_binarised_as_their_own_part)
{
    copy_path(config.data.validation_data, "test.idx");
    config.data.binarise = VAE_BINARISE_STATIC;
    vae_splits splits = open_splits();
    int differ = 0;
    for (int64_t i = 0; i < TEST * ELEMENTS; ++i) {
        const uint8_t value = splits.validation.values[i];
        cr_assert(value == 0 || value == 255);
        differ += value != splits.test.values[i];
    }
    cr_expect_gt(differ, 0);
    vae_splits_free(&splits);
}

/* ---- Messages begin with the key ---- */

Test(dataset, missing_files)
{
    char *const paths[] = {config.data.train_data, config.data.train_labels, config.data.test_data,
                           config.data.test_labels};
    const char *const keys[] = {"train_data", "train_labels", "test_data", "test_labels"};
    for (int i = 0; i < 4; ++i) {
        char kept[VAE_PATH_SIZE], beginning[64];
        memcpy(kept, paths[i], sizeof kept);
        copy_path(paths[i], "absent.gz");
        snprintf(beginning, sizeof beginning, "[data] %s: cannot open /tmp/", keys[i]);
        expect_failure(VAE_ERROR_CONFIG, beginning, "absent.gz: No such file or directory");
        memcpy(paths[i], kept, sizeof kept);
    }
}

Test(dataset, damaged_files)
{
    const uint8_t damage[] = "not an IDX file";
    const char *const names[] = {"train.idx.gz", "train-labels.idx.gz", "test.idx", "test-labels.idx"};
    const char *const keys[] = {"train_data", "train_labels", "test_data", "test_labels"};
    for (int i = 3; i >= 0; --i) {
        char beginning[64];
        idx_write_raw(idx_path(names[i]), damage, sizeof damage);
        snprintf(beginning, sizeof beginning, "[data] %s: /tmp/", keys[i]);
        expect_failure(VAE_ERROR_FORMAT, beginning, "begins with 6e 6f 74 20");
    }
}

Test(dataset, labels_of_other_images)
{
    copy_path(config.data.train_labels, "test-labels.idx");
    expect_failure(VAE_ERROR_FORMAT, "[data] train_labels: ", "holds 12 labels for 40 images");
    config.data.limit = 10; /* there are labels enough, but not of these images */
    expect_failure(VAE_ERROR_FORMAT, "[data] train_labels: ", "holds 12 labels for 40 images");
}

Test(dataset, test_images_of_another_shape)
{
    const idx_bytes wide = idx_images(TEST, SIDE, SIDE + 1), transposed = idx_images(TEST, SIDE / 2, SIDE * 2);
    copy_path(config.data.test_data, "other.idx");
    idx_write("other.idx", &wide);
    expect_failure(VAE_ERROR_CONFIG, "[data] test_data: ", "4x5x1, but the training images have 4x4x1");
    idx_write("other.idx", &transposed); /* as many pixels */
    expect_failure(VAE_ERROR_CONFIG, "[data] test_data: ", "2x8x1, but the training images have 4x4x1");
}

/* A key that a file gave is named with its line, one that --set gave with that. */
Test(dataset, messages_say_where_the_key_was_given)
{
    cr_assert_eq(vae_config_parse(&config, "[data]\nlimit = 5\n\nvalidation = 9\ntrain_labels = none.gz\n", "a.ini"),
                 VAE_OK);
    expect_failure(VAE_ERROR_CONFIG, "a.ini:5: [data] train_labels: cannot open none.gz: ", "No such file");
    cr_assert_eq(vae_config_set(&config, "data.train_labels="), VAE_OK);
    expect_failure(VAE_ERROR_CONFIG, "a.ini:4: [data] validation: 9 images", "only 5");
    cr_assert_eq(vae_config_set(&config, "data.validation=8"), VAE_OK);
    expect_failure(VAE_ERROR_CONFIG, "--set: [data] validation: 8 images", "only 5");
}

/* ---- Static binarisation ---- */

static void expect_binarised(const vae_dataset *part, uint64_t seed, uint64_t index, int64_t first)
{
    for (int64_t i = 0; i < part->count * ELEMENTS; ++i) {
        const vae_philox noise = vae_random_block(seed, VAE_STREAM_BINARISE_STATIC, index, (uint64_t)i / 4);
        const float pixel = idx_value((size_t)(first * ELEMENTS + i));
        const int expected = vae_random_uniform(noise.word[i % 4]) * 255.0f <= pixel ? 255 : 0;
        cr_assert_eq(part->values[i], expected, "part %d, byte %d", (int)index, (int)i);
    }
}

Test(dataset, static_binarisation_is_the_keyed_one)
{
    config.data.binarise = VAE_BINARISE_STATIC;
    config.data.validation = 7;
    config.train.seed = 1234567890123;
    vae_splits splits = open_splits();
    expect_binarised(&splits.train, 1234567890123u, 0, 0);
    expect_binarised(&splits.validation, 1234567890123u, 1, TRAIN - 7);
    expect_binarised(&splits.test, 1234567890123u, 2, 0);
    vae_splits other;
    config.train.seed++;
    other = open_splits();
    cr_expect_neq(memcmp(splits.train.values, other.train.values, (TRAIN - 7) * ELEMENTS), 0);
    vae_splits_free(&other);
    vae_splits_free(&splits);
}

/* How often a pixel of value v becomes 255: v/255, within five standard deviations; 0 never, 255 always. */
Test(dataset, static_binarisation_has_the_right_frequencies)
{
    enum { COUNT = 14 * 255, VALUES = 17 };
    idx_bytes bytes = IDX_HEADER(8, COUNT, 1, VALUES);
    for (int i = 0; i < COUNT * VALUES; ++i)
        bytes.byte[bytes.count++] = (uint8_t)(i % VALUES * 15 + (i % VALUES == VALUES - 1 ? 15 : 0));
    idx_write("levels.idx", &bytes);
    copy_path(config.data.train_data, "levels.idx");
    config.data.train_labels[0] = config.data.test_data[0] = '\0';
    config.data.binarise = VAE_BINARISE_STATIC;
    vae_splits splits = open_splits();
    for (int level = 0; level < VALUES; ++level) {
        int ones = 0;
        for (int i = 0; i < COUNT; ++i) {
            const uint8_t pixel = splits.train.values[i * VALUES + level];
            cr_assert(pixel == 0 || pixel == 255);
            ones += pixel == 255;
        }
        const double p = bytes.byte[16 + level] / 255.0;
        cr_expect_leq(fabs(ones - COUNT * p), 5 * sqrt(COUNT * p * (1 - p)), "value %d: %d of %d",
                      bytes.byte[16 + level], ones, COUNT);
    }
    vae_splits_free(&splits);
}

Test(dataset, other_binarisations_leave_the_bytes)
{
    config.data.binarise = VAE_BINARISE_DYNAMIC;
    vae_splits splits = open_splits();
    expect_part(&splits.train, 0, TRAIN, true);
    vae_splits_free(&splits);
}

/* ---- Normalisation ---- */

Test(dataset, unit_and_symmetric)
{
    vae_splits splits = open_splits();
    cr_expect_eq(splits.scale, 1.0 / 255.0);
    cr_expect_eq(splits.shift, 0.0);
    vae_splits_free(&splits);
    config.data.normalise = VAE_NORMALISE_SYMMETRIC;
    splits = open_splits();
    cr_expect_eq(splits.scale, 2.0 / 255.0);
    cr_expect_eq(splits.shift, -1.0);
    vae_splits_free(&splits);
}

/* Over the training images alone, not those held out. */
Test(dataset, standard)
{
    config.data.normalise = VAE_NORMALISE_STANDARD;
    config.data.validation = 7;
    vae_splits splits = open_splits();
    double sum = 0, squares = 0;
    const int64_t count = (TRAIN - 7) * ELEMENTS;
    for (int64_t i = 0; i < count; ++i) {
        const double x = splits.train.values[i] * splits.scale + splits.shift;
        sum += x;
        squares += x * x;
    }
    cr_expect_float_eq(sum / (double)count, 0.0, 1e-12);
    cr_expect_float_eq(squares / (double)count, 1.0, 1e-12);
    vae_splits_free(&splits);
}

Test(dataset, standard_of_constant_images)
{
    idx_bytes bytes = IDX_HEADER(8, 30, 5, 7);
    memset(bytes.byte + bytes.count, 201, 30 * 5 * 7);
    bytes.count += 30 * 5 * 7;
    copy_path(config.data.train_data, "constant.idx");
    config.data.train_labels[0] = config.data.test_data[0] = '\0';
    config.data.normalise = VAE_NORMALISE_STANDARD;
    idx_write("constant.idx", &bytes);
    expect_failure(VAE_ERROR_CONFIG, "[data] normalise: standard", "every training pixel is 201");
    /* One pixel that differs by one is enough. */
    bytes.byte[bytes.count - 1]++;
    idx_write("constant.idx", &bytes);
    vae_splits splits = open_splits();
    const double p = 1.0 / (30 * 5 * 7);
    cr_expect_float_eq(splits.scale * sqrt(p * (1 - p)), 1.0, 1e-12);
    vae_splits_free(&splits);
}
