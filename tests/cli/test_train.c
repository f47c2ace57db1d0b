/* vae-cuda train as a user meets it: it learns, stops early, notices numbers that are not finite, and keeps its files.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>

#include "cli/process.h"
#include "cli/run_metrics.h"
#include "cli/tiny_data.h"
#include "core/file.h"
#include "core/npy_header.h"
#include "unit/temporary.h"

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

TestSuite(train, .init = setup, .fini = teardown, .timeout = 120);

#define TRAIN "--config", "tiny.ini", "--out", "run"

static char *in_run(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/run/%s", folder, name);
    return path;
}

static void *read_file(const char *name, size_t *size)
{
    void *data;
    cr_assert_eq(vae_file_read(in_run(name), 1 << 26, &data, size), VAE_OK, "%s", vae_error_message());
    return data;
}

static void check_losses(json_t *lines)
{
    json_t *line;
    size_t i;
    json_array_foreach(lines, i, line)
    {
        const double sum = number(line, "reconstruction") + number(line, "kl");
        cr_expect(fabs(number(line, "neg_elbo") - sum) < 1e-6, "%g is not %g", number(line, "neg_elbo"), sum);
        const bool training = is_split(line, "train") || is_split(line, "train_epoch");
        static const char *const of_training[] = {"beta", "learning_rate", "grad_norm"};
        for (int k = 0; k < 3; ++k)
            cr_expect_eq(isnan(number(line, of_training[k])), !training, "%s", of_training[k]);
        cr_expect_gt(number(line, "images_per_second"), 0.0);
    }
}

/* The dimensions' KL are the whole's parts; an autoencoder has none, but has active units. */
static void check_latent(json_t *lines, int latent, bool autoencoder)
{
    json_t *line, *part;
    size_t i, j;
    json_array_foreach(lines, i, line)
    {
        json_t *parts = json_object_get(line, "kl_per_dimension");
        if (!parts) continue;
        const json_int_t active = json_integer_value(json_object_get(line, "active_units"));
        cr_expect(active >= 1 && active <= latent, "%d active units", (int)active);
        cr_expect_eq(json_is_null(parts), autoencoder);
        if (autoencoder) continue;
        double sum = 0.0;
        json_array_foreach(parts, j, part) sum += json_number_value(part);
        cr_expect_eq((int)json_array_size(parts), latent);
        cr_expect_float_eq(sum, number(line, "kl"), 1e-4, "%g is not %g", sum, number(line, "kl"));
    }
}

/* ---- Tests ---- */

Test(train, kl_per_dimension_adds_up_and_is_drawn)
{
    process_expect(0, NULL, folder, TRAIN, "--quiet");
    json_t *lines = read_metrics(in_run("metrics.jsonl"));
    check_latent(lines, 3, false);
    json_decref(lines);
    cr_expect(vae_path_exists(in_run("pictures/kl_per_dimension.png")));
    cr_expect(vae_path_exists(in_run("pictures/kl_per_dimension.svg")));
}

Test(train, an_autoencoder_has_active_units_but_no_kl)
{
    process_expect(0, NULL, folder, TRAIN, "--quiet", "--set", "model.objective=ae");
    json_t *lines = read_metrics(in_run("metrics.jsonl"));
    check_latent(lines, 3, true);
    json_decref(lines);
    cr_expect_not(vae_path_exists(in_run("pictures/kl_per_dimension.png")));
}

