/* model/runtime_*.c where something is wrong: what cannot be opened, bad arguments, numbers that are not finite. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>
#include <vae/vae.h>

#include "unit/runtime_model.h"

TestSuite(runtime_errors, .init = setup, .fini = teardown, .timeout = 120);

#define expect_failure(expected, words, call)                                                                          \
    do {                                                                                                               \
        const vae_status found_ = (call);                                                                              \
        cr_expect_eq(found_, expected, "%s instead of %s: %s", vae_status_name(found_), vae_status_name(expected),     \
                     vae_error_message());                                                                             \
        cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);         \
    } while (0)

/* ---- Opening ---- */

Test(runtime_errors, a_run_folder_means_its_best_checkpoint_else_its_last)
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
    checkpoint.design.config.train.seed = 222;
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

Test(runtime_errors, what_cannot_be_opened_is_said)
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

Test(runtime_errors, options_are_checked)
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

Test(runtime_errors, arguments_are_checked)
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

Test(runtime_errors, numbers_that_are_not_finite_name_their_row)
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

Test(runtime_errors, a_result_that_overflows_is_no_image)
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

Test(runtime_errors, no_model_is_nothing)
{
    cr_expect_eq(vae_model_get_info(NULL).elements, 0);
    cr_expect_eq(vae_model_get_shape(NULL).elements, 0);
}
