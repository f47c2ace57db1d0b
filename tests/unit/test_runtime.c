/* model/runtime.c behind vae/model.h: it computes the network that the checkpoint holds, in the data's own range, each
 * row for itself, and says what is wrong where something is. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>
#include <vae/vae.h>

#include "core/file.h"
#include "model/runtime.h"
#include "unit/temporary.h"
#include "unit/tiny_model.h"

enum { HEIGHT = 4, WIDTH = 3, ELEMENTS = HEIGHT * WIDTH, LATENT = TINY_MODEL_LATENT };

static char folder[64], path[128];

static void setup(void)
{
    temporary_make(folder);
    cr_assert_eq(vae_path_join(path, sizeof path, folder, "x.safetensors"), VAE_OK);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(runtime, .init = setup, .fini = teardown, .timeout = 120);

static const char *const devices[] = {"cpu", "reference"};
enum { DEVICES = 2 };

static const vae_input unit_input = {HEIGHT, WIDTH, 1, 1.0 / 255.0, 0.0};
/* As `normalise = standard` makes it. */
static const vae_input standard_input = {HEIGHT, WIDTH, 1, 1.0 / 255.0 / 0.3081, -0.1307 / 0.3081};

static vae_checkpoint make_bernoulli(void)
{
    const vae_config config = tiny_model_config();
    return tiny_model_make(&config, unit_input, 3.0);
}

static vae_checkpoint make_gaussian(double gain)
{
    vae_config config = tiny_model_config();
    config.model.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
    return tiny_model_make(&config, standard_input, gain);
}

static vae_model *open_on(const char *device)
{
    vae_model *model;
    const vae_model_options options = {.device = device, .threads = 2};
    cr_assert_eq(vae_model_open(path, &options, &model), VAE_OK, "%s", vae_error_message());
    return model;
}

/* Writes the checkpoint, frees it, and opens it. */
static vae_model *save_and_open(vae_checkpoint checkpoint, const char *device)
{
    cr_assert_eq(vae_checkpoint_write(&checkpoint, path), VAE_OK, "%s", vae_error_message());
    vae_checkpoint_free(&checkpoint);
    return open_on(device);
}

static float *make_images(int64_t count)
{
    float *images = calloc((size_t)(count * ELEMENTS), sizeof *images);
    cr_assert_not_null(images);
    for (int64_t i = 0; i < count * ELEMENTS; ++i)
        images[i] = (float)((i * 7919 + i / ELEMENTS * 31) % 1009) / 1008.0f;
    return images;
}

static float *make_codes(int64_t count)
{
    float *codes = calloc((size_t)(count * LATENT), sizeof *codes);
    cr_assert_not_null(codes);
    for (int64_t i = 0; i < count * LATENT; ++i)
        codes[i] = (float)(2.0 * sin((double)i * 1.7));
    return codes;
}

static float *make_room(int64_t count, int64_t width)
{
    float *room = calloc((size_t)(count * width), sizeof *room);
    cr_assert_not_null(room);
    return room;
}

#define expect_failure(expected, words, call)                                                                          \
    do {                                                                                                               \
        const vae_status found_ = (call);                                                                              \
        cr_expect_eq(found_, expected, "%s instead of %s: %s", vae_status_name(found_), vae_status_name(expected),     \
                     vae_error_message());                                                                             \
        cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);         \
    } while (0)

/* ---- It computes the network ---- */