Test(train, learns_and_leaves_a_run_folder)
{
    process_result result = process_run_in(folder, TRAIN, "--set", "train.epochs=30");
    cr_assert_eq(result.code, 0, "%s", result.errors);
    cr_expect_str_empty(result.errors);
    cr_expect_not_null(strstr(result.output, "test negative ELBO"), "%s", result.output);
    cr_expect_not_null(strstr(result.output, "run folder: run"));
    cr_expect_not_null(strstr(result.output, "vae-cuda sample --run run"));
    cr_expect_null(strchr(result.output, '\r'), "a pipe must not get a progress bar");
    process_result_free(&result);

    int count;
    json_t *lines = read_metrics(in_run("metrics.jsonl"));
    check_losses(lines);
    const double first = number(find_line(lines, "test", 0, &count), "neg_elbo");
    const double last = number(find_line(lines, "test", -1, NULL), "neg_elbo");
    cr_expect(count == 30 || count == 31, "one an epoch, and one more if the best is not the last; got %d", count);
    cr_expect_lt(last, 0.75 * first, "test negative ELBO went from %g to %g only", first, last);
    json_t *epoch = find_line(lines, "train_epoch", -1, &count);
    cr_expect_eq(count, 30);
    cr_expect_eq(number(epoch, "epoch"), 30);
    cr_expect_eq(number(epoch, "step"), 390);
    cr_expect_eq(number(epoch, "learning_rate"), 0.01);
    find_line(lines, "train", 0, &count);
    cr_expect_eq(count, 390 / 5);
    json_decref(lines);

    static const char *const files[] = {"config.ini",
                                        "checkpoints/best.safetensors",
                                        "checkpoints/last.safetensors",
                                        "pictures/epoch-0001-samples.png",
                                        "pictures/epoch-0030-samples.png",
                                        "pictures/epoch-0030-reconstructions.png"};
    for (size_t i = 0; i < sizeof files / sizeof *files; ++i)
        cr_expect(vae_path_exists(in_run(files[i])), "%s is not there", files[i]);
}

Test(train, the_same_seed_gives_the_same_model_and_another_does_not)
{
    size_t size, size_again, size_other;
    process_expect(0, NULL, folder, "--config", "tiny.ini", "--quiet", "--out", "run");
    char *first = read_file("checkpoints/last.safetensors", &size);
    temporary_remove(in_run(""));
    process_expect(0, NULL, folder, "--config", "tiny.ini", "--quiet", "--out", "run");
    char *again = read_file("checkpoints/last.safetensors", &size_again);
    temporary_remove(in_run(""));
    process_expect(0, NULL, folder, "--config", "tiny.ini", "--quiet", "--out", "run", "--seed", "8");
    char *other = read_file("checkpoints/last.safetensors", &size_other);
    cr_assert_eq(size, size_again);
    cr_expect_eq(memcmp(first, again, size), 0);
    cr_expect(size != size_other || memcmp(first, other, size) != 0);
    free(first);
    free(again);
    free(other);
}

Test(train, stops_early_when_validation_no_longer_improves)
{
    /* Nothing is learnt, so the second epoch cannot be better than the first. */
    process_result result = process_run_in(folder, TRAIN, "--set", "data.validation=40", "--set", "train.patience=2",
                                           "--set", "train.learning_rate=0", "--set", "train.epochs=50");
    cr_assert_eq(result.code, 0, "%s", result.errors);
    cr_expect_not_null(strstr(result.output, "stopped early"), "%s", result.output);
    cr_expect_not_null(strstr(result.output, "epoch 1\n"), "the best is the first: %s", result.output);
    process_result_free(&result);
    int count;
    json_t *lines = read_metrics(in_run("metrics.jsonl"));
    check_losses(lines);
    find_line(lines, "validation", -1, &count);
    cr_expect_eq(count, 3);
    json_t *test = find_line(lines, "test", -1, &count);
    cr_expect_eq(count, 1, "with a validation split the test images are seen once, at the end");
    cr_expect_eq(number(test, "epoch"), 1);
    cr_expect_eq(number(test, "step"), 11);
    json_decref(lines);
}

Test(train, best_is_kept_when_later_epochs_are_worse)
{
    /* A learning rate that rises all the time: it helps at first, then ruins. */
    process_expect(0, NULL, folder, TRAIN, "--quiet", "--set", "data.validation=40", "--set", "train.epochs=12",
                   "--set", "train.learning_rate=3", "--set", "train.warmup_steps=2000");
    json_t *lines = read_metrics(in_run("metrics.jsonl"));
    double lowest = INFINITY, last = NAN;
    double lowest_epoch = 0;
    json_t *line;
    size_t i;
    json_array_foreach(lines, i, line)
    {
        if (!is_split(line, "validation")) continue;
        last = number(line, "neg_elbo");
        if (last < lowest) lowest_epoch = number(line, "epoch");
        lowest = fmin(last, lowest);
    }
    cr_assert_lt(lowest, last, "the case is meant to get worse in the end");
    cr_expect_eq(number(find_line(lines, "test", -1, NULL), "epoch"), lowest_epoch);
    json_decref(lines);
}

