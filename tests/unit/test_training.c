/* vae/train.h: what a program that trains sees; the runs are those of `vae-cuda --config`. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <vae/vae.h>

#include "cli/tiny_data.h"
#include "core/file.h"
#include "unit/temporary.h"

static char folder[64], config[128], run[128];

static void setup(void)
{
    temporary_make(folder);
    tiny_write(folder);
    cr_assert_eq(vae_path_join(config, sizeof config, folder, "tiny.ini"), VAE_OK);
    cr_assert_eq(vae_path_join(run, sizeof run, folder, "run"), VAE_OK);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(training, .init = setup, .fini = teardown, .timeout = 60);

typedef struct heard {
    int64_t epochs, stop_after;
    double last_training, last_held_out;
} heard;

static int hear(void *context, const vae_training_epoch *epoch)
{
    heard *h = context;
    cr_expect_eq(epoch->epoch, ++h->epochs);
    cr_expect_eq(epoch->epochs, 4);
    h->last_training = epoch->training_loss;
    h->last_held_out = epoch->held_out_loss;
    return h->epochs == h->stop_after;
}

Test(training, trains_tells_and_leaves_a_run_that_can_be_opened)
{
    heard h = {0};
    vae_training_result result;
    const char *const settings[] = {"model.latent=2", NULL};
    const vae_training training = {
        .config = config, .settings = settings, .folder = run, .epoch_ended = hear, .context = &h};
    cr_assert_eq(vae_training_run(&training, &result), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(h.epochs, 4);
    cr_expect_eq(result.epochs, 4);
    cr_expect_eq(result.steps, 4 * 13);
    cr_expect(isfinite(h.last_training) && isfinite(h.last_held_out) && result.seconds > 0);
    if (result.best_epoch == 4) cr_expect_float_eq(result.test_loss, h.last_held_out, 1e-9);
    vae_model *model;
    cr_assert_eq(vae_model_open(run, NULL, &model), VAE_OK, "%s", vae_error_message());
    const vae_model_info info = vae_model_get_info(model);
    cr_expect_eq(info.latent, 2);
    cr_expect_eq(info.epoch, result.best_epoch);
    cr_expect_str_eq(info.family, "vae");
    vae_model_free(model);
}

Test(training, a_stopped_run_goes_on_to_the_same_end)
{
    heard h = {.stop_after = 2};
    vae_training_result whole, rest;
    char other[128];
    cr_assert_eq(vae_path_join(other, sizeof other, folder, "other"), VAE_OK);
    vae_training training = {.config = config, .folder = run, .epoch_ended = hear, .context = &h};
    cr_expect_eq(vae_training_run(&training, NULL), VAE_ERROR_INTERRUPTED);
    cr_expect_eq(h.epochs, 2);
    /* The folder has the configuration. */
    h.stop_after = 0;
    training.config = NULL;
    training.resume = 1;
    cr_assert_eq(vae_training_run(&training, &rest), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(h.epochs, 4);
    const vae_training again = {.config = config, .folder = other};
    cr_assert_eq(vae_training_run(&again, &whole), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(rest.test_loss, whole.test_loss, "%.17g is not %.17g", rest.test_loss, whole.test_loss);
}

static void expect_failure(const vae_training *training, vae_status status, const char *words)
{
    cr_expect_eq(vae_training_run(training, NULL), status, "%s", words);
    cr_expect(strstr(vae_error_message(), words), "'%s' is not in: %s", words, vae_error_message());
}

Test(training, errors_say_what_is_wrong)
{
    const char *const wrong[] = {"model.latnet=2", NULL};
    expect_failure(NULL, VAE_ERROR_ARGUMENT, "must not be NULL");
    expect_failure(&(vae_training){.folder = run}, VAE_ERROR_ARGUMENT, "config is NULL");
    expect_failure(&(vae_training){.config = "nowhere.ini", .folder = run}, VAE_ERROR_CONFIG, "nowhere.ini");
    expect_failure(&(vae_training){.config = config, .folder = run, .settings = wrong}, VAE_ERROR_CONFIG,
                   "did you mean 'latent'?");
    expect_failure(&(vae_training){.config = config}, VAE_ERROR_CONFIG, "names no run folder");
    expect_failure(&(vae_training){.config = config, .folder = run, .resume = 1}, VAE_ERROR_CONFIG, "run");
    cr_assert_eq(vae_training_run(&(vae_training){.config = config, .folder = run}, NULL), VAE_OK);
    expect_failure(&(vae_training){.config = config, .folder = run}, VAE_ERROR_CONFIG, "run");
}
