/* arithmetic and probe as a user meets them: the difference of means and its sums against the network written out. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>

#include "cli/process.h"
#include "cli/tiny_data.h"
#include "core/file.h"
#include "core/npy.h"
#include "unit/temporary.h"
#include "unit/tiny_model.h"

enum { ELEMENTS = TINY_SIDE * TINY_SIDE, LATENT = TINY_MODEL_LATENT };

static char folder[64];
static vae_checkpoint checkpoint;

static const char *in_folder(const char *name)
{
    static char path[192];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* Attribute "third": every third image; "rare": the first two; image 4 is not known to have "third". */
static int has_third(int image)
{
    return image % 3 == 0;
}

static void write_table(const char *name, int rows)
{
    FILE *file = fopen(in_folder(name), "w");
    cr_assert_not_null(file);
    fputs("image,third,rare\n", file);
    for (int i = 0; i < rows; ++i)
        fprintf(file, "%d.png,%s,%d\n", i, i == 4 ? "-1" : (has_third(i) ? "1" : "0"), i < 2);
    fclose(file);
}

static void write_labels(const char *name, int rows)
{
    FILE *file = fopen(in_folder(name), "wb");
    const uint8_t header[8] = {0, 0, 8, 1, 0, 0, 0, (uint8_t)rows};
    fwrite(header, 1, sizeof header, file);
    for (int i = 0; i < rows; ++i)
        fputc(i % 3, file);
    fclose(file);
}

static void setup(void)
{
    temporary_make(folder);
    tiny_write(folder);
    write_table("train.csv", TINY_TRAIN);
    write_table("test.csv", TINY_TEST);
    write_labels("train-labels.idx", TINY_TRAIN);
    write_labels("test-labels.idx", TINY_TEST);
    vae_config config = tiny_model_config();
    snprintf(config.data.train_labels, sizeof config.data.train_labels, "train-labels.idx");
    snprintf(config.data.test_labels, sizeof config.data.test_labels, "test-labels.idx");
    snprintf(config.data.train_attributes, sizeof config.data.train_attributes, "train.csv");
    snprintf(config.data.test_attributes, sizeof config.data.test_attributes, "test.csv");
    checkpoint = tiny_model_make(
        &config,
        (vae_input){.height = TINY_SIDE, .width = TINY_SIDE, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8},
        4.0);
    cr_assert_eq(vae_checkpoint_write(&checkpoint, in_folder("model.safetensors")), VAE_OK, "%s", vae_error_message());
}

static void teardown(void)
{
    vae_checkpoint_free(&checkpoint);
    temporary_remove(folder);
}

TestSuite(arithmetic, .init = setup, .fini = teardown, .timeout = 120);

#define MODEL "--checkpoint", "model.safetensors", "--threads", "1"
#define ARITHMETIC "arithmetic", MODEL, "--quiet"

/* Posterior mean of image `index` of an IDX file. */
static void mean_of(const char *file, int index, double mean[LATENT])
{
    void *data;
    size_t size;
    float image[ELEMENTS];
    double posterior[2 * LATENT];
    cr_assert_eq(vae_file_read(in_folder(file), 1 << 20, &data, &size), VAE_OK);
    for (int i = 0; i < ELEMENTS; ++i)
        image[i] = (float)((const uint8_t *)data)[16 + index * ELEMENTS + i] / 255.0f;
    free(data);
    tiny_model_encode(&checkpoint, image, posterior);
    memcpy(mean, posterior, LATENT * sizeof *mean);
}

/* Mean of images with, less that of those without; `skip` has no part. */
static void difference_by_hand(int skip, double difference[LATENT])
{
    double sums[2][LATENT] = {{0}}, counts[2] = {0, 0};
    for (int i = 0; i < TINY_TRAIN; ++i) {
        double mean[LATENT];
        if (i == skip) continue;
        mean_of("train.idx", i, mean);
        counts[has_third(i)] += 1;
        for (int j = 0; j < LATENT; ++j)
            sums[has_third(i)][j] += mean[j];
    }
    for (int j = 0; j < LATENT; ++j)
        difference[j] = sums[1][j] / counts[1] - sums[0][j] / counts[0];
}