static void expect_encodes(const vae_checkpoint *checkpoint, vae_model *model, const char *device)
{
    enum { COUNT = 300 };
    float *images = make_images(COUNT), *mean = make_room(COUNT, LATENT), *log_variance = make_room(COUNT, LATENT);
    cr_assert_eq(vae_model_encode(model, images, COUNT, mean, log_variance), VAE_OK, "%s", vae_error_message());
    for (int64_t r = 0; r < COUNT; ++r) {
        double posterior[2 * LATENT];
        tiny_model_encode(checkpoint, images + r * ELEMENTS, posterior);
        for (int64_t j = 0; j < LATENT; ++j) {
            cr_assert_float_eq((double)mean[r * LATENT + j], posterior[j], 1e-4, "%s: mean of row %d: %g, not %g",
                               device, (int)r, (double)mean[r * LATENT + j], posterior[j]);
            cr_assert_float_eq((double)log_variance[r * LATENT + j], posterior[LATENT + j], 1e-4,
                               "%s: log-variance of row %d", device, (int)r);
        }
    }
    free(images);
    free(mean);
    free(log_variance);
}

static void expect_decodes(const vae_checkpoint *checkpoint, vae_model *model, const char *device)
{
    enum { COUNT = 300 };
    float *codes = make_codes(COUNT), *images = make_room(COUNT, ELEMENTS);
    cr_assert_eq(vae_model_decode(model, codes, COUNT, images), VAE_OK, "%s", vae_error_message());
    double lowest = 1.0, highest = 0.0;
    for (int64_t r = 0; r < COUNT; ++r) {
        double image[ELEMENTS];
        tiny_model_decode(checkpoint, codes + r * LATENT, image);
        for (int64_t j = 0; j < ELEMENTS; ++j) {
            const double found = (double)images[r * ELEMENTS + j];
            cr_assert_float_eq(found, image[j], 1e-5, "%s: pixel %d of row %d: %g, not %g", device, (int)j, (int)r,
                               found, image[j]);
            lowest = fmin(lowest, found);
            highest = fmax(highest, found);
        }
    }
    cr_expect(highest - lowest > 0.5, "the pixels are all alike: nothing was tested");
    free(codes);
    free(images);
}

static void expect_computes(vae_checkpoint checkpoint)
{
    cr_assert_eq(vae_checkpoint_write(&checkpoint, path), VAE_OK, "%s", vae_error_message());
    for (int d = 0; d < DEVICES; ++d) {
        vae_model *model = open_on(devices[d]);
        expect_encodes(&checkpoint, model, devices[d]);
        expect_decodes(&checkpoint, model, devices[d]);
        vae_model_free(model);
    }
    vae_checkpoint_free(&checkpoint);
}

Test(runtime, it_computes_the_network)
{
    expect_computes(make_bernoulli());
}

Test(runtime, images_are_in_their_own_range_whatever_the_scale)
{
    expect_computes(make_gaussian(3.0));
}

Test(runtime, pixels_are_clamped)
{
    enum { COUNT = 64 };
    vae_model *model = save_and_open(make_gaussian(20.0), "cpu");
    float *codes = make_codes(COUNT), *images = make_room(COUNT, ELEMENTS);
    int64_t black = 0, white = 0;
    cr_assert_eq(vae_model_decode(model, codes, COUNT, images), VAE_OK, "%s", vae_error_message());
    for (int64_t i = 0; i < COUNT * ELEMENTS; ++i) {
        cr_assert(images[i] >= 0.0f && images[i] <= 1.0f);
        black += images[i] == 0.0f;
        white += images[i] == 1.0f;
    }
    cr_expect(black > 10 && white > 10, "%d black, %d white: the clamp was not tested", (int)black, (int)white);
    free(codes);
    free(images);
    vae_model_free(model);
}

Test(runtime, a_checkpoint_in_double_precision_opens_on_both_devices)
{
    vae_checkpoint checkpoint = make_bernoulli(), wide = checkpoint;
    const int64_t elements = checkpoint.layout.elements;
    double *values = calloc((size_t)elements, sizeof *values);
    cr_assert_not_null(values);
    for (int64_t i = 0; i < elements; ++i)
        values[i] = (double)((const float *)checkpoint.arenas[VAE_ARENA_PARAMETERS])[i];
    wide.dtype = VAE_FLOAT64;
    wide.arenas[VAE_ARENA_PARAMETERS] = values;
    cr_assert_eq(vae_checkpoint_write(&wide, path), VAE_OK, "%s", vae_error_message());
    free(values);
    for (int d = 0; d < DEVICES; ++d) {
        vae_model *model = open_on(devices[d]);
        expect_encodes(&checkpoint, model, devices[d]);
        vae_model_free(model);
    }
    vae_checkpoint_free(&checkpoint);
}

