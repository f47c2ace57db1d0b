/* A run that was killed or stopped and is resumed leaves the files of one that was not. Real processes, real signals.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/process.h"
#include "cli/tiny_data.h"
#include "core/file.h"
#include "unit/temporary.h"

/* Everything that has state: validation with early stopping, noise in data, both schedules, decay. */
#define LONG_RUN                                                                                                       \
    "--config", "tiny.ini", "--quiet", "--out", "run", "--set", "train.epochs=120", "--set", "data.validation=27",     \
        "--set", "train.patience=500", "--set", "data.binarise=dynamic", "--set", "train.schedule=cosine", "--set",    \
        "train.warmup_steps=40", "--set", "train.kl_warmup_epochs=30.5", "--set", "train.weight_decay=0.01", "--set",  \
        "train.picture_interval=50", "--set", "train.log_interval=7"

static char whole[64], broken[64]; /* where the uninterrupted and the interrupted run live */

static void setup(void)
{
    temporary_make(whole);
    temporary_make(broken);
    tiny_write(whole);
    tiny_write(broken);
}

static void teardown(void)
{
    temporary_remove(whole);
    temporary_remove(broken);
}

TestSuite(resume, .init = setup, .fini = teardown, .timeout = 240);

static char *read_text(const char *folder, const char *name, size_t *size)
{
    char path[256];
    void *data;
    snprintf(path, sizeof path, "%s/run/%s", folder, name);
    cr_assert_eq(vae_file_read(path, 1 << 26, &data, size), VAE_OK, "%s", vae_error_message());
    return data;
}

static bool has_file(const char *folder, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/run/%s", folder, name);
    return vae_path_exists(path);
}

/* The time that training took is the one thing that may differ: it is the last key of a line. */
static void cut_rates(char *text)
{
    char *to = text;
    for (const char *from = text; *from;) {
        if (strncmp(from, ", \"images_per_second\"", 21) == 0) from = strchr(from, '}');
        *to++ = *from++;
    }
    *to = '\0';
}

static void expect_same_file(const char *name)
{
    size_t size, other_size;
    char *text = read_text(whole, name, &size), *other = read_text(broken, name, &other_size);
    cr_expect_eq(size, other_size, "%s: %zu bytes and %zu", name, size, other_size);
    if (size == other_size) cr_expect_eq(memcmp(text, other, size), 0, "%s differs", name);
    free(text);
    free(other);
}

static void expect_same_run(void)
{
    size_t size;
    expect_same_file("checkpoints/last.safetensors");
    expect_same_file("checkpoints/best.safetensors");
    expect_same_file("config.ini");
    char *metrics = read_text(whole, "metrics.jsonl", &size), *other = read_text(broken, "metrics.jsonl", &size);
    cut_rates(metrics);
    cut_rates(other);
    cr_expect_str_eq(metrics, other);
    cr_expect_gt(strlen(metrics), 1000u);
    free(metrics);
    free(other);
}

static void sleep_ms(long milliseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000}, NULL);
}

/* Bytes of metrics.jsonl: how far a run is. */
static off_t metrics_size(const char *folder)
{
    char path[256];
    struct stat info;
    snprintf(path, sizeof path, "%s/run/metrics.jsonl", folder);
    return stat(path, &info) == 0 ? info.st_size : 0;
}

/* Waits until the run has written so much, sends the signal, and returns how it ended. */
static process_result run_and_signal(process started, off_t size, int signal_number)
{
    for (int wait = 0; metrics_size(broken) < size && wait < 20000; ++wait)
        sleep_ms(1);
    kill(started.id, signal_number);
    return process_wait(started);
}

Test(resume, killed_thrice_equals_not_killed)
{
    process_expect(0, NULL, whole, LONG_RUN, "--set", "train.checkpoint_interval=5");
    for (int kills = 0; kills < 3; ++kills) {
        /* The first time it is a new run. */
        const process started =
            kills == 0 ? process_start_in(broken, LONG_RUN, "--set", "train.checkpoint_interval=5")
                       : process_start_in(broken, LONG_RUN, "--set", "train.checkpoint_interval=5", "--resume");
        process_result result = run_and_signal(started, 6000 + 12000 * kills, SIGKILL);
        cr_assert_eq(result.signal, SIGKILL, "it ended before it was killed, with %d: %s", result.code, result.errors);
        process_result_free(&result);
    }
    process_expect(0, NULL, broken, LONG_RUN, "--set", "train.checkpoint_interval=5", "--resume");
    expect_same_run();
    expect_same_file("pictures/epoch-0050-samples.png");
    expect_same_file("pictures/epoch-0120-reconstructions.png");
}

/* Without checkpoint_interval the stop falls into the middle of an epoch and of a log interval. */
static void stop_and_compare(int signal_number, int expected_code)
{
    process_expect(0, NULL, whole, LONG_RUN);
    for (int stops = 0; stops < 2; ++stops) {
        const process started =
            stops == 0 ? process_start_in(broken, LONG_RUN) : process_start_in(broken, LONG_RUN, "--resume");
        process_result result = run_and_signal(started, 5000 + 9000 * stops, signal_number);
        cr_assert_eq(result.code, expected_code, "exit code %d, signal %d: %s", result.code, result.signal,
                     result.errors);
        cr_expect_not_null(strstr(result.errors, "--resume"), "%s", result.errors);
        process_result_free(&result);
    }
    process_expect(0, NULL, broken, LONG_RUN, "--resume");
    expect_same_run();
}