Test(train, numbers_that_are_not_finite_end_the_run_and_keep_the_last_good_checkpoint)
{
    size_t size, size_after;
    process_expect(0, NULL, folder, TRAIN, "--quiet", "--set", "train.epochs=1");
    char *good = read_file("checkpoints/last.safetensors", &size);
    process_result result = process_run_in(folder, TRAIN, "--resume", "--quiet", "--set", "train.learning_rate=1e5",
                                           "--set", "train.epochs=50", "--set", "train.checkpoint_interval=0");
    cr_expect_eq(result.code, 1, "exit code %d", result.code);
    cr_expect_not_null(strstr(result.errors, "is not finite"), "%s", result.errors);
    int step = 0;
    sscanf(result.errors, "vae-cuda: error: step %d (epoch", &step);
    cr_expect(step > 13, "it ends with the very step that failed: %s", result.errors);
    cr_expect_not_null(strstr(result.errors, "last good checkpoint, of step 13, is run/checkpoints/last.safetensors"),
                       "%s", result.errors);
    process_result_free(&result);
    char *after = read_file("checkpoints/last.safetensors", &size_after);
    cr_assert_eq(size, size_after);
    cr_expect_eq(memcmp(good, after, size), 0);
    /* And training can go on from it. */
    process_expect(0, NULL, folder, TRAIN, "--resume", "--quiet", "--set", "train.epochs=2");
    free(good);
    free(after);
}

Test(train, a_run_that_is_there_is_kept)
{
    size_t size, size_after;
    process_expect(0, NULL, folder, TRAIN, "--quiet", "--set", "train.epochs=1");
    char *metrics = read_file("metrics.jsonl", &size);
    process_expect(2, "--resume", folder, TRAIN, "--quiet");
    process_expect(2, "--out", folder, TRAIN, "--quiet");
    char *after = read_file("metrics.jsonl", &size_after);
    cr_expect_eq(size, size_after);
    cr_expect_str_eq(metrics, after);
    free(metrics);
    free(after);
}

Test(train, what_cannot_be_trained_leaves_no_folder)
{
    process_expect(2, "validation", folder, TRAIN, "--quiet", "--set", "train.patience=3");
    process_expect(2, "nowhere.idx", folder, TRAIN, "--quiet", "--set", "data.train_data=nowhere.idx");
    process_expect(2, "validation", folder, TRAIN, "--quiet", "--set", "data.validation=203");
    cr_expect_not(vae_path_exists(in_run("")));
}

Test(train, no_epochs_give_the_untrained_model)
{
    process_expect(0, NULL, folder, TRAIN, "--quiet", "--set", "train.epochs=0");
    json_t *lines = read_metrics(in_run("metrics.jsonl"));
    cr_expect_eq(json_array_size(lines), 1u);
    cr_expect_eq(number(find_line(lines, "test", 0, NULL), "step"), 0);
    json_decref(lines);
    cr_expect(vae_path_exists(in_run("checkpoints/best.safetensors")));
}

/* Images [count, 8, 8, channels] of whatever is in the tiny ones' files. */
static void write_channels(const char *name, int64_t count, int64_t channels)
{
    const int64_t sizes[] = {count, TINY_SIDE, TINY_SIDE, channels};
    uint8_t header[VAE_NPY_HEADER_SIZE];
    size_t size;
    char path[256];
    uint32_t seed = 3;
    vae_npy_header_make("|u1", 4, sizes, 0, header, &size);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    fwrite(header, 1, size, file);
    for (int64_t i = 0; i < count * TINY_SIDE * TINY_SIDE * channels; ++i)
        fputc(tiny_noise(&seed), file);
    cr_assert_eq(fclose(file), 0);
}

