/* The jobs of a run's writer, one kind for each thing that it writes, queued for a worker. */
#include "train/writer.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/file.h"
#include "draw/plot_latent.h"
#include "train/tensorboard.h"
#include "train/worker.h"

/* How much may wait: lines of a thousand short steps a second for some seconds, and the pictures of many epochs. Where
 * a disk is slower than that for longer, the training does wait. */
enum { MOST_JOBS = 8192 };
#define MOST_PICTURE_BYTES ((size_t)64 << 20)

typedef enum job_kind { BEGINNING, LINE, SNAPSHOT, PICTURE, PICTURE_EVENTS, FIGURE, SYNC } job_kind;

typedef struct job {
    job_kind kind;
    double time; /* of TensorBoard's events */
    union {
        struct {
            vae_metrics_line line;
            vae_latent_statistics latent; /* owned; of no dimensions where the line has none */
            bool curves;
        } line;
        const vae_snapshot *snapshot; /* one of the writer's */
        vae_picture picture;          /* owned */
        struct {
            int64_t epoch, step;
        } events;
        struct {
            const char *split;
            vae_latent_statistics latent; /* owned */
        } figure;
    };
} job;

struct vae_writer {
    const vae_run_folder *folder;
    const vae_checkpoint *run;
    vae_worker *worker;
    vae_snapshots snapshots;
    int64_t lines; /* of metrics.jsonl, those not yet written included */
    int64_t missing_lines;
    atomic_size_t picture_bytes; /* that wait */
    _Atomic int64_t saved_step;
    /* The thread's, once it has something to do. */
    vae_metrics_log log;
    bool unsynced; /* the log has lines that may not be on disk */
    vae_tensorboard *board;
};

/* ---- In the thread ---- */

static vae_status write_line(vae_writer *w, const job *item)
{
    const vae_latent_statistics *latent = item->line.latent.sums ? &item->line.latent : NULL;
    VAE_TRY(vae_metrics_write(&w->log, &item->line.line, latent));
    w->unsynced = true;
    if (!w->board || !item->line.curves) return VAE_OK;
    return vae_tensorboard_write_line(w->board, item->time, &item->line.line);
}

static vae_status sync_metrics(vae_writer *w)
{
    if (!w->unsynced) return VAE_OK;
    VAE_TRY(vae_metrics_sync(&w->log));
    w->unsynced = false;
    return VAE_OK;
}

static vae_status write_checkpoint(const vae_checkpoint *state, const char *path)
{
    const vae_status status = vae_checkpoint_write(state, path);
    if (status != VAE_ERROR_NUMERIC) return status;
    return vae_error_prepend(status, "after step %" PRId64, state->progress.step);
}

/* Three things must reach the disk: the lines that the checkpoint counts, before it can be seen, as a resume cuts the
 * others off and must find these; its content, before it gets its name; and the name, or a power failure takes it back.
 * Lines that are on disk already are not brought there again, and one look at the folder does for both names. A process
 * that is killed between the two goes on from the older `last` and writes the same `best` again; a file system that
 * loses its power may keep the newer name alone, even if that is `last`, which then is the best (train/resume.c). Both
 * have the same content, so one file with two names does. */
static vae_status write_snapshot(vae_writer *w, const vae_snapshot *snapshot)
{
    const vae_checkpoint *state = &snapshot->state;
    const bool best = snapshot->kind == VAE_SNAPSHOT_BEST;
    VAE_TRY(sync_metrics(w));
    if (best) VAE_TRY(write_checkpoint(state, w->folder->best));
    if (!best || vae_file_link_atomic(w->folder->best, w->folder->last)) {
        VAE_TRY(write_checkpoint(state, w->folder->last));
    }
    VAE_TRY(vae_file_sync_folder(w->folder->last));
    atomic_store(&w->saved_step, state->progress.step);
    return VAE_OK;
}

static vae_status write_figure(const vae_writer *w, const job *item)
{
    char prefix[VAE_PATH_SIZE];
    VAE_TRY(vae_path_join(prefix, sizeof prefix, w->folder->pictures, "kl_per_dimension"));
    return vae_plot_latent(prefix, item->figure.split, w->run->design.input.kind, &item->figure.latent);
}

/* What a run is begun with must be on disk before its first checkpoint is, which needs it to be resumed. */
static vae_status sync_beginning(const vae_writer *w)
{
    const char *const files[] = {w->folder->config, w->folder->data, w->folder->machine, w->folder->class_names};
    for (size_t i = 0; i < sizeof files / sizeof *files; ++i)
        VAE_TRY(vae_file_sync(files[i]));
    return vae_file_sync_folder(w->folder->config);
}

static vae_status run(void *context, void *element)
{
    vae_writer *w = context;
    const job *item = element;
    switch (item->kind) {
    case BEGINNING: return sync_beginning(w);
    case LINE: return write_line(w, item);
    case SNAPSHOT: return write_snapshot(w, item->snapshot);
    case PICTURE: return vae_picture_write(&item->picture, w->folder->pictures);
    case PICTURE_EVENTS:
        return vae_tensorboard_write_pictures(w->board, item->time, w->folder->pictures, w->run->design.input.kind,
                                              item->events.epoch, item->events.step);
    case FIGURE: return write_figure(w, item);
    case SYNC: break;
    }
    return sync_metrics(w);
}