Test(runtime, an_autoencoder_has_codes_without_variance)
{
    vae_config config = tiny_model_config();
    config.model.objective = VAE_OBJECTIVE_AE;
    vae_checkpoint checkpoint = tiny_model_make(&config, unit_input, 3.0);
    cr_assert_eq(vae_checkpoint_write(&checkpoint, path), VAE_OK, "%s", vae_error_message());
    vae_model *model = open_on("cpu");
    float *images = make_images(1), mean[LATENT], log_variance[LATENT] = {0};
    double expected[2 * LATENT];
    tiny_model_encode(&checkpoint, images, expected);
    cr_assert_eq(vae_model_encode(model, images, 1, mean, log_variance), VAE_OK, "%s", vae_error_message());
    for (int j = 0; j < LATENT; ++j) {
        cr_expect_float_eq((double)mean[j], expected[j], 1e-4);
        cr_expect(isinf(log_variance[j]) && log_variance[j] < 0.0f);
    }
    free(images);
    vae_model_free(model);
    vae_checkpoint_free(&checkpoint);
}

Test(runtime, the_shape_is_told)
{
    vae_model *model = save_and_open(make_bernoulli(), "cpu");
    const vae_model_shape shape = vae_model_get_shape(model);
    cr_expect(shape.height == HEIGHT && shape.width == WIDTH && shape.channels == 1 && shape.elements == ELEMENTS);
    cr_expect_eq(shape.latent, LATENT);
    const int64_t encoder = (ELEMENTS + 1) * TINY_MODEL_HIDDEN + (TINY_MODEL_HIDDEN + 1) * 2 * LATENT;
    const int64_t decoder = (LATENT + 1) * TINY_MODEL_HIDDEN + (TINY_MODEL_HIDDEN + 1) * ELEMENTS;
    cr_expect_eq(shape.parameters, encoder + decoder);
    cr_expect_eq(vae_model_config(model)->model.latent.size[0], LATENT);
    cr_expect_eq(vae_model_input(model)->height, HEIGHT);
    vae_model_free(model);
}

/* ---- Each row for itself ---- */

Test(runtime, a_row_does_not_depend_on_the_count)
{
    enum { MANY = 600 };
    static const int64_t counts[] = {1, 2, 255, 256, 257, 511, 513};
    vae_checkpoint checkpoint = make_bernoulli();
    cr_assert_eq(vae_checkpoint_write(&checkpoint, path), VAE_OK, "%s", vae_error_message());
    vae_checkpoint_free(&checkpoint);
    float *images = make_images(MANY), *codes = make_codes(MANY);
    float *all_means = make_room(MANY, LATENT), *all_images = make_room(MANY, ELEMENTS);
    float *means = make_room(MANY, LATENT), *decoded = make_room(MANY, ELEMENTS);
    for (int d = 0; d < DEVICES; ++d) {
        vae_model *model = open_on(devices[d]);
        cr_assert_eq(vae_model_encode(model, images, MANY, all_means, NULL), VAE_OK, "%s", vae_error_message());
        cr_assert_eq(vae_model_decode(model, codes, MANY, all_images), VAE_OK, "%s", vae_error_message());
        for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
            const size_t n = (size_t)counts[i];
            cr_assert_eq(vae_model_encode(model, images, counts[i], means, NULL), VAE_OK);
            cr_assert_eq(vae_model_decode(model, codes, counts[i], decoded), VAE_OK);
            cr_expect_eq(memcmp(means, all_means, n * LATENT * sizeof *means), 0, "%s, %d rows", devices[d], (int)n);
            cr_expect_eq(memcmp(decoded, all_images, n * ELEMENTS * sizeof *decoded), 0, "%s, %d", devices[d], (int)n);
        }
        vae_model_free(model);
    }
    free(images);
    free(codes);
    free(all_means);
    free(all_images);
    free(means);
    free(decoded);
}