static void expect_vector(const char *name, const double expected[LATENT])
{
    vae_npy_array array;
    cr_assert_eq(vae_npy_read_float32(in_folder(name), &array), VAE_OK, "%s", vae_error_message());
    cr_assert(array.rank == 1 && array.count == LATENT);
    for (int j = 0; j < LATENT; ++j)
        cr_expect_float_eq((double)array.values[j], expected[j], 1e-5, "%g is not %g", (double)array.values[j],
                           expected[j]);
    vae_npy_free(&array);
}

Test(arithmetic, the_difference_of_means)
{
    double expected[LATENT];
    difference_by_hand(4, expected);
    process_expect(0, NULL, folder, ARITHMETIC, "--attribute", "third", "--save-vector", "a.npy");
    expect_vector("a.npy", expected);
    difference_by_hand(-1, expected);
    process_expect(0, NULL, folder, ARITHMETIC, "--label", "0", "--save-vector", "l.npy", "--out", "l.png");
    expect_vector("l.npy", expected);
    /* Image files: training images against test images. */
    double sums[2][LATENT] = {{0}}, mean[LATENT];
    for (int i = 0; i < TINY_TRAIN; ++i) {
        mean_of("train.idx", i, mean);
        for (int j = 0; j < LATENT; ++j)
            sums[0][j] += mean[j] / TINY_TRAIN;
    }
    for (int i = 0; i < TINY_TEST; ++i) {
        mean_of("test.idx", i, mean);
        for (int j = 0; j < LATENT; ++j)
            sums[1][j] += mean[j] / TINY_TEST;
    }
    for (int j = 0; j < LATENT; ++j)
        expected[j] = sums[0][j] - sums[1][j];
    process_expect(0, NULL, folder, ARITHMETIC, "--with", "train.idx", "--without", "test.idx", "--save-vector",
                   "f.npy", "--out", "f.png");
    expect_vector("f.npy", expected);
}

Test(arithmetic, strips_are_the_decoded_sums)
{
    static const int indices[] = {3, 7, 12};
    static const double strengths[] = {0, -2, -1, 0, 1, 2};
    double difference[LATENT];
    difference_by_hand(4, difference);
    process_expect(0, NULL, folder, ARITHMETIC, "--attribute", "Third", "--strength", "-2:2:5", "--index", "3,7,12",
                   "--npy", "s.npy", "--save-vector", "v.npy");
    vae_npy_array images;
    cr_assert_eq(vae_npy_read_float32(in_folder("s.npy"), &images), VAE_OK);
    cr_assert_eq(images.sizes[0], 18);
    for (int i = 0; i < 18; ++i) {
        double mean[LATENT], expected[ELEMENTS];
        float code[LATENT];
        mean_of("test.idx", indices[i / 6], mean);
        for (int j = 0; j < LATENT; ++j)
            code[j] = (float)(mean[j] + strengths[i % 6] * difference[j]);
        tiny_model_decode(&checkpoint, code, expected);
        for (int e = 0; e < ELEMENTS; ++e)
            cr_assert_float_eq((double)images.values[i * ELEMENTS + e], expected[e], 1e-4, "image %d", i);
    }
    vae_npy_free(&images);
    /* The vector again, without a data set's table. */
    process_expect(0, NULL, folder, ARITHMETIC, "--vector", "v.npy", "--strength", "-2:2:5", "--index", "3,7,12",
                   "--npy", "again.npy", "--out", "again.png", "--with-originals");
    cr_assert_eq(vae_npy_read_float32(in_folder("again.npy"), &images), VAE_OK);
    cr_expect_eq(images.sizes[0], 21, "an original more each");
    vae_npy_free(&images);
}

