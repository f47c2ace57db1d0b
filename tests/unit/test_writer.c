/* train/writer.c: what is on the disk when; the order of metrics, best and last; failures of the disk. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/file.h"
#include "train/writer.h"
#include "unit/temporary.h"
#include "unit/tiny_model.h"

/* ---- A disk that remembers, waits and fails ---- */

enum { MOST_SYNCS = 64 };

/* What the folder showed when a file was brought to disk. */
typedef struct sync {
    char file[64]; /* its last name */
    int64_t lines; /* of metrics.jsonl */
    int64_t last;  /* the inode of last.safetensors, 0 where there is none; likewise best */
    int64_t best;
} sync_record;

static sync_record syncs[MOST_SYNCS];
static atomic_int sync_count;
static atomic_bool gated; /* fsync() waits for `go` */
static sem_t entered, go;
static const char *failing; /* a name whose fsync() fails; NULL: none does */

static char folder[64];
static vae_run_folder paths;
static vae_checkpoint run;
static vae_writer *writer;
static int begun; /* files and folders that were brought to disk when the writer was opened */
static sync_record begun_with;

static int64_t inode(const char *path)
{
    struct stat info;
    return stat(path, &info) ? 0 : (int64_t)info.st_ino;
}

static int64_t count_lines(void)
{
    int64_t lines = 0;
    FILE *file = fopen(paths.metrics, "r");
    for (int c; file && (c = getc(file)) != EOF;)
        lines += c == '\n';
    if (file) fclose(file);
    return lines;
}

/* In place of libc's. */
int fsync(int file)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = '\0';
    const char *slash = strrchr(path, '/');
    sync_record *record = &syncs[atomic_fetch_add(&sync_count, 1)];
    snprintf(record->file, sizeof record->file, "%.63s", slash ? slash + 1 : path);
    record->lines = count_lines();
    record->last = inode(paths.last);
    record->best = inode(paths.best);
    if (atomic_load(&gated)) {
        sem_post(&entered);
        sem_wait(&go);
    }
    if (failing && strcmp(record->file, failing) == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, file);
}

/* ---- Runs ---- */

static void setup(void)
{
    sem_init(&entered, 0, 0);
    sem_init(&go, 0, 0);
    temporary_make(folder);
    cr_assert_eq(vae_run_folder_init(&paths, folder), VAE_OK);
    cr_assert_eq(vae_folder_make(paths.checkpoints), VAE_OK);
    cr_assert_eq(vae_folder_make(paths.pictures), VAE_OK);
    const vae_config config = tiny_model_config();
    run = tiny_model_make(
        &config, (vae_input){.height = 4, .width = 4, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8}, 1.0);
    cr_assert_eq(vae_writer_create(&paths, &run, &writer), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_file_write_soon(paths.config, "[run]\n", 6), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_writer_open(writer, -1), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_writer_drain(writer), VAE_OK, "%s", vae_error_message());
    begun = atomic_exchange(&sync_count, 0);
    begun_with = syncs[0];
}

static void teardown(void)
{
    vae_writer_destroy(writer);
    vae_checkpoint_free(&run);
    temporary_remove(folder);
}

TestSuite(writer, .init = setup, .fini = teardown, .timeout = 60);

static void put_line(int64_t step)
{
    const vae_metrics_line line = {.epoch = 1, .step = step, .split = "train", .kl = 1.5};
    cr_assert_eq(vae_writer_line(writer, &line, NULL, true), VAE_OK, "%s", vae_error_message());
}

/* All parameters are `step`; false: it was left out. */
static bool save(int64_t step, vae_snapshot_kind kind)
{
    vae_snapshot *snapshot;
    vae_progress progress = {.step = step, .best_loss = 1.0};
    cr_assert_eq(vae_writer_take_snapshot(writer, kind, &snapshot), VAE_OK, "%s", vae_error_message());
    if (!snapshot) return false;
    float *values = snapshot->state.arenas[VAE_ARENA_PARAMETERS];
    for (int64_t i = 0; i < run.design.layout.elements; ++i)
        values[i] = (float)step;
    cr_assert_eq(vae_writer_save(writer, snapshot, &progress), VAE_OK, "%s", vae_error_message());
    return true;
}

