/* Every likelihood as a user meets it: trains without a NaN, gets better, and is evaluated, importance sampling
 * included, with the bits per dimension that belong to its nats. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>

#include "cli/process.h"
#include "cli/tiny_data.h"
#include "program/likelihood.h"
#include "unit/temporary.h"

enum { ELEMENTS = TINY_SIDE * TINY_SIDE };

static char folder[64];

static void setup(void)
{
    temporary_make(folder);
    tiny_write(folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(likelihoods, .init = setup, .fini = teardown, .timeout = 300);

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    cr_assert(json_is_number(value) || json_is_null(value), "%s is not a number", key);
    return json_is_null(value) ? NAN : json_number_value(value);
}

/* The test loss after the first and after the last epoch, and the bits that belong to the last. */
static void read_test_lines(double *first, double *last, double *bits)
{
    char path[128], text[1024];
    snprintf(path, sizeof path, "%s/run/metrics.jsonl", folder);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    *first = *last = *bits = NAN;
    while (fgets(text, sizeof text, file)) {
        json_t *line = json_loads(text, 0, NULL);
        cr_assert_not_null(line);
        if (strcmp(json_string_value(json_object_get(line, "split")), "test") == 0) {
            *last = number(line, "neg_elbo");
            *bits = number(line, "bits_per_dimension");
            if (isnan(*first)) *first = *last;
        }
        json_decref(line);
    }
    fclose(file);
}

static void expect_bits(vae_likelihood likelihood, double nats, double bits)
{
    const vae_likelihood_options options = {likelihood, .channels = 1, .scale = 1.0 / 255};
    const double expected = vae_likelihood_bits_per_dimension(&options, nats, ELEMENTS);
    if (isnan(expected)) {
        cr_assert(isnan(bits));
    } else {
        cr_assert_float_eq(bits, expected, 1e-6, "%g nats are %g bits, not %g", nats, expected, bits);
    }
}

static void try_likelihood(vae_likelihood likelihood)
{
    char key[64];
    const char *name = vae_likelihood_name(likelihood);
    snprintf(key, sizeof key, "model.likelihood=%s", name);
    process_result result =
        process_run_in(folder, "--config", "tiny.ini", "--out", "run", "--quiet", "--set", key, "--set",
                       "model.mixtures=3", "--set", "train.epochs=6", "--set", "train.learning_rate=0.003");
    cr_assert_eq(result.code, 0, "%s: %s", name, result.errors);
    process_result_free(&result);
    double first, last, bits;
    read_test_lines(&first, &last, &bits);
    cr_assert_lt(last, first, "%s: %g after the first epoch, %g after the last", name, first, last);
    expect_bits(likelihood, last, bits);
    result = process_run_in(folder, "evaluate", "--run", "run", "--samples", "50", "--json", "--threads", "1");
    cr_assert_eq(result.code, 0, "%s: %s", name, result.errors);
    json_t *found = json_loads(result.output, 0, NULL);
    cr_assert_not_null(found, "%s", result.output);
    const double log_likelihood = number(found, "log_likelihood");
    cr_assert_float_eq(number(found, "neg_elbo"), last, 0.05 * fabs(last) + 5, "%s", name);
    cr_assert_geq(log_likelihood, -number(found, "neg_elbo") - 1, "%s: the ELBO is a bound", name);
    expect_bits(likelihood, number(found, "neg_elbo"), number(found, "bits_per_dimension"));
    expect_bits(likelihood, -log_likelihood, number(found, "log_likelihood_bits_per_dimension"));
    json_decref(found);
    process_result_free(&result);
    result = process_run_in(folder, "sample", "--run", "run", "--count", "4", "--out", "samples.png", "--force");
    cr_assert_eq(result.code, 0, "%s: %s", name, result.errors);
    process_result_free(&result);
    char command[128];
    snprintf(command, sizeof command, "rm -r %s/run", folder);
    cr_assert_eq(system(command), 0);
}

Test(likelihoods, every_one_trains_and_is_evaluated)
{
    for (int i = 0; i < VAE_LIKELIHOOD_COUNT; ++i) {
        if (i != VAE_LIKELIHOOD_MSE) try_likelihood((vae_likelihood)i);
    }
}

Test(likelihoods, what_does_not_fit_is_refused)
{
    process_result result = process_run_in(folder, "--config", "tiny.ini", "--out", "run", "--set",
                                           "model.likelihood=logistic", "--set", "data.binarise=dynamic");
    cr_assert_eq(result.code, 2);
    cr_assert_not_null(strstr(result.errors, "binarise"), "%s", result.errors);
    process_result_free(&result);
}