Test(arithmetic, mistakes)
{
    process_expect(2, "says what is added", folder, ARITHMETIC);
    process_expect(2, "only one of --attribute, --label", folder, ARITHMETIC, "--label", "1", "--attribute", "third");
    process_expect(2, "only one of", folder, ARITHMETIC, "--with", "train.idx", "--vector", "v.npy");
    process_expect(2, "says what is added", folder, ARITHMETIC, "--with", "train.idx");
    process_expect(2, "did you mean 'third'", folder, ARITHMETIC, "--attribute", "thrid");
    process_expect(2, "there is no attribute 'nope' among 2: third, rare", folder, ARITHMETIC, "--attribute", "nope");
    process_expect(2, "index 41 is past", folder, ARITHMETIC, "--attribute", "third", "--index", "41");
    /* Before the training images are looked at, so before their table. */
    process_expect(2, "index 41 is past", folder, ARITHMETIC, "--attribute", "nope", "--index", "41");
    process_expect(2, "--strength", folder, ARITHMETIC, "--attribute", "third", "--strength", "1:2");
    process_expect(2, "no training image is known to have label 9", folder, ARITHMETIC, "--label", "9");
    process_expect(1, "test.csv: has 41 rows, but there are 203 images", folder, ARITHMETIC, "--attribute", "third",
                   "--attributes", "test.csv");
    FILE *file = fopen(in_folder("bad.csv"), "w");
    fputs("image,third\nx,1\ny,maybe\n", file);
    fclose(file);
    process_expect(1, "bad.csv:3:3: 'maybe' of third", folder, ARITHMETIC, "--attribute", "third", "--attributes",
                   "bad.csv");
    cr_expect_not(vae_path_exists(in_folder("arithmetic.png")));
    process_expect(0, NULL, folder, ARITHMETIC, "--attribute", "rare");
    process_expect(2, "--force", folder, ARITHMETIC, "--attribute", "rare");
}

Test(arithmetic, probe_prints_a_line_an_attribute)
{
    process_result result = process_run_in(folder, "probe", MODEL);
    cr_assert_eq(result.code, 0, "%s", result.errors);
    const char *third = strstr(result.output, "third"), *rare = strstr(result.output, "rare");
    cr_assert(third && rare && third < rare, "%s", result.output);
    double train, test;
    int counts[4];
    cr_assert_eq(sscanf(rare, "rare %lf %lf %d with, %d without; test %d, %d", &train, &test, &counts[0], &counts[1],
                        &counts[2], &counts[3]),
                 6, "%s", result.output);
    cr_expect(counts[0] == 2 && counts[1] == 201 && counts[2] == 2 && counts[3] == 39, "%s", result.output);
    cr_expect(train > 0.5 && train <= 1.0 && test >= 0.0 && test <= 1.0, "%s", result.output);
    cr_expect_not_null(strstr(third, "68 with, 134 without, 1 not known; test 14, 26, 1 not known\n"), "%s",
                       result.output);
    cr_expect_not_null(strstr(rare, "2 with, 201 without; test 2, 39\n"), "%s", result.output);
    process_result_free(&result);
    result = process_run_in(folder, "probe", MODEL, "--label", "1", "--quiet");
    cr_expect_eq(strncmp(result.output, "label 1 ", 8), 0, "%s", result.output);
    process_result_free(&result);
    process_expect(2, "cannot both be given", folder, "probe", MODEL, "--label", "1", "--attribute", "third");
    process_expect(2, "none is known to have it", folder, "probe", MODEL, "--label", "77");
    process_expect(2, "--out", folder, "probe", MODEL, "--label", "1", "--out", "x");
}

static void write_constant_columns(const char *name, int rows)
{
    FILE *file = fopen(in_folder(name), "w");
    cr_assert_not_null(file);
    fputs("image,none,all,age,colour,third\n", file);
    for (int i = 0; i < rows; ++i)
        fprintf(file, "%d.png,0,1,2.5,red,%d\n", i, has_third(i));
    fclose(file);
}

Test(arithmetic, probe_goes_on_after_columns_that_say_the_same_of_all_images)
{
    write_constant_columns("train.csv", TINY_TRAIN);
    write_constant_columns("test.csv", TINY_TEST);
    process_result result = process_run_in(folder, "probe", MODEL, "--quiet");
    cr_assert_eq(result.code, 0, "%s", result.errors);
    const char *const reasons =
        "none                       -       -   none is known to have it\n"
        "all                        -       -   none is known to lack it\n"
        "age                        -       -   all known numbers are the same, or there are none\n"
        "colour                     -       -   codes of two classes or more are needed, but 1 of 1 have any\n"
        "third ";
    cr_expect_eq(strncmp(result.output, reasons, strlen(reasons)), 0, "%s", result.output);
    process_result_free(&result);
    process_expect(2, "none: none is known to have it", folder, "probe", MODEL, "--attribute", "none");
}

