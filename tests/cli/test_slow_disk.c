/* Training on a disk that is slow, stuck or broken: $VAE_SLOW_DISK is the library that makes it so (slow_disk.c). */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/metrics_text.h"
#include "cli/process.h"
#include "cli/tiny_data.h"
#include "core/file.h"
#include "unit/temporary.h"

static char whole[64], slow[64]; /* where the undisturbed run and the other live */

static void setup(void)
{
    temporary_make(whole);
    temporary_make(slow);
    tiny_write(whole);
    tiny_write(slow);
    cr_assert_not_null(getenv("VAE_SLOW_DISK"), "VAE_SLOW_DISK is not set; ctest sets it");
    /* AddressSanitizer wants to be loaded first. */
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
}

static void teardown(void)
{
    temporary_remove(whole);
    temporary_remove(slow);
}

TestSuite(slow_disk, .init = setup, .fini = teardown, .timeout = 240);

/* For the processes started from now on. */
static void make_slow(const char *key, const char *value)
{
    setenv("LD_PRELOAD", getenv("VAE_SLOW_DISK"), 1);
    setenv(key, value, 1);
}

static void make_good(void)
{
    static const char *const keys[] = {"LD_PRELOAD", "SLOW_DISK_MS", "SLOW_DISK_WAIT", "SLOW_DISK_FAIL"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; ++i)
        unsetenv(keys[i]);
}

static char *read_file(const char *folder, const char *name, size_t *size)
{
    char path[256];
    void *data;
    snprintf(path, sizeof path, "%s/run/%s", folder, name);
    cr_assert_eq(vae_file_read(path, 1 << 26, &data, size), VAE_OK, "%s", vae_error_message());
    return data;
}

static bool has_file(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/run/%s", slow, name);
    return vae_path_exists(path);
}

static void expect_same_run(void)
{
    static const char *const names[] = {"metrics.jsonl",
                                        "checkpoints/last.safetensors",
                                        "checkpoints/best.safetensors",
                                        "pictures/epoch-0001-samples.png",
                                        "pictures/epoch-0004-reconstructions.png",
                                        "pictures/kl_per_dimension.svg"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        size_t size, other_size;
        char *text = read_file(whole, names[i], &size), *other = read_file(slow, names[i], &other_size);
        if (i == 0) {
            size = metrics_cut_rates(text);
            other_size = metrics_cut_rates(other);
        }
        cr_expect(size == other_size && memcmp(text, other, size) == 0, "%s differs", names[i]);
        free(text);
        free(other);
    }
}

static void sleep_ms(long milliseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000}, NULL);
}

#define RUN "--config", "tiny.ini", "--out", "run", "--set", "train.checkpoint_interval=5"

/* Whether the process has printed the words; waits for half a minute. */
static bool prints(process started, const char *words)
{
    for (int wait = 0; wait < 3000; ++wait) {
        static char text[1 << 16];
        const ssize_t size = pread(started.output, text, sizeof text - 1, 0);
        text[size < 0 ? 0 : size] = '\0';
        if (strstr(text, words)) return true;
        sleep_ms(10);
    }
    return false;
}

/* The disk never finishes the first checkpoint, and yet all four epochs are trained. */
Test(slow_disk, training_goes_on_while_nothing_reaches_the_disk)
{
    char go[128];
    snprintf(go, sizeof go, "%s/go", slow);
    process_expect(0, NULL, whole, RUN, "--quiet");
    make_slow("SLOW_DISK_WAIT", go);
    const process started = process_start_in(slow, RUN);
    cr_expect(prints(started, "epoch 4/4"), "the training waits for the disk");
    cr_expect(has_file("metrics.jsonl"));
    cr_expect_not(has_file("checkpoints/last.safetensors"));
    cr_expect_not(has_file("checkpoints/best.safetensors"));
    cr_expect_not(has_file("pictures/epoch-0001-samples.png"), "pictures come after their checkpoint");
    fclose(fopen(go, "w"));
    process_result result = process_wait(started);
    cr_expect_eq(result.code, 0, "exit code %d, signal %d: %s", result.code, result.signal, result.errors);
    process_result_free(&result);
    expect_same_run();
}