Test(runtime, nothing_past_the_asked_rows_is_written)
{
    vae_model *model = save_and_open(make_bernoulli(), "cpu");
    float *images = make_images(3), mean[4 * LATENT], log_variance[4 * LATENT], decoded[4 * ELEMENTS];
    for (int i = 0; i < LATENT; ++i)
        mean[3 * LATENT + i] = log_variance[3 * LATENT + i] = 42.0f;
    for (int i = 0; i < ELEMENTS; ++i)
        decoded[3 * ELEMENTS + i] = 42.0f;
    cr_assert_eq(vae_model_encode(model, images, 3, mean, log_variance), VAE_OK);
    cr_assert_eq(vae_model_decode(model, mean, 3, decoded), VAE_OK);
    for (int i = 0; i < LATENT; ++i)
        cr_expect(mean[3 * LATENT + i] == 42.0f && log_variance[3 * LATENT + i] == 42.0f);
    for (int i = 0; i < ELEMENTS; ++i)
        cr_expect(decoded[3 * ELEMENTS + i] == 42.0f);
    free(images);
    vae_model_free(model);
}

Test(runtime, models_are_independent)
{
    enum { COUNT = 5 };
    char other_path[128];
    cr_assert_eq(vae_path_join(other_path, sizeof other_path, folder, "other.safetensors"), VAE_OK);
    vae_checkpoint other_checkpoint = make_gaussian(2.0);
    cr_assert_eq(vae_checkpoint_write(&other_checkpoint, other_path), VAE_OK);
    vae_model *model = save_and_open(make_bernoulli(), "cpu"), *other;
    float *images = make_images(COUNT), before[COUNT * LATENT], after[COUNT * LATENT];
    cr_assert_eq(vae_model_encode(model, images, COUNT, before, NULL), VAE_OK);
    cr_assert_eq(vae_model_open(other_path, NULL, &other), VAE_OK, "%s", vae_error_message());
    expect_encodes(&other_checkpoint, other, "cpu");
    cr_assert_eq(vae_model_encode(model, images, COUNT, after, NULL), VAE_OK);
    cr_expect_eq(memcmp(before, after, sizeof before), 0);
    vae_model_free(model);
    expect_encodes(&other_checkpoint, other, "cpu");
    vae_model_free(other);
    vae_checkpoint_free(&other_checkpoint);
    free(images);
}

/* ---- The prior ---- */

Test(runtime, the_prior_is_normal_and_a_function_of_seed_and_row)
{
    enum { MANY = 20000 };
    vae_model *model = save_and_open(make_bernoulli(), "cpu");
    float *codes = make_room(MANY, LATENT), *again = make_room(MANY, LATENT);
    cr_assert_eq(vae_model_sample_prior(model, 7, 1.0, MANY, codes), VAE_OK);
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < MANY * LATENT; ++i) {
        sum += (double)codes[i];
        squares += (double)codes[i] * (double)codes[i];
    }
    /* Five standard errors: 1/√n and √(2/n). */
    const double n = MANY * LATENT;
    cr_expect(fabs(sum / n) < 5.0 / sqrt(n), "mean %g", sum / n);
    cr_expect(fabs(squares / n - 1.0) < 5.0 * sqrt(2.0 / n), "variance %g", squares / n);

    /* 5 rows of 3 are no multiple of the four numbers that are drawn at once. */
    cr_assert_eq(vae_model_sample_prior(model, 7, 1.0, 5, again), VAE_OK);
    cr_expect_eq(memcmp(codes, again, 5 * LATENT * sizeof *codes), 0);
    cr_expect(again[5 * LATENT] == 0.0f);
    cr_assert_eq(vae_model_sample_prior(model, 8, 1.0, 5, again), VAE_OK);
    cr_expect_neq(memcmp(codes, again, 5 * LATENT * sizeof *codes), 0);
    cr_assert_eq(vae_model_sample_prior(model, 7, 0.25, 5, again), VAE_OK);
    for (int i = 0; i < 5 * LATENT; ++i)
        cr_expect_float_eq((double)again[i], 0.25 * (double)codes[i], 1e-7);
    cr_assert_eq(vae_model_sample_prior(model, 7, 0.0, 5, again), VAE_OK);
    for (int i = 0; i < 5 * LATENT; ++i)
        cr_expect(again[i] == 0.0f);
    free(codes);
    free(again);
    vae_model_free(model);
}