/* Columns of every kind, in both tables; of the test images' last two nothing is known. */
static void write_columns(const char *name, int rows)
{
    static const char *const colours[] = {"red", "green", "blue"};
    FILE *file = fopen(in_folder(name), "w");
    cr_assert_not_null(file);
    fputs("image,age,colour,third\n", file);
    for (int i = 0; i < rows; ++i) {
        if (rows == TINY_TEST && i >= TINY_TEST - 2)
            fprintf(file, "%d.png,,,\n", i);
        else
            fprintf(file, "%d.png,%g,%s,%d\n", i, i % 7 / 2.0, colours[i % 3], has_third(i));
    }
    fclose(file);
}

Test(arithmetic, attributes_that_are_numbers_or_have_classes)
{
    write_columns("train.csv", TINY_TRAIN);
    write_columns("test.csv", TINY_TEST);
    process_result result = process_run_in(folder, "probe", MODEL, "--quiet");
    cr_assert_eq(result.code, 0, "%s", result.errors);
    double age[2], colour[2];
    const char *line = strstr(result.output, "colour ");
    cr_assert_not_null(line, "%s", result.output);
    cr_expect_eq(sscanf(result.output, "age %lf %lf", &age[0], &age[1]), 2, "%s", result.output);
    cr_expect_eq(sscanf(line, "colour %lf %lf", &colour[0], &colour[1]), 2, "%s", result.output);
    cr_expect(age[0] >= 0.0 && age[0] <= 1.0 && age[1] <= age[0], "%s", result.output);
    cr_expect(colour[0] > 0.33 && colour[0] <= 1.0, "%s", result.output);
    cr_expect_not_null(strstr(result.output, "R² of numbers, of 203; test 39, 2 not known\n"), "%s", result.output);
    cr_expect_not_null(strstr(line, "203 images; test 39, 2 not known; 3 classes\n"), "%s", result.output);
    cr_expect_not_null(strstr(line, "third "), "%s", result.output);
    process_result_free(&result);
    result = process_run_in(folder, "probe", MODEL, "--quiet", "--attribute", "colour=red");
    cr_expect_eq(strncmp(result.output, "colour=red ", 11), 0, "%s%s", result.output, result.errors);
    cr_expect_not_null(strstr(result.output, "68 with, 135 without; test 13, 26, 2 not known"), "%s", result.output);
    process_result_free(&result);
    result = process_run_in(folder, ARITHMETIC, "--attribute", "colour=red", "--save-vector", "red.npy");
    cr_expect_eq(result.code, 0, "%s", result.errors);
    process_result_free(&result);
    result = process_run_in(folder, ARITHMETIC, "--attribute", "third", "--save-vector", "third.npy", "--force");
    cr_expect_eq(result.code, 0, "%s", result.errors);
    process_result_free(&result);
    vae_npy_array red, third;
    cr_assert_eq(vae_npy_read_float32(in_folder("red.npy"), &red), VAE_OK);
    cr_assert_eq(vae_npy_read_float32(in_folder("third.npy"), &third), VAE_OK);
    cr_expect_arr_eq(red.values, third.values, LATENT * sizeof(float), "every third image is red");
    vae_npy_free(&red);
    vae_npy_free(&third);
    process_expect(2, "train.csv: age is a number, not something that an image has", folder, ARITHMETIC, "--attribute",
                   "age", "--force");
    process_expect(2, "train.csv: colour has classes; name one, as in colour=blue", folder, ARITHMETIC, "--attribute",
                   "colour", "--force");
    write_table("test.csv", TINY_TEST);
    process_expect(2, "test.csv: there is no attribute 'age'", folder, "probe", MODEL);
    FILE *file = fopen(in_folder("test.csv"), "w");
    fputs("image,age,colour,third\n", file);
    for (int i = 0; i < TINY_TEST; ++i)
        fprintf(file, "%d.png,young,green,1\n", i);
    fclose(file);
    process_expect(2, "test.csv: age is of another kind than in the training images' table", folder, "probe", MODEL);
}