/* Bytes of metrics.jsonl: how far a run is. */
static off_t metrics_size(void)
{
    char path[256];
    struct stat info;
    snprintf(path, sizeof path, "%s/run/metrics.jsonl", slow);
    return stat(path, &info) == 0 ? info.st_size : 0;
}

Test(slow_disk, killed_again_and_again_it_gives_the_same_bits)
{
    process_expect(0, NULL, whole, RUN, "--quiet");
    make_slow("SLOW_DISK_MS", "20");
    int killed = 0;
    for (int attempt = 0; attempt < 4; ++attempt) {
        const process started = has_file("config.ini") ? process_start_in(slow, RUN, "--quiet", "--resume")
                                                       : process_start_in(slow, RUN, "--quiet");
        for (int wait = 0; metrics_size() < 800 + 1100 * attempt && wait < 5000; ++wait)
            sleep_ms(1);
        sleep_ms(17 * attempt); /* at some moment of writing a checkpoint */
        kill(started.id, SIGKILL);
        process_result result = process_wait(started);
        cr_expect(result.signal == SIGKILL || result.code == 0, "exit code %d: %s", result.code, result.errors);
        killed += result.signal == SIGKILL;
        process_result_free(&result);
    }
    cr_expect_geq(killed, 2);
    process_expect(0, NULL, slow, RUN, "--quiet", "--resume");
    expect_same_run();
}

Test(slow_disk, an_interrupted_run_ends_with_all_of_it_on_disk)
{
    process_expect(0, NULL, whole, RUN, "--quiet", "--set", "train.epochs=4");
    make_slow("SLOW_DISK_MS", "30");
    const process started = process_start_in(slow, RUN, "--quiet", "--set", "train.epochs=4000");
    for (int wait = 0; !has_file("checkpoints/last.safetensors") && wait < 20000; ++wait)
        sleep_ms(1);
    kill(started.id, SIGTERM);
    process_result result = process_wait(started);
    cr_expect_eq(result.code, 143, "exit code %d, signal %d: %s", result.code, result.signal, result.errors);
    long long told = -1, saved = -1;
    cr_expect_eq(sscanf(result.errors, "%*[^:]: stopped after step %lld", &told), 1, "%s", result.errors);
    process_result_free(&result);
    size_t size;
    char *checkpoint = read_file(slow, "checkpoints/last.safetensors", &size);
    const char *step = memmem(checkpoint, size, "\"step\":\"", 8);
    cr_assert_not_null(step);
    sscanf(step + 8, "%lld", &saved);
    cr_expect_eq(saved, told, "saved step %lld, told %lld", saved, told);
    free(checkpoint);
}

/* ---- Broken ---- */

Test(slow_disk, a_failing_fsync_ends_the_run_and_names_the_file)
{
    make_slow("SLOW_DISK_FAIL", "/checkpoints/best");
    process_expect(1, "run/checkpoints/best.safetensors.partial: cannot be flushed to disk: Input/output error", slow,
                   RUN, "--quiet", "--set", "train.epochs=100000");
    cr_expect(has_file("checkpoints/last.safetensors"), "what was on disk stays");
    cr_expect_not(has_file("checkpoints/best.safetensors.partial"));
    make_good();
    make_slow("SLOW_DISK_FAIL", "/metrics");
    process_expect(1, "run/metrics.jsonl: cannot be flushed to disk: Input/output error", slow, RUN, "--quiet",
                   "--resume", "--set", "train.epochs=100000");
    make_good();
    process_expect(0, NULL, slow, RUN, "--quiet", "--resume");
    process_expect(0, NULL, whole, RUN, "--quiet");
    expect_same_run();
}

Test(slow_disk, a_full_disk_ends_the_run_and_names_the_file)
{
    char path[256];
    process_expect(0, NULL, slow, RUN, "--quiet", "--set", "train.epochs=1");
    snprintf(path, sizeof path, "%s/run/checkpoints/last.safetensors.partial", slow);
    cr_assert_eq(symlink("/dev/full", path), 0);
    process_expect(1, "run/checkpoints/last.safetensors.partial: cannot be written: No space left on device", slow, RUN,
                   "--quiet", "--resume", "--set", "train.epochs=100000");
    process_expect(0, NULL, slow, RUN, "--quiet", "--resume");
    process_expect(0, NULL, whole, RUN, "--quiet");
    expect_same_run();
}