/* ---- Opening ---- */

Test(runtime, a_run_folder_means_its_best_checkpoint_else_its_last)
{
    char checkpoints[128], best[192], last[192];
    cr_assert_eq(vae_path_join(checkpoints, sizeof checkpoints, folder, "checkpoints"), VAE_OK);
    cr_assert_eq(vae_folder_make(checkpoints), VAE_OK);
    snprintf(best, sizeof best, "%s/best.safetensors", checkpoints);
    snprintf(last, sizeof last, "%s/last.safetensors", checkpoints);
    vae_config config = tiny_model_config();
    config.train.seed = 111;
    vae_checkpoint checkpoint = tiny_model_make(&config, unit_input, 1.0);
    cr_assert_eq(vae_checkpoint_write(&checkpoint, best), VAE_OK);
    checkpoint.config.train.seed = 222;
    cr_assert_eq(vae_checkpoint_write(&checkpoint, last), VAE_OK);
    vae_checkpoint_free(&checkpoint);
    vae_model *model;
    cr_assert_eq(vae_model_open(folder, NULL, &model), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(vae_model_config(model)->train.seed, 111);
    vae_model_free(model);
    cr_assert_eq(remove(best), 0);
    cr_assert_eq(vae_model_open(folder, NULL, &model), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(vae_model_config(model)->train.seed, 222);
    vae_model_free(model);
}

Test(runtime, what_cannot_be_opened_is_said)
{
    vae_model *model = (vae_model *)1;
    expect_failure(VAE_ERROR_IO, path, vae_model_open(path, NULL, &model));
    cr_expect_null(model);
    expect_failure(VAE_ERROR_IO, folder, vae_model_open(folder, NULL, &model));
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    fputs("this is no checkpoint, but long enough to be looked into", file);
    cr_assert_eq(fclose(file), 0);
    expect_failure(VAE_ERROR_FORMAT, path, vae_model_open(path, NULL, &model));
    expect_failure(VAE_ERROR_ARGUMENT, "NULL", vae_model_open(NULL, NULL, &model));
    expect_failure(VAE_ERROR_ARGUMENT, "NULL", vae_model_open(path, NULL, NULL));
    cr_expect_null(model);
    vae_model_free(NULL);
}

Test(runtime, options_are_checked)
{
    vae_model *model = save_and_open(make_bernoulli(), "auto");
    vae_model_free(model);
    expect_failure(VAE_ERROR_CONFIG, "'abacus'",
                   vae_model_open(path, &(vae_model_options){.device = "abacus"}, &model));
    for (int d = 0; d < DEVICES; ++d) {
        const vae_model_options options = {.device = devices[d], .threads = -1};
        expect_failure(VAE_ERROR_ARGUMENT, "threads is -1", vae_model_open(path, &options, &model));
    }
}

/* ---- Using wrongly ---- */

Test(runtime, arguments_are_checked)
{
    vae_model *model = save_and_open(make_bernoulli(), "cpu");
    float images[ELEMENTS] = {0}, codes[LATENT] = {0};
    expect_failure(VAE_ERROR_ARGUMENT, "NULL", vae_model_encode(NULL, images, 1, codes, NULL));
    expect_failure(VAE_ERROR_ARGUMENT, "NULL", vae_model_encode(model, NULL, 1, codes, NULL));
    expect_failure(VAE_ERROR_ARGUMENT, "NULL", vae_model_encode(model, images, 1, NULL, NULL));
    expect_failure(VAE_ERROR_ARGUMENT, "NULL", vae_model_decode(NULL, codes, 1, images));
    expect_failure(VAE_ERROR_ARGUMENT, "NULL", vae_model_decode(model, NULL, 1, images));
    expect_failure(VAE_ERROR_ARGUMENT, "NULL", vae_model_decode(model, codes, 1, NULL));
    expect_failure(VAE_ERROR_ARGUMENT, "NULL", vae_model_sample_prior(NULL, 1, 1.0, 1, codes));
    expect_failure(VAE_ERROR_ARGUMENT, "NULL", vae_model_sample_prior(model, 1, 1.0, 1, NULL));
    static const int64_t counts[] = {0, -1, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
        expect_failure(VAE_ERROR_ARGUMENT, "count is", vae_model_encode(model, images, counts[i], codes, NULL));
        expect_failure(VAE_ERROR_ARGUMENT, "count is", vae_model_decode(model, codes, counts[i], images));
        expect_failure(VAE_ERROR_ARGUMENT, "count is", vae_model_sample_prior(model, 1, 1.0, counts[i], codes));
    }
    static const double temperatures[] = {-0.5, (double)NAN, (double)INFINITY, 1e300};
    for (size_t i = 0; i < sizeof temperatures / sizeof *temperatures; ++i) {
        expect_failure(VAE_ERROR_ARGUMENT, "temperature is",
                       vae_model_sample_prior(model, 1, temperatures[i], 1, codes));
    }
    vae_model_free(model);
}

Test(runtime, numbers_that_are_not_finite_name_their_row)
{
    enum { COUNT = 300 };
    vae_model *model = save_and_open(make_bernoulli(), "cpu");
    float *images = make_images(COUNT), *codes = make_codes(COUNT);
    float *means = make_room(COUNT, LATENT), *decoded = make_room(COUNT, ELEMENTS);
    images[299 * ELEMENTS + 4] = NAN;
    expect_failure(VAE_ERROR_NUMERIC, "row 299 of the input", vae_model_encode(model, images, COUNT, means, NULL));
    codes[17 * LATENT + 1] = -INFINITY;
    expect_failure(VAE_ERROR_NUMERIC, "row 17 of the input", vae_model_decode(model, codes, COUNT, decoded));
    /* And the model is as good as before. */
    cr_expect_eq(vae_model_encode(model, images, 299, means, NULL), VAE_OK);
    cr_expect_eq(vae_model_decode(model, codes, 17, decoded), VAE_OK);
    free(images);
    free(codes);
    free(means);
    free(decoded);
    vae_model_free(model);
}

Test(runtime, a_result_that_overflows_is_no_image)
{
    enum { COUNT = 260 };
    vae_model *model = save_and_open(make_gaussian(10.0), "cpu");
    float *codes = make_codes(COUNT), *decoded = make_room(COUNT, ELEMENTS);
    for (int j = 0; j < LATENT; ++j)
        codes[258 * LATENT + j] = FLT_MAX;
    expect_failure(VAE_ERROR_NUMERIC, "row 258 of the result", vae_model_decode(model, codes, COUNT, decoded));
    free(codes);
    free(decoded);
    vae_model_free(model);
}

/* ---- Version ---- */

Test(runtime, the_version_is_that_of_the_header)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", VAE_VERSION_MAJOR, VAE_VERSION_MINOR, VAE_VERSION_PATCH);
    cr_expect_str_eq(vae_version(), VAE_VERSION);
    cr_expect_str_eq(vae_version(), text);
}