/* Classes are 0, 1 and 2 in turn. */
Test(arithmetic, probe_prints_a_line_a_class)
{
    process_result result = process_run_in(folder, "probe", MODEL, "--classes");
    cr_assert_eq(result.code, 0, "%s", result.errors);
    double train, test, of_train[3], of_test[3];
    int images[3], tests[3];
    cr_expect_not_null(strstr(result.output, "of 3 classes"), "%s", result.output);
    const char *line = strstr(result.output, "accuracy   ");
    cr_assert_not_null(line, "%s", result.output);
    cr_assert_eq(sscanf(line,
                        "accuracy %lf %lf 203 images; test 41\nlabel 0 %lf %lf %d; test %d\nlabel 1 %lf %lf %d; test "
                        "%d\nlabel 2 %lf %lf %d; test %d\n",
                        &train, &test, &of_train[0], &of_test[0], &images[0], &tests[0], &of_train[1], &of_test[1],
                        &images[1], &tests[1], &of_train[2], &of_test[2], &images[2], &tests[2]),
                 14, "%s", result.output);
    cr_expect(images[0] == 68 && images[1] == 68 && images[2] == 67, "%s", result.output);
    cr_expect(tests[0] == 14 && tests[1] == 14 && tests[2] == 13, "%s", result.output);
    cr_expect_float_eq((of_train[0] * 68 + of_train[1] * 68 + of_train[2] * 67) / 203, train, 1e-3, "%s",
                       result.output);
    cr_expect_float_eq((of_test[0] * 14 + of_test[1] * 14 + of_test[2] * 13) / 41, test, 1e-3, "%s", result.output);
    cr_expect_gt(train, 0.34, "%s", result.output);
    process_result_free(&result);
    process_expect(2, "--classes and attributes cannot both be given", folder, "probe", MODEL, "--classes",
                   "--attribute", "third");
    process_expect(2, "--label and --classes cannot both be given", folder, "probe", MODEL, "--classes", "--label",
                   "1");
    process_expect(2, "test.idx: has no classes; --classes needs a folder", folder, "probe", MODEL, "--classes",
                   "--input", "test.idx");
    checkpoint.design.config.data.train_labels[0] = '\0';
    cr_assert_eq(vae_checkpoint_write(&checkpoint, in_folder("model.safetensors")), VAE_OK, "%s", vae_error_message());
    process_expect(2, "--classes: the run's [data] has no train_labels", folder, "probe", MODEL, "--classes");
}

/* The attribute is where an image is bright, left or right. A mirror swaps the sides, so that half of what the probe
 * learns from says the opposite of the other half. */
static void write_sided_images(void)
{
    FILE *file = fopen(in_folder("train.idx"), "wb");
    const uint8_t header[16] = {0, 0, 8, 3, 0, 0, 0, TINY_TRAIN, 0, 0, 0, TINY_SIDE, 0, 0, 0, TINY_SIDE};
    fwrite(header, 1, sizeof header, file);
    uint32_t seed = 5;
    for (int i = 0; i < TINY_TRAIN; ++i) {
        for (int j = 0; j < ELEMENTS; ++j) {
            const bool left = j % TINY_SIDE < TINY_SIDE / 2;
            fputc((left == has_third(i) ? 200 : 20) + tiny_noise(&seed) % 16, file);
        }
    }
    fclose(file);
}

static double probe_third(void)
{
    process_result result = process_run_in(folder, "probe", MODEL, "--attribute", "third", "--quiet");
    double train = NAN;
    cr_assert_eq(sscanf(result.output, "third %lf", &train), 1, "%s%s", result.output, result.errors);
    cr_expect_not_null(strstr(result.output, "68 with, 134 without"), "images, not codes: %s", result.output);
    process_result_free(&result);
    return train;
}

Test(arithmetic, a_probe_learns_from_mirror_images_as_the_run_did)
{
    write_sided_images();
    cr_expect_eq(probe_third(), 1.0);
    checkpoint.design.config.data.flip = VAE_FLIP_HORIZONTAL;
    cr_assert_eq(vae_checkpoint_write(&checkpoint, in_folder("model.safetensors")), VAE_OK, "%s", vae_error_message());
    const double mirrored = probe_third();
    cr_expect(mirrored > 0.3 && mirrored < 0.7, "%g", mirrored);
}
