/* model/runtime_*.c behind vae/model.h: it computes the network that the checkpoint holds, in the data's own range,
 * each row for itself. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <vae/vae.h>

#include "model/family_vae.h"
#include "unit/runtime_model.h"

TestSuite(runtime, .init = setup, .fini = teardown, .timeout = 120);

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

/* Each column has a mean and a deviation of its own, and nothing is clamped. */
Test(runtime, measurements_are_in_the_units_of_the_data)
{
    static const vae_input measured = {
        .height = HEIGHT, .width = WIDTH, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_FLOAT32};
    vae_config config = tiny_model_config();
    config.model.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
    config.data.normalise = VAE_NORMALISE_STANDARD;
    vae_checkpoint checkpoint = tiny_model_make(&config, measured, 1.0);
    const vae_layout *layout = &checkpoint.design.layout;
    float *all = checkpoint.arenas[VAE_ARENA_PARAMETERS];
    const int32_t mean = vae_layout_find(layout, "data.mean"), deviation = vae_layout_find(layout, "data.deviation");
    cr_assert(mean >= 0 && deviation >= 0);
    double sum = 0.0;
    for (int i = 0; i < ELEMENTS; ++i) {
        cr_expect_eq(all[layout->parameters[mean].offset + i], 0.0f);
        cr_expect_eq(all[layout->parameters[deviation].offset + i], 1.0f);
        all[layout->parameters[mean].offset + i] = 0.25f * (float)i - 1.0f;
        all[layout->parameters[deviation].offset + i] = 0.5f + 0.125f * (float)i;
        sum += log(0.5 + 0.125 * i);
    }
    cr_expect_float_eq(vae_checkpoint_log_deviation(&checkpoint), sum, 1e-12);
    expect_computes(checkpoint);
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
    const int64_t elements = checkpoint.design.layout.elements;
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
    vae_vae_keys_edit(&config)->objective = VAE_OBJECTIVE_AE;
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

/* ---- Version ---- */

Test(runtime, the_version_is_that_of_the_header)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", VAE_VERSION_MAJOR, VAE_VERSION_MINOR, VAE_VERSION_PATCH);
    cr_expect_str_eq(vae_version(), VAE_VERSION);
    cr_expect_str_eq(vae_version(), text);
}

/* ---- Version 0.2 ---- */

Test(runtime, tells_what_it_is)
{
    vae_model *model = save_and_open(make_bernoulli(), "cpu");
    const vae_model_info info = vae_model_get_info(model);
    cr_expect_eq(info.kind, VAE_ITEM_PICTURE);
    cr_expect_eq(info.rank, 3);
    cr_expect_eq(info.size[0], HEIGHT);
    cr_expect_eq(info.size[1], WIDTH);
    cr_expect_eq(info.size[2], 1);
    cr_expect_eq(info.elements, ELEMENTS);
    cr_expect_eq(info.has_posterior, 1);
    vae_model_free(model);
    vae_config config = tiny_model_config();
    vae_vae_keys_edit(&config)->objective = VAE_OBJECTIVE_AE;
    config.model.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
    model = save_and_open(
        tiny_model_make(&config,
                        (vae_input){.height = 1, .width = 5, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_FLOAT32},
                        1.0),
        "cpu");
    const vae_model_info rows = vae_model_get_info(model);
    cr_expect_eq(rows.kind, VAE_ITEM_NUMBERS);
    cr_expect_eq(rows.rank, 1);
    cr_expect_eq(rows.size[0], 5);
    cr_expect_eq(rows.has_posterior, 0);
    double likelihood;
    const float item[5] = {0};
    cr_expect_eq(vae_model_log_likelihood(model, item, 1, 10, 1, &likelihood), VAE_ERROR_ARGUMENT);
    vae_model_free(model);
}

Test(runtime, samples_are_decoded_draws_of_the_prior)
{
    enum { COUNT = 300 };
    vae_model *model = save_and_open(make_bernoulli(), "cpu");
    float *codes = make_room(COUNT, LATENT), *expected = make_room(COUNT, ELEMENTS),
          *found = make_room(COUNT, ELEMENTS);
    cr_assert_eq(vae_model_sample_prior(model, 5, 0.8, COUNT, codes), VAE_OK);
    cr_assert_eq(vae_model_decode(model, codes, COUNT, expected), VAE_OK);
    cr_assert_eq(vae_model_sample(model, 5, 0.8, COUNT, found), VAE_OK, "%s", vae_error_message());
    cr_expect_arr_eq(found, expected, COUNT * ELEMENTS * sizeof *found);
    free(codes);
    free(expected);
    free(found);
    vae_model_free(model);
}

/* More samples raise the bound, and a row's number is its own. tests/unit/test_importance.c knows the exact one. */
Test(runtime, log_likelihoods_are_bounds_that_rise_with_the_samples)
{
    enum { COUNT = 20 };
    vae_model *model = save_and_open(make_bernoulli(), "cpu");
    float *images = make_images(COUNT);
    double one[COUNT], many[COUNT], again[COUNT], sums[2] = {0};
    cr_assert_eq(vae_model_log_likelihood(model, images, COUNT, 1, 3, one), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_model_log_likelihood(model, images, COUNT, 1000, 3, many), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_model_log_likelihood(model, images, 7, 1000, 3, again), VAE_OK, "%s", vae_error_message());
    for (int i = 0; i < COUNT; ++i) {
        sums[0] += one[i];
        sums[1] += many[i];
        if (i < 7) cr_expect_eq(many[i], again[i]);
    }
    cr_expect_gt(sums[1], sums[0]);
    cr_expect_eq(vae_model_log_likelihood(model, images, COUNT, 0, 3, one), VAE_ERROR_ARGUMENT);
    images[ELEMENTS] = NAN;
    cr_expect_eq(vae_model_log_likelihood(model, images, 2, 5, 3, one), VAE_ERROR_NUMERIC);
    cr_expect(strstr(vae_error_message(), "row 1"), "%s", vae_error_message());
    free(images);
    vae_model_free(model);
}
