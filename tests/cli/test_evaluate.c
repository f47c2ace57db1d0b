/* evaluate as a user meets it: real processes on a small checkpoint, whose numbers are compared with the network
 * written out, with each other and with what a wrong use must say. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>

#include "cli/process.h"
#include "cli/tiny_data.h"
#include "core/file.h"
#include "core/npy.h"
#include "model/family_vae.h"
#include "unit/temporary.h"
#include "unit/tiny_model.h"

enum { ELEMENTS = TINY_SIDE * TINY_SIDE, LATENT = TINY_MODEL_LATENT };

static char folder[64];

static char *in_folder(const char *name)
{
    static char paths[4][192];
    static int next;
    next = (next + 1) % 4;
    snprintf(paths[next], sizeof paths[next], "%s/%s", folder, name);
    return paths[next];
}

static vae_checkpoint make_checkpoint(vae_objective objective)
{
    vae_config config = tiny_model_config();
    const vae_input input = {
        .height = TINY_SIDE, .width = TINY_SIDE, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};
    vae_vae_keys_edit(&config)->objective = objective;
    config.data.validation = 20;
    return tiny_model_make(&config, input, 1.5);
}

static void write_checkpoint(vae_objective objective, const char *name)
{
    vae_checkpoint checkpoint = make_checkpoint(objective);
    cr_assert_eq(vae_checkpoint_write(&checkpoint, in_folder(name)), VAE_OK, "%s", vae_error_message());
    vae_checkpoint_free(&checkpoint);
}

static void setup(void)
{
    temporary_make(folder);
    tiny_write(folder);
    cr_assert_eq(vae_folder_make(in_folder("run/checkpoints")), VAE_OK);
    write_checkpoint(VAE_OBJECTIVE_VAE, "run/checkpoints/best.safetensors");
    write_checkpoint(VAE_OBJECTIVE_AE, "ae.safetensors");
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(evaluate, .init = setup, .fini = teardown, .timeout = 120);

#define EVALUATE "evaluate", "--run", "run", "--threads", "1"

/* ---- What it gave ---- */

typedef struct numbers {
    double images, neg_elbo, neg_elbo_error, reconstruction, kl, samples, log_likelihood, log_likelihood_error;
} numbers;

static double number(const json_t *root, const char *key)
{
    const json_t *value = json_object_get(root, key);
    cr_assert(json_is_number(value) || json_is_null(value), "%s is not a number", key);
    return json_is_null(value) ? NAN : json_number_value(value);
}

static numbers read_json(const process_result *result)
{
    json_error_t error;
    json_t *root = json_loads(result->output, JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(root, "%s: '%s'", error.text, result->output);
    const numbers found = {
        .images = number(root, "images"),
        .neg_elbo = number(root, "neg_elbo"),
        .neg_elbo_error = number(root, "neg_elbo_error"),
        .reconstruction = number(root, "reconstruction"),
        .kl = number(root, "kl"),
        .samples = number(root, "samples"),
        .log_likelihood = number(root, "log_likelihood"),
        .log_likelihood_error = number(root, "log_likelihood_error"),
    };
    cr_assert_gt(number(root, "seconds"), 0.0);
    json_decref(root);
    return found;
}

static numbers evaluate(const char *const *arguments)
{
    process_result result = process_run(folder, arguments);
    cr_assert_eq(result.code, 0, "exit code %d: %s", result.code, result.errors);
    cr_assert_str_empty(result.errors);
    const numbers found = read_json(&result);
    process_result_free(&result);
    return found;
}

#define EVALUATED(...) evaluate((const char *const[]){EVALUATE, "--json", __VA_ARGS__, NULL})

/* Mean and standard error of a file's numbers. */
static void npy_mean(const char *name, int64_t count, double *mean, double *error)
{
    vae_npy_array array;
    cr_assert_eq(vae_npy_read_float32(in_folder(name), &array), VAE_OK, "%s", vae_error_message());
    cr_assert(array.rank == 1 && array.sizes[0] == count);
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < count; ++i)
        sum += (double)array.values[i];
    *mean = sum / (double)count;
    for (int64_t i = 0; i < count; ++i)
        squares += pow((double)array.values[i] - *mean, 2);
    *error = sqrt(squares / (double)(count - 1) / (double)count);
    vae_npy_free(&array);
}