Test(train, images_that_no_picture_can_show_are_trained_on)
{
    write_channels("train.npy", 40, 2);
    write_channels("test.npy", 20, 2);
    process_expect(0, "no pictures are drawn of images with 2 channels", folder, TRAIN, "--set",
                   "data.train_data=train.npy", "--set", "data.test_data=test.npy", "--set", "train.epochs=2");
    json_t *lines = read_metrics(in_run("metrics.jsonl"));
    cr_expect_not_null(find_line(lines, "test", 1, NULL), "both epochs were evaluated");
    json_decref(lines);
    cr_expect(vae_path_exists(in_run("checkpoints/best.safetensors")));
    cr_expect_not(vae_path_exists(in_run("pictures/epoch-0002-samples.png")));
    process_expect(0, NULL, folder, "report", "--run", "run");
    char path[256];
    void *page;
    size_t size;
    snprintf(path, sizeof path, "%s/report.html", folder);
    cr_assert_eq(vae_file_read(path, 1 << 26, &page, &size), VAE_OK, "%s", vae_error_message());
    cr_expect_not_null(memmem(page, size, "Images of 2 channels cannot be shown", 36));
    free(page);
}

Test(train, the_other_objectives)
{
    process_expect(0, NULL, folder, TRAIN, "--quiet", "--set", "model.objective=ae");
    json_t *lines = read_metrics(in_run("metrics.jsonl"));
    json_t *line = find_line(lines, "test", -1, NULL);
    cr_expect(isnan(number(line, "kl")) && isnan(number(line, "neg_elbo")), "an autoencoder has neither");
    cr_expect_lt(number(line, "reconstruction"), number(find_line(lines, "test", 0, NULL), "reconstruction"));
    json_decref(lines);
    temporary_remove(in_run(""));
    process_expect(0, NULL, folder, TRAIN, "--quiet", "--set", "model.objective=kl", "--set", "train.epochs=20");
    lines = read_metrics(in_run("metrics.jsonl"));
    cr_expect_lt(number(find_line(lines, "test", -1, NULL), "kl"), 0.01, "nothing but the KL term is minimised");
    json_decref(lines);
}

Test(train, each_epoch_sees_every_image_in_an_order_of_its_own)
{
    /* Nothing is learnt and nothing is random but the order: the batches differ, their sum does not. */
    process_expect(0, NULL, folder, TRAIN, "--quiet", "--set", "model.objective=ae", "--set", "train.learning_rate=0",
                   "--set", "train.epochs=2", "--set", "train.log_interval=1");
    json_t *lines = read_metrics(in_run("metrics.jsonl"));
    int same = 0;
    for (int step = 0; step < 13; ++step) {
        const double first = number(find_line(lines, "train", step, NULL), "reconstruction");
        const double second = number(find_line(lines, "train", step + 13, NULL), "reconstruction");
        same += fabs(first - second) < 1e-6;
    }
    cr_expect_leq(same, 2, "%d of 13 batches are the same in both epochs", same);
    const double first = number(find_line(lines, "train_epoch", 0, NULL), "reconstruction");
    const double second = number(find_line(lines, "train_epoch", 1, NULL), "reconstruction");
    cr_expect(fabs(first - second) < 1e-4, "%g in one epoch, %g in the other", first, second);
    json_decref(lines);
}

Test(train, every_batch_size_works)
{
    static const char *const sizes[] = {"1", "29", "202", "203", "1000"};
    static const double steps[] = {203, 7, 2, 1, 1};
    for (int i = 0; i < 5; ++i) {
        char batch[64];
        snprintf(batch, sizeof batch, "train.batch_size=%s", sizes[i]);
        process_expect(0, NULL, folder, TRAIN, "--quiet", "--set", "train.epochs=1", "--set", batch, "--set",
                       "evaluate.batch_size=1000");
        json_t *lines = read_metrics(in_run("metrics.jsonl"));
        cr_expect_eq(number(find_line(lines, "train_epoch", 0, NULL), "step"), steps[i]);
        json_decref(lines);
        temporary_remove(in_run(""));
    }
}