static void release(void *context, void *element)
{
    vae_writer *w = context;
    job *item = element;
    if (item->kind == LINE) vae_latent_statistics_free(&item->line.latent);
    if (item->kind == FIGURE) vae_latent_statistics_free(&item->figure.latent);
    if (item->kind == PICTURE) {
        atomic_fetch_sub(&w->picture_bytes, vae_picture_bytes(&item->picture));
        vae_picture_free(&item->picture);
    }
}

/* ---- Opening and closing ---- */

vae_status vae_writer_create(const vae_run_folder *folder, const vae_checkpoint *run_state, vae_writer **writer)
{
    *writer = NULL;
    vae_writer *w = calloc(1, sizeof *w);
    if (!w) return vae_error_set(VAE_ERROR_MEMORY, "%s: no memory to write it", folder->path);
    w->folder = folder;
    w->run = run_state;
    const vae_worker_duty duty = {.context = w, .run = run, .release = release};
    vae_status status = vae_snapshots_create(run_state, &w->snapshots);
    if (!status) status = vae_worker_create(&duty, sizeof(job), MOST_JOBS, &w->worker);
    if (status) {
        vae_writer_destroy(w);
        return status;
    }
    *writer = w;
    return VAE_OK;
}

vae_status vae_writer_open(vae_writer *w, int64_t saved_step)
{
    const vae_progress *progress = &w->run->progress;
    atomic_store(&w->saved_step, saved_step);
    VAE_TRY(vae_metrics_open(&w->log, w->folder->metrics, progress->metric_lines));
    w->lines = w->log.lines;
    w->missing_lines = w->log.missing;
    if (w->run->design.config.run.tensorboard) {
        VAE_TRY(vae_tensorboard_open(w->folder->tensorboard, progress->step + 1, &w->board));
    }
    job item = {.kind = BEGINNING};
    return vae_worker_put(w->worker, &item, NULL);
}

void vae_writer_destroy(vae_writer *w)
{
    if (!w) return;
    vae_worker_destroy(w->worker);
    vae_tensorboard_close(w->board);
    vae_metrics_close(&w->log);
    vae_snapshots_free(&w->snapshots);
    free(w);
}

int64_t vae_writer_missing_lines(const vae_writer *w)
{
    return w->missing_lines;
}

int64_t vae_writer_saved_step(const vae_writer *w)
{
    return atomic_load(&w->saved_step);
}

vae_status vae_writer_check(const vae_writer *w)
{
    return vae_worker_check(w->worker);
}

/* ---- Handing over ---- */

vae_status vae_writer_line(vae_writer *w, const vae_metrics_line *line, const vae_latent_statistics *latent,
                           bool curves)
{
    job item = {.kind = LINE, .time = vae_tensorboard_time(), .line = {.line = *line, .curves = curves}};
    if (latent) VAE_TRY(vae_latent_statistics_copy(latent, &item.line.latent));
    VAE_TRY(vae_worker_put(w->worker, &item, NULL));
    w->lines++;
    return VAE_OK;
}

vae_status vae_writer_take_snapshot(vae_writer *w, vae_snapshot_kind kind, vae_snapshot **snapshot)
{
    return vae_snapshots_take(&w->snapshots, w->worker, kind, snapshot);
}

vae_status vae_writer_save(vae_writer *w, vae_snapshot *snapshot, const vae_progress *progress)
{
    job item = {.kind = SNAPSHOT, .snapshot = snapshot};
    snapshot->state.progress = *progress;
    snapshot->state.progress.metric_lines = w->lines;
    return vae_worker_put(w->worker, &item, &snapshot->number);
}

/* What waits is bounded in bytes too. */
static vae_status put_picture(vae_writer *w, vae_picture *picture)
{
    job item = {.kind = PICTURE, .picture = *picture};
    const size_t bytes = vae_picture_bytes(picture);
    *picture = (vae_picture){0};
    if (atomic_load(&w->picture_bytes) + bytes > MOST_PICTURE_BYTES) (void)vae_worker_drain(w->worker);
    atomic_fetch_add(&w->picture_bytes, bytes);
    return vae_worker_put(w->worker, &item, NULL);
}

vae_status vae_writer_pictures(vae_writer *w, vae_picture pictures[VAE_PICTURE_KINDS], int64_t epoch, int64_t step)
{
    vae_status status = VAE_OK;
    for (int i = 0; i < VAE_PICTURE_KINDS; ++i) {
        if (vae_picture_is_there(&pictures[i]) && !status) status = put_picture(w, &pictures[i]);
        vae_picture_free(&pictures[i]);
    }
    if (status || !w->board) return status;
    job item = {.kind = PICTURE_EVENTS, .time = vae_tensorboard_time(), .events = {epoch, step}};
    return vae_worker_put(w->worker, &item, NULL);
}

vae_status vae_writer_latent(vae_writer *w, const char *split, const vae_latent_statistics *latent)
{
    job item = {.kind = FIGURE, .figure = {.split = split}};
    VAE_TRY(vae_latent_statistics_copy(latent, &item.figure.latent));
    return vae_worker_put(w->worker, &item, NULL);
}

vae_status vae_writer_drain(vae_writer *w)
{
    job item = {.kind = SYNC};
    VAE_TRY(vae_worker_put(w->worker, &item, NULL));
    return vae_worker_drain(w->worker);
}
