/* A run that was killed or stopped and is resumed leaves the files of one that was not. Real processes, real signals.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/metrics_text.h"
#include "cli/process.h"
#include "cli/tiny_data.h"
#include "core/file.h"
#include "unit/temporary.h"

/* Everything that has state: validation with early stopping, noise in data, both schedules, decay. */
#define LONG_RUN                                                                                                       \
    "--config", "tiny.ini", "--out", "run", "--set", "train.epochs=120", "--set", "data.validation=27", "--set",       \
        "train.patience=500", "--set", "data.binarise=dynamic", "--set", "train.schedule=cosine", "--set",             \
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
    metrics_cut_rates(metrics);
    metrics_cut_rates(other);
    cr_expect_str_eq(metrics, other);
    cr_expect_gt(strlen(metrics), 1000u);
    free(metrics);
    free(other);
}

static void sleep_ms(long milliseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000}, NULL);
}

/* Epochs that the process has told of: how far it is, whatever is on the disk. */
static int told_epochs(process started)
{
    static char text[1 << 17];
    const ssize_t size = pread(started.output, text, sizeof text - 1, 0);
    text[size < 0 ? 0 : size] = '\0';
    int epochs = 0;
    for (const char *line = text; (line = strstr(line, "\nepoch ")) != NULL; ++line)
        ++epochs;
    return epochs;
}