/* Mean KL of the first images of an IDX file, by the network written out. */
static double kl_by_hand(const char *name, int first, int count)
{
    void *data;
    size_t size;
    cr_assert_eq(vae_file_read(in_folder(name), 1 << 20, &data, &size), VAE_OK);
    vae_checkpoint checkpoint = make_checkpoint(VAE_OBJECTIVE_VAE);
    double sum = 0.0;
    for (int i = first; i < first + count; ++i) {
        float image[ELEMENTS];
        double p[2 * LATENT];
        for (int e = 0; e < ELEMENTS; ++e)
            image[e] = (float)((const uint8_t *)data)[16 + i * ELEMENTS + e] / 255.0f;
        tiny_model_encode(&checkpoint, image, p);
        for (int j = 0; j < LATENT; ++j)
            sum += 0.5 * (p[j] * p[j] + exp(p[LATENT + j]) - p[LATENT + j] - 1.0);
    }
    vae_checkpoint_free(&checkpoint);
    free(data);
    return sum / count;
}

/* ---- Numbers ---- */

Test(evaluate, numbers_are_those_of_the_images)
{
    const numbers n = EVALUATED("--samples", "700", "--npy", "all.npy");
    double mean, error;
    cr_expect_eq(n.images, TINY_TEST);
    cr_expect_eq(n.samples, 700);
    cr_expect_float_eq(n.kl, kl_by_hand("test.idx", 0, TINY_TEST), 1e-4);
    cr_expect_float_eq(n.neg_elbo, n.reconstruction + n.kl, 1e-6);
    cr_expect_gt(n.log_likelihood, -n.neg_elbo);
    npy_mean("all.npy", TINY_TEST, &mean, &error);
    cr_expect_float_eq(mean, n.log_likelihood, 1e-5);
    cr_expect_float_eq(error, n.log_likelihood_error, 1e-5);
}

Test(evaluate, kl_is_given_by_dimension_and_drawn)
{
    process_result result = process_run(
        folder, (const char *const[]){EVALUATE, "--json", "--samples", "0", "--plot", "kl", "--batch-size", "7", NULL});
    cr_assert_eq(result.code, 0, "%s", result.errors);
    json_t *root = json_loads(result.output, 0, NULL), *parts = json_object_get(root, "kl_per_dimension");
    cr_assert_eq(json_array_size(parts), LATENT);
    double sum = 0.0;
    for (int j = 0; j < LATENT; ++j)
        sum += json_number_value(json_array_get(parts, (size_t)j));
    cr_expect_float_eq(sum, kl_by_hand("test.idx", 0, TINY_TEST), 1e-4);
    cr_expect(json_is_integer(json_object_get(root, "active_units")));
    json_decref(root);
    process_result_free(&result);
    cr_expect(vae_path_exists(in_folder("kl.png")) && vae_path_exists(in_folder("kl.svg")));
    process_expect(2, "kl.png: already exists", folder, EVALUATE, "--samples", "0", "--plot", "kl");
}

Test(evaluate, no_samples_give_the_negative_elbo_alone)
{
    const numbers n = EVALUATED("--samples", "0", "--limit", "7", "--batch-size", "3", "--out", "elbo.npy");
    double mean, error;
    cr_expect_eq(n.images, 7);
    cr_expect(isnan(n.log_likelihood) && isnan(n.log_likelihood_error));
    cr_expect_float_eq(n.kl, kl_by_hand("test.idx", 0, 7), 1e-4);
    npy_mean("elbo.npy", 7, &mean, &error);
    cr_expect_float_eq(mean, n.neg_elbo, 1e-5);
    cr_expect_float_eq(error, n.neg_elbo_error, 1e-5);
}

/* The last 20 training images are held out. */
Test(evaluate, splits)
{
    const numbers train = EVALUATED("--samples", "0", "--split", "train");
    const numbers validation = EVALUATED("--samples", "0", "--split", "validation");
    cr_expect_eq(train.images, TINY_TRAIN - 20);
    cr_expect_eq(validation.images, 20);
    cr_expect_float_eq(train.kl, kl_by_hand("train.idx", 0, TINY_TRAIN - 20), 1e-4);
    cr_expect_float_eq(validation.kl, kl_by_hand("train.idx", TINY_TRAIN - 20, 20), 1e-4);
    /* Other data for the same model. */
    const numbers other = EVALUATED("--samples", "0", "--set", "data.test_data=train.idx");
    cr_expect_eq(other.images, TINY_TRAIN);
    cr_expect_float_eq(other.kl, kl_by_hand("train.idx", 0, TINY_TRAIN), 1e-4);
}

