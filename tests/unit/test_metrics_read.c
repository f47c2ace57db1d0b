/* metrics.jsonl read back: what vae_metrics_write wrote, what other versions add, and lines that are none. */
#define _GNU_SOURCE
#include "train/metrics_read.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "train/metrics.h"
#include "unit/temporary.h"

static char folder[64], path[256];

static void setup(void)
{
    temporary_make(folder);
    cr_assert_eq(vae_path_join(path, sizeof path, folder, "metrics.jsonl"), VAE_OK);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(metrics_read, .init = setup, .fini = teardown);

static void write_text(const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    cr_assert_eq(fclose(file), 0);
}

Test(metrics_read, lines_come_back_as_they_were_written)
{
    const vae_metrics_line train = {.epoch = 2,
                                    .step = 30,
                                    .split = "train",
                                    .neg_elbo = 110.5,
                                    .bound = 101.5,
                                    .images_per_second = 4000.0,
                                    .active_units = 12.0};
    const vae_metrics_line test = vae_metrics_line_make(2, 40, "test");
    vae_metrics_log log;
    cr_assert_eq(vae_metrics_open(&log, path, 0), VAE_OK);
    cr_assert_eq(vae_metrics_write(&log, &train, NULL), VAE_OK);
    cr_assert_eq(vae_metrics_write(&log, &test, NULL), VAE_OK);
    vae_metrics_close(&log);
    vae_metrics_history history;
    cr_assert_eq(vae_metrics_read(path, &history), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(history.count, 2);
    const vae_metrics_record *first = &history.records[0], *second = &history.records[1];
    cr_expect_eq(first->epoch, 2);
    cr_expect_eq(first->step, 30);
    cr_expect_eq(first->split, VAE_SPLIT_TRAIN);
    cr_expect_eq(first->values[VAE_FIELD_NEG_ELBO], 110.5);
    cr_expect_eq(first->values[VAE_FIELD_IMAGES_PER_SECOND], 4000.0);
    cr_expect_eq(first->values[VAE_FIELD_BOUND], 101.5);
    cr_expect_eq(first->values[VAE_FIELD_ACTIVE_UNITS], 12.0);
    cr_expect_eq(second->split, VAE_SPLIT_TEST);
    for (int field = 0; field < VAE_FIELD_COUNT; ++field)
        cr_expect(isnan(second->values[field]), "%s", vae_metrics_fields[field].name);
    cr_expect_null(second->kl_per_dimension);
    vae_metrics_history_free(&history);
}

Test(metrics_read, figures_of_latent_dimensions_and_foreign_keys)
{
    write_text("{\"epoch\": 1, \"step\": 5, \"split\": \"validation\", \"neg_elbo\": 3, \"reconstruction\": 1.5, "
               "\"kl\": 1.5, \"active_units\": 2, \"kl_per_dimension\": [1.25, 0.25, 0], \"new\": [{}]}\n");
    vae_metrics_history history;
    cr_assert_eq(vae_metrics_read(path, &history), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(history.count, 1);
    cr_expect_eq(history.records[0].values[VAE_FIELD_ACTIVE_UNITS], 2.0);
    cr_assert_eq(history.records[0].dimensions, 3);
    cr_expect_eq(history.records[0].kl_per_dimension[0], 1.25f);
    cr_expect_eq(history.records[0].kl_per_dimension[2], 0.0f);
    vae_metrics_history_free(&history);
}

Test(metrics_read, a_bad_line_is_named)
{
    static const char good[] =
        "{\"epoch\": 1, \"step\": 5, \"split\": \"train\", \"neg_elbo\": 3, \"reconstruction\": 1, "
        "\"kl\": 2}\n";
    static const char *const bad[] = {
        "\n",
        "[1]\n",
        "{\"epoch\": 1, \"step\": 5\n",
        "{\"epoch\": -1, \"step\": 5, \"split\": \"train\", \"neg_elbo\": 3, \"reconstruction\": 1, \"kl\": 2}\n",
        "{\"epoch\": 1, \"step\": 5, \"split\": \"train\", \"neg_elbo\": 3, \"reconstruction\": 1}\n",
        "{\"epoch\": 1, \"step\": 5, \"split\": \"train\", \"neg_elbo\": 3, \"reconstruction\": 1, \"kl\": \"2\"}\n",
        "{\"epoch\": 1, \"step\": 5, \"split\": \"train\", \"neg_elbo\": 3, \"reconstruction\": 1, \"kl\": 2, "
        "\"kl_per_dimension\": [1, null]}\n",
    };
    char text[512];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        snprintf(text, sizeof text, "%s%s", good, bad[i]);
        write_text(text);
        vae_metrics_history history;
        cr_expect_eq(vae_metrics_read(path, &history), VAE_ERROR_FORMAT, "'%s' was taken", bad[i]);
        cr_expect_not_null(strstr(vae_error_message(), "metrics.jsonl:2: "), "%s", vae_error_message());
        vae_metrics_history_free(&history);
    }
}

Test(metrics_read, half_a_line_that_a_killed_run_left_is_dropped)
{
    static const char line[] =
        "{\"epoch\": 1, \"step\": 5, \"split\": \"test\", \"neg_elbo\": 3, \"reconstruction\": 1, "
        "\"kl\": 2, \"kl_per_dimension\": [1, 1]}\n";
    for (size_t cut = 1; cut < sizeof line; ++cut) {
        char text[512];
        snprintf(text, sizeof text, "%s%.*s", line, (int)cut, line);
        write_text(text);
        vae_metrics_history history;
        cr_assert_eq(vae_metrics_read(path, &history), VAE_OK, "%s", vae_error_message());
        const bool whole = cut >= sizeof line - 2; /* with its end or without */
        cr_expect_eq(history.count, whole ? 2 : 1, "%zu bytes of the line", cut);
        vae_metrics_history_free(&history);
    }
}

Test(metrics_read, an_empty_file_has_no_records_and_a_missing_one_is_named)
{
    vae_metrics_history history;
    write_text("");
    cr_expect_eq(vae_metrics_read(path, &history), VAE_OK);
    cr_expect_eq(history.count, 0);
    vae_metrics_history_free(&history);
    remove(path);
    cr_expect_eq(vae_metrics_read(path, &history), VAE_ERROR_IO);
    cr_expect_not_null(strstr(vae_error_message(), "metrics.jsonl"));
    vae_metrics_history_free(&history);
}