/* Waits until the process has told of so many epochs, sends the signal, and returns how it ended. */
static process_result run_and_signal(process started, int epochs, int signal_number)
{
    for (int wait = 0; told_epochs(started) < epochs && wait < 20000; ++wait)
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
        process_result result = run_and_signal(started, 5 + 10 * kills, SIGKILL);
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
        process_result result = run_and_signal(started, 4 + 6 * stops, signal_number);
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

Test(resume, sighup_saves_and_exits_with_129)
{
    stop_and_compare(SIGHUP, 129);
}

Test(resume, a_sigpipe_that_is_sent_saves_and_exits_with_141)
{
    stop_and_compare(SIGPIPE, 141);
}

Test(resume, sigint_saves_and_exits_with_130)
{
    stop_and_compare(SIGINT, 130);
}

/* Cycles of β, and a learning rate so large that it must drop, again and again. */
#define PLATEAU_RUN                                                                                                    \
    "--config", "tiny.ini", "--out", "run", "--set", "train.epochs=90", "--set", "data.validation=27", "--set",        \
        "train.schedule=plateau", "--set", "train.schedule_patience=2", "--set", "train.schedule_drops=1000", "--set", \
        "train.learning_rate=0.02", "--set", "train.kl_schedule=cyclical", "--set", "train.kl_cycles=3", "--set",      \
        "train.beta_start=0.2", "--set", "train.clip_value=0.01", "--set", "train.free_bits=0.05", "--set",            \
        "train.picture_interval=0", "--set", "train.log_interval=1", "--set", "train.checkpoint_interval=5"

Test(resume, plateaus_and_cycles_go_on_as_they_were)
{
    size_t size;
    process_expect(0, NULL, whole, PLATEAU_RUN);
    for (int kills = 0; kills < 3; ++kills) {
        const process started =
            kills == 0 ? process_start_in(broken, PLATEAU_RUN) : process_start_in(broken, PLATEAU_RUN, "--resume");
        process_result result = run_and_signal(started, 9 + 11 * kills, SIGKILL);
        cr_assert_eq(result.signal, SIGKILL, "it ended before it was killed, with %d: %s", result.code, result.errors);
        process_result_free(&result);
    }
    process_expect(0, NULL, broken, PLATEAU_RUN, "--resume");
    expect_same_run();
    char *metrics = read_text(whole, "metrics.jsonl", &size);
    cr_expect_not_null(strstr(metrics, "\"learning_rate\": 0.01,"), "the rate never dropped");
    cr_expect_not_null(strstr(metrics, "\"learning_rate\": 0.005,"), "the rate dropped once");
    cr_expect_not_null(strstr(metrics, "\"beta\": 0.2,"), "beta never began a cycle");
    free(metrics);
}

Test(resume, a_plateau_without_drops_left_ends_the_run)
{
    process_result ended = process_wait(process_start_in(whole, PLATEAU_RUN, "--set", "train.schedule_drops=0"));
    cr_expect_eq(ended.code, 0, "%s", ended.errors);
    cr_expect_not_null(strstr(ended.output, "no better validation loss in 2 epochs"), "%s", ended.output);
    process_result_free(&ended);
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

/* ---- Runs that are not whole ---- */

static void in_run(char path[256], const char *name)
{
    snprintf(path, 256, "%s/run/%s", broken, name);
}

static void remove_file(const char *name)
{
    char path[256];
    in_run(path, name);
    cr_assert_eq(unlink(path), 0);
}

static void overwrite(const char *name, const void *bytes, size_t size)
{
    char path[256];
    in_run(path, name);
    unlink(path); /* best and last may be one file with two names */
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* A learning rate at which the best epoch is not the last. */
#define UNSTEADY_RUN                                                                                                   \
    SHORT_RUN, "--set", "train.learning_rate=0.2", "--set", "data.validation=20", "--set", "model.objective=ae"

/* A resume that must fail, and leave the files as they are. */
static void expect_refused(int code, const char *words)
{
    static const char *const names[] = {"metrics.jsonl", "config.ini", "checkpoints/best.safetensors",
                                        "checkpoints/last.safetensors"};
    enum { FILES = sizeof names / sizeof *names };
    char *before[FILES] = {NULL};
    size_t sizes[FILES];
    for (int i = 0; i < FILES; ++i) {
        if (has_file(broken, names[i])) before[i] = read_text(broken, names[i], &sizes[i]);
    }
    process_expect(code, words, broken, UNSTEADY_RUN, "--resume", "--set", "train.epochs=12");
    for (int i = 0; i < FILES; ++i) {
        size_t size;
        cr_assert_eq(before[i] != NULL, has_file(broken, names[i]), "%s", names[i]);
        if (!before[i]) continue;
        char *after = read_text(broken, names[i], &size);
        cr_expect(size == sizes[i] && memcmp(before[i], after, size) == 0, "%s was changed", names[i]);
        free(before[i]);
        free(after);
    }
}

Test(resume, a_run_killed_before_its_first_checkpoint_begins_anew)
{
    static const char early[] = "{\"epoch\": 1, \"step\": 5, \"split\": \"train\", \"kl\": 1.5}\n{\"epo";
    process_expect(0, NULL, whole, SHORT_RUN);
    process_expect(0, NULL, broken, SHORT_RUN);
    char path[256];
    in_run(path, "checkpoints");
    temporary_remove(path);
    in_run(path, "pictures");
    temporary_remove(path);
    overwrite("metrics.jsonl", early, sizeof early - 1);
    process_expect(0, NULL, broken, SHORT_RUN, "--resume");
    expect_same_run();
}

Test(resume, a_run_whose_checkpoints_are_gone_is_kept)
{
    process_expect(0, NULL, broken, UNSTEADY_RUN);
    remove_file("checkpoints/best.safetensors");
    remove_file("checkpoints/last.safetensors");
    expect_refused(2, "Put a checkpoint back");
    overwrite("metrics.jsonl", "", 0);
    expect_refused(2, "Put a checkpoint back"); /* there are pictures */
}

Test(resume, goes_on_from_the_best_where_the_last_is_lost)
{
    process_expect(0, NULL, whole, UNSTEADY_RUN, "--set", "train.epochs=12");
    for (int damage = 0; damage < 2; ++damage) {
        process_expect(0, NULL, broken, UNSTEADY_RUN, "--set", "train.epochs=12");
        if (damage == 0) remove_file("checkpoints/last.safetensors");
        if (damage == 1) overwrite("checkpoints/last.safetensors", "cut", 3);
        expect_refused(damage == 0 ? 2 : 1, "--resume --from best goes on from run/checkpoints/best.safetensors");
        size_t size, kept_size;
        char *metrics = read_text(broken, "metrics.jsonl", &size);
        process_expect(0, NULL, broken, UNSTEADY_RUN, "--resume", "--from", "best", "--set", "train.epochs=12");
        expect_same_run();
        char *kept = read_text(broken, "metrics.jsonl.kept-1", &kept_size);
        cr_expect(size == kept_size && memcmp(metrics, kept, size) == 0);
        cr_expect_eq(has_file(broken, "checkpoints/last.safetensors.kept-1"), damage == 1);
        free(metrics);
        free(kept);
        char path[256];
        in_run(path, "");
        temporary_remove(path);
    }
}

Test(resume, a_run_killed_as_it_named_its_first_checkpoint_goes_on)
{
    process_expect(0, NULL, whole, SHORT_RUN);
    process_expect(0, NULL, broken, SHORT_RUN, "--set", "train.epochs=1");
    remove_file("checkpoints/last.safetensors");
    process_expect(0, NULL, broken, SHORT_RUN, "--resume");
    expect_same_run();
}

/* Both names came in one, and the machine went down when the disk had the newer one alone. */
Test(resume, a_best_that_is_older_than_the_last_is_made_again)
{
    process_expect(0, NULL, broken, SHORT_RUN, "--set", "train.epochs=3");
    size_t size;
    char *older = read_text(broken, "checkpoints/best.safetensors", &size);
    process_expect(0, NULL, broken, SHORT_RUN, "--resume"); /* each epoch is better than the one before */
    process_expect(0, NULL, whole, SHORT_RUN);
    overwrite("checkpoints/best.safetensors", older, size);
    process_expect(0, NULL, broken, SHORT_RUN, "--resume");
    expect_same_run();
    free(older);
}

Test(resume, goes_on_without_the_best_where_asked)
{
    process_expect(0, NULL, broken, UNSTEADY_RUN, "--set", "train.epochs=10");
    overwrite("checkpoints/best.safetensors", "damaged", 7);
    expect_refused(1, "--resume --from last");
    remove_file("checkpoints/best.safetensors");
    expect_refused(2, "--resume --from last");
    process_expect(0, NULL, broken, UNSTEADY_RUN, "--resume", "--from", "last", "--set", "train.epochs=12");
    cr_expect(has_file(broken, "checkpoints/best.safetensors"));
}

Test(resume, a_best_that_is_the_last_is_made_again)
{
    process_expect(0, NULL, broken, SHORT_RUN); /* each epoch is better than the one before */
    process_expect(0, NULL, whole, SHORT_RUN);
    remove_file("checkpoints/best.safetensors");
    process_expect(0, NULL, broken, SHORT_RUN, "--resume");
    expect_same_run();
}

Test(resume, metrics_that_are_gone_are_told)
{
    process_expect(0, NULL, broken, SHORT_RUN);
    overwrite("metrics.jsonl", "", 0);
    process_expect(0, "metrics.jsonl lacks 18 lines", broken, SHORT_RUN, "--resume", "--set", "train.epochs=5");
    process_expect(0, NULL, broken, SHORT_RUN, "--resume", "--set", "train.epochs=6");
}

Test(resume, a_lost_configuration_is_in_the_checkpoint)
{
    process_expect(0, NULL, whole, SHORT_RUN, "--set", "train.epochs=6");
    process_expect(0, NULL, broken, SHORT_RUN, "--set", "train.epochs=3");
    overwrite("config.ini", "[model", 6);
    process_expect(2, "move it away", broken, "--resume", "--quiet", "--out", "run");
    remove_file("config.ini");
    process_expect(0, "config.ini is missing", broken, "--resume", "--quiet", "--out", "run", "--set",
                   "train.epochs=6");
    expect_same_run();
}

Test(resume, pictures_that_a_kill_prevented_are_drawn)
{
    process_expect(0, NULL, broken, SHORT_RUN);
    size_t size, again;
    char *before = read_text(broken, "pictures/epoch-0004-samples.png", &size);
    for (int empty = 0; empty < 2; ++empty) {
        remove_file("pictures/epoch-0004-samples.png");
        remove_file("pictures/epoch-0004-reconstructions.png");
        if (empty) overwrite("pictures/epoch-0004-reconstructions.png", "", 0);
        process_expect(0, NULL, broken, SHORT_RUN, "--resume");
        char *after = read_text(broken, "pictures/epoch-0004-samples.png", &again);
        cr_expect(size == again && memcmp(before, after, size) == 0);
        free(after);
    }
    free(before);
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
    process_expect(2, "203 then", broken, SHORT_RUN, "--resume");
}

Test(resume, needs_a_run)
{
    process_expect(2, "no run to resume", broken, SHORT_RUN, "--resume");
    cr_expect_not(has_file(broken, ""), "a failed resume must not make the folder");
    process_expect(2, "give --out DIR, or --config FILE", broken, "--resume");
}

Test(resume, damaged_checkpoints_are_refused_and_kept)
{
    process_expect(0, NULL, broken, SHORT_RUN, "--set", "train.epochs=1");
    size_t size, size_after;
    char *good = read_text(broken, "checkpoints/last.safetensors", &size);
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
    for (int wait = 0; told_epochs(first) < 1 && wait < 20000; ++wait)
        sleep_ms(1);
    process_expect(1, "another process", broken, LONG_RUN, "--set", "train.epochs=100000", "--resume");
    kill(first.id, SIGTERM);
    process_result result = process_wait(first);
    cr_expect_eq(result.code, 143, "%s", result.errors);
    process_result_free(&result);
}