Test(evaluate, the_seed_decides)
{
    const numbers a = EVALUATED("--samples", "30", "--seed", "5"), b = EVALUATED("--samples", "30", "--seed", "5");
    const numbers c = EVALUATED("--samples", "30", "--seed", "6");
    cr_expect(a.neg_elbo == b.neg_elbo && a.log_likelihood == b.log_likelihood);
    cr_expect(a.neg_elbo != c.neg_elbo && a.log_likelihood != c.log_likelihood);
    cr_expect_float_eq(a.kl, c.kl, 1e-6);
}

Test(evaluate, backends_agree)
{
    const numbers cpu = EVALUATED("--samples", "600", "--limit", "5", "--device", "cpu");
    const numbers reference = EVALUATED("--samples", "600", "--limit", "5", "--device", "reference");
    cr_expect_float_eq(cpu.neg_elbo, reference.neg_elbo, 1e-4);
    cr_expect_float_eq(cpu.log_likelihood, reference.log_likelihood, 1e-4);
    cr_expect_float_eq(cpu.log_likelihood_error, reference.log_likelihood_error, 1e-4);
}

Test(evaluate, text_names_what_it_gives)
{
    process_result result = process_run_in(folder, EVALUATE, "--samples", "20");
    cr_assert_eq(result.code, 0, "%s", result.errors);
    cr_expect_str_empty(result.errors);
    const char *words[] = {
        "images           41\n", "negative ELBO", " ± ", "reconstruction", "KL", "log P(X)", "K = 20", "GFLOP/s"};
    for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
        cr_expect_not_null(strstr(result.output, words[i]), "'%s' lacks '%s'", result.output, words[i]);
    process_result_free(&result);
}

Test(evaluate, an_autoencoder_has_a_reconstruction_only)
{
    process_result result = process_run_in(folder, "evaluate", "--checkpoint", "ae.safetensors");
    cr_assert_eq(result.code, 0, "%s", result.errors);
    cr_expect_not_null(strstr(result.output, "log P(X) is not defined"), "%s", result.output);
    cr_expect_null(strstr(result.output, "ELBO"), "%s", result.output);
    process_result_free(&result);
    process_expect(2, "log P(X) is not defined for an autoencoder", folder, "evaluate", "--checkpoint",
                   "ae.safetensors", "--samples", "10");
}

/* ---- Wrong use ---- */

Test(evaluate, wrong_use_is_named)
{
    process_expect(2, "--run", folder, "evaluate");
    process_expect(2, "nowhere", folder, "evaluate", "--run", "nowhere");
    process_expect(2, "--samples", folder, EVALUATE, "--samples", "many");
    process_expect(2, "--samples", folder, EVALUATE, "--samples", "-1");
    process_expect(2, "--batch-size", folder, EVALUATE, "--batch-size", "0");
    process_expect(2, "'tset' is not one of test, validation, train", folder, EVALUATE, "--split", "tset");
    process_expect(2, "no validation images", folder, EVALUATE, "--split", "validation", "--set", "data.validation=0");
    process_expect(2, "missing.idx", folder, EVALUATE, "--set", "data.test_data=missing.idx");
    process_expect(2, "test_data", folder, EVALUATE, "--set", "data.test_dat=test.idx");
    process_expect(2, "only [data] keys", folder, EVALUATE, "--set", "model.latent=2");
    process_expect(2, "give one", folder, EVALUATE, "--npy", "a.npy", "--out", "b.npy");
}

Test(evaluate, files_are_kept)
{
    process_expect(0, NULL, folder, EVALUATE, "--samples", "0", "--quiet", "--npy", "kept.npy");
    process_expect(2, "kept.npy", folder, EVALUATE, "--samples", "0", "--npy", "kept.npy");
    process_expect(0, NULL, folder, EVALUATE, "--samples", "0", "--npy", "kept.npy", "--force");
}

Test(evaluate, images_of_another_size_do_not_fit)
{
    /* 16 by 16: the header of four 8 by 8 images in one. */
    const char header[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 16, 0, 0, 0, 16};
    static char pixels[2 * 16 * 16];
    const void *parts[] = {header, pixels};
    const size_t sizes[] = {sizeof header, sizeof pixels};
    cr_assert_eq(vae_file_write_atomic(in_folder("large.idx"), parts, sizes, 2), VAE_OK);
    process_expect(1, "16x16", folder, EVALUATE, "--set", "data.train_data=large.idx", "--set",
                   "data.test_data=large.idx", "--set", "data.validation=0");
}