Test(resume, sigterm_saves_and_exits_with_143)
{
    stop_and_compare(SIGTERM, 143);
}

Test(resume, sigint_saves_and_exits_with_130)
{
    stop_and_compare(SIGINT, 130);
}

#define SHORT_RUN "--config", "tiny.ini", "--quiet", "--out", "run"

Test(resume, epochs_may_be_added_on_every_device)
{
    static const char *const devices[] = {"cpu", "reference"};
    for (int i = 0; i < 2; ++i) {
        char path[128];
        process_expect(0, NULL, whole, SHORT_RUN, "--device", devices[i], "--set", "train.epochs=5");
        process_expect(0, NULL, broken, SHORT_RUN, "--device", devices[i], "--set", "train.epochs=2");
        process_expect(0, NULL, broken, SHORT_RUN, "--device", devices[i], "--set", "train.epochs=5", "--resume");
        expect_same_run();
        snprintf(path, sizeof path, "%s/run", whole);
        temporary_remove(path);
        snprintf(path, sizeof path, "%s/run", broken);
        temporary_remove(path);
    }
}

Test(resume, needs_no_config_file)
{
    process_expect(0, NULL, whole, SHORT_RUN, "--set", "train.epochs=3");
    process_expect(0, NULL, broken, SHORT_RUN, "--set", "train.epochs=1");
    process_expect(0, NULL, broken, "--resume", "--quiet", "--out", "run", "--set", "train.epochs=3");
    expect_same_run();
}

Test(resume, of_a_finished_run_changes_nothing)
{
    process_expect(0, NULL, whole, SHORT_RUN, "--set", "data.validation=20");
    process_expect(0, NULL, broken, SHORT_RUN, "--set", "data.validation=20");
    process_expect(0, NULL, broken, SHORT_RUN, "--set", "data.validation=20", "--resume");
    expect_same_run();
}

Test(resume, a_run_killed_before_its_first_checkpoint_begins_anew)
{
    process_expect(0, NULL, whole, SHORT_RUN);
    process_expect(0, NULL, broken, SHORT_RUN);
    char path[256];
    snprintf(path, sizeof path, "%s/run/checkpoints", broken);
    temporary_remove(path);
    process_expect(0, NULL, broken, SHORT_RUN, "--resume");
    expect_same_run();
}

Test(resume, what_decides_the_run_cannot_change)
{
    process_expect(0, NULL, broken, SHORT_RUN, "--set", "train.epochs=1");
    process_expect(2, "[model] latent", broken, SHORT_RUN, "--resume", "--set", "model.latent=4");
    process_expect(2, "[model] layers", broken, SHORT_RUN, "--resume", "--set", "model.layers=24 24");
    process_expect(2, "[model] objective", broken, SHORT_RUN, "--resume", "--set", "model.objective=ae");
    process_expect(2, "[data] limit", broken, SHORT_RUN, "--resume", "--set", "data.limit=100");
    process_expect(2, "[train] batch_size", broken, SHORT_RUN, "--resume", "--set", "train.batch_size=8");
    process_expect(2, "[train] seed", broken, SHORT_RUN, "--resume", "--seed", "7");
    tiny_write_images(broken, "train.idx", 100, 1);
    process_expect(2, "203 training images", broken, SHORT_RUN, "--resume");
}

Test(resume, needs_a_run)
{
    process_expect(2, "no run to resume", broken, SHORT_RUN, "--resume");
    cr_expect_not(has_file(broken, ""), "a failed resume must not make the folder");
    process_expect(2, "give --out DIR, or --config FILE", broken, "--resume");
}

static void overwrite(const char *name, const void *bytes, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/run/%s", broken, name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

Test(resume, damaged_checkpoints_are_refused_and_kept)
{
    process_expect(0, NULL, broken, SHORT_RUN, "--set", "train.epochs=1");
    size_t size, size_after;
    char *good = read_text(broken, "checkpoints/last.safetensors", &size);
    /* best and last are one file with two names: overwrite() would write through. */
    char path[256];
    snprintf(path, sizeof path, "%s/run/checkpoints/last.safetensors", broken);
    cr_assert_eq(unlink(path), 0);
    overwrite("checkpoints/last.safetensors", good, size / 2);
    process_expect(1, "run/checkpoints/last.safetensors", broken, SHORT_RUN, "--resume");
    overwrite("checkpoints/last.safetensors", "", 0);
    process_expect(1, "run/checkpoints/last.safetensors", broken, SHORT_RUN, "--resume");
    good[size - 100] ^= 1;
    overwrite("checkpoints/last.safetensors", good, size);
    process_expect(1, "damaged", broken, SHORT_RUN, "--resume");
    char *after = read_text(broken, "checkpoints/last.safetensors", &size_after);
    cr_assert_eq(size, size_after);
    cr_expect_eq(memcmp(good, after, size), 0);
    free(after);
    free(good);
}

Test(resume, two_processes_cannot_train_in_one_folder)
{
    const process first = process_start_in(broken, LONG_RUN, "--set", "train.epochs=100000");
    for (int wait = 0; metrics_size(broken) < 500 && wait < 20000; ++wait)
        sleep_ms(1);
    process_expect(1, "another process", broken, LONG_RUN, "--set", "train.epochs=100000", "--resume");
    kill(first.id, SIGTERM);
    process_result result = process_wait(first);
    cr_expect_eq(result.code, 143, "%s", result.errors);
    process_result_free(&result);
}