static void expect_checkpoint(const char *path, int64_t step, int64_t lines)
{
    vae_checkpoint found;
    cr_assert_eq(vae_checkpoint_read(path, &found), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(found.progress.step, step, "%s is of step %d", path, (int)found.progress.step);
    cr_expect_eq(found.progress.metric_lines, lines, "%s counts %d lines", path, (int)found.progress.metric_lines);
    const float *values = found.arenas[VAE_ARENA_PARAMETERS];
    cr_expect_eq(values[0], (float)step);
    vae_checkpoint_free(&found);
}

static void expect_drained(void)
{
    cr_expect_eq(vae_writer_drain(writer), VAE_OK, "%s", vae_error_message());
}

/* ---- Order ---- */

Test(writer, what_a_run_is_begun_with_is_brought_to_disk_first)
{
    cr_assert_eq(begun, 2, "%d: config.ini and its folder; nothing else is there", begun);
    cr_expect_str_eq(begun_with.file, "config.ini");
    cr_expect_eq(begun_with.last, 0);
}

Test(writer, a_checkpoint_appears_when_its_lines_and_its_content_are_on_disk)
{
    put_line(1);
    put_line(2);
    save(2, VAE_SNAPSHOT_PERIODIC);
    put_line(3);
    expect_drained();
    cr_assert_eq(sync_count, 4, "%d", sync_count);
    cr_expect_str_eq(syncs[0].file, "metrics.jsonl");
    cr_expect_eq(syncs[0].lines, 2);
    cr_expect_str_eq(syncs[1].file, "last.safetensors.partial");
    cr_expect_eq(syncs[1].last, 0);
    cr_expect_str_eq(syncs[2].file, "checkpoints");
    cr_expect_neq(syncs[2].last, 0);
    cr_expect_eq(syncs[2].lines, 2, "the lines after a checkpoint are written after it");
    cr_expect_str_eq(syncs[3].file, "metrics.jsonl");
    cr_expect_eq(syncs[3].lines, 3);
    expect_checkpoint(paths.last, 2, 2);
    cr_expect_eq(vae_writer_saved_step(writer), 2);
}

Test(writer, a_best_becomes_both_with_one_look_at_the_folder)
{
    put_line(1);
    save(1, VAE_SNAPSHOT_BEST);
    expect_drained();
    cr_assert_eq(sync_count, 3, "%d", sync_count);
    cr_expect_str_eq(syncs[1].file, "best.safetensors.partial");
    cr_expect_eq(syncs[1].best, 0);
    cr_expect_str_eq(syncs[2].file, "checkpoints");
    cr_expect(syncs[2].best != 0 && syncs[2].best == syncs[2].last);
    expect_checkpoint(paths.best, 1, 1);
}

Test(writer, lines_that_are_on_disk_are_not_brought_there_again)
{
    put_line(1);
    save(1, VAE_SNAPSHOT_PERIODIC);
    expect_drained();
    save(2, VAE_SNAPSHOT_PERIODIC);
    expect_drained();
    expect_drained();
    cr_expect_eq(sync_count, 5, "%d", sync_count);
    expect_checkpoint(paths.last, 2, 1);
}

Test(writer, nothing_waits_while_the_disk_does)
{
    gated = true;
    put_line(1);
    save(1, VAE_SNAPSHOT_PERIODIC);
    sem_wait(&entered); /* the metrics of the first */
    int written = 0;
    for (int64_t step = 2; step <= 2000; ++step) {
        put_line(step);
        if (step % 10 == 0) written += save(step, VAE_SNAPSHOT_PERIODIC);
    }
    cr_expect_eq(written, 200, "each replaces the one before");
    cr_expect_eq(sync_count, 1, "2,000 steps were taken, and the disk did nothing");
    cr_expect_eq(vae_writer_saved_step(writer), -1);
    gated = false;
    sem_post(&go);
    expect_drained();
    cr_expect_eq(vae_writer_saved_step(writer), 2000);
    expect_checkpoint(paths.last, 2000, 2000);
    cr_expect_eq(count_lines(), 2000);
}

Test(writer, what_is_queued_at_the_end_is_written)
{
    gated = true;
    put_line(1);
    save(1, VAE_SNAPSHOT_PERIODIC);
    sem_wait(&entered);
    put_line(2);
    save(2, VAE_SNAPSHOT_BEST);
    put_line(3);
    gated = false;
    sem_post(&go);
    vae_writer_destroy(writer);
    writer = NULL;
    expect_checkpoint(paths.best, 2, 2);
    expect_checkpoint(paths.last, 2, 2);
    cr_expect_eq(count_lines(), 3);
}

Test(writer, pictures_need_no_disk_and_are_freed)
{
    const vae_image_grid grid = {.count = 1, .height = 4, .width = 4, .channels = 1, .columns = 1};
    vae_picture pictures[VAE_PICTURE_KINDS] = {{.what = "samples", .epoch = 7, .grid = grid}};
    pictures[0].images = calloc(16, sizeof(float));
    cr_assert_eq(vae_writer_pictures(writer, pictures, 7, 70), VAE_OK);
    cr_expect_null(pictures[0].images);
    expect_drained();
    char path[VAE_PATH_SIZE];
    cr_assert_eq(vae_picture_path(paths.pictures, VAE_KIND_IMAGE, 7, "samples", path), VAE_OK);
    cr_expect(vae_path_exists(path));
    cr_expect_eq(sync_count, 0);
}

/* ---- Failures ---- */

static void expect_failure(vae_status status, const char *words)
{
    cr_expect_eq(vae_writer_drain(writer), status, "%s", vae_error_message());
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_eq(vae_writer_check(writer), status);
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
}

Test(writer, a_failing_disk_leaves_the_checkpoint_that_was_there)
{
    save(1, VAE_SNAPSHOT_BEST);
    expect_drained();
    failing = "last.safetensors.partial";
    put_line(2);
    save(2, VAE_SNAPSHOT_PERIODIC);
    expect_failure(VAE_ERROR_IO, "last.safetensors.partial: cannot be flushed to disk: Input/output error");
    cr_expect_eq(vae_writer_saved_step(writer), 1);
    expect_checkpoint(paths.last, 1, 0);
    char partial[VAE_PATH_SIZE];
    cr_assert_eq(vae_path_join(partial, sizeof partial, paths.checkpoints, failing), VAE_OK);
    cr_expect_not(vae_path_exists(partial));
}

Test(writer, metrics_that_do_not_reach_the_disk_keep_their_checkpoint_back)
{
    failing = "metrics.jsonl";
    put_line(1);
    save(1, VAE_SNAPSHOT_BEST);
    expect_failure(VAE_ERROR_IO, "metrics.jsonl: cannot be flushed to disk");
    cr_expect_not(vae_path_exists(paths.best));
    cr_expect_not(vae_path_exists(paths.last));
    cr_expect_eq(vae_writer_saved_step(writer), -1);
}

Test(writer, a_nan_is_told_with_its_step_and_not_written)
{
    save(5, VAE_SNAPSHOT_PERIODIC);
    expect_drained();
    vae_snapshot *snapshot;
    const vae_progress progress = {.step = 6};
    cr_assert_eq(vae_writer_take_snapshot(writer, VAE_SNAPSHOT_PERIODIC, &snapshot), VAE_OK);
    ((float *)snapshot->state.arenas[VAE_ARENA_FIRST_MOMENT])[3] = NAN;
    cr_assert_eq(vae_writer_save(writer, snapshot, &progress), VAE_OK);
    expect_failure(VAE_ERROR_NUMERIC, "after step 6: ");
    cr_expect_eq(vae_writer_saved_step(writer), 5);
    expect_checkpoint(paths.last, 5, 0);
}
