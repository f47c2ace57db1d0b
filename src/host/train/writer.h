/* What a run writes while it trains: metrics, TensorBoard's events, checkpoints and pictures, by a thread of its own,
 * in the order in which they are handed over. So a training waits for no disk, and what is on the disk at any moment is
 * what a program that did wait would have left, but for checkpoints that were dropped for newer ones. */
#ifndef VAE_TRAIN_WRITER_H
#define VAE_TRAIN_WRITER_H

#include "train/metrics.h"
#include "train/pictures.h"
#include "train/run_folder.h"
#include "train/snapshots.h"

/* Used by one thread. */
typedef struct vae_writer vae_writer;

/* Takes the memory that is needed; touches no file. `folder` and `run` are borrowed; all of `run` but its progress must
 * stay as it is. */
vae_status vae_writer_create(const vae_run_folder *folder, const vae_checkpoint *run, vae_writer **writer);
/* Brings to disk what the folder holds of the run's beginning. Opens metrics.jsonl, of which the lines that `run`
 * counts are kept, and an event file where the configuration asks for one. `saved_step` is that of the checkpoint that
 * is there, or -1. */
vae_status vae_writer_open(vae_writer *writer, int64_t saved_step);
/* Writes what is left; a failure is told to nobody, so vae_writer_drain() comes first. NULL is allowed. */
void vae_writer_destroy(vae_writer *writer);

/* Of the lines that were to be kept, those that were not there. */
int64_t vae_writer_missing_lines(const vae_writer *writer);
/* Of the newest checkpoint that is on disk; -1: there is none. */
int64_t vae_writer_saved_step(const vae_writer *writer);

/* What was handed over is copied, and not waited for. Any of these may return the failure of something that was handed
 * over earlier, with its message; from then on nothing more is written. */

/* Whether all went well so far: quick, for every step. */
vae_status vae_writer_check(const vae_writer *writer);
/* A line of metrics.jsonl and, with `curves`, of TensorBoard; `latent` may be NULL. */
vae_status vae_writer_line(vae_writer *writer, const vae_metrics_line *line, const vae_latent_statistics *latent,
                           bool curves);
/* Finds where the store is to be read to; NULL where this checkpoint is left out: vae_snapshots_take(). */
vae_status vae_writer_take_snapshot(vae_writer *writer, vae_snapshot_kind kind, vae_snapshot **snapshot);
/* Hands over a snapshot that was taken; it counts the lines handed over so far. */
vae_status vae_writer_save(vae_writer *writer, vae_snapshot *snapshot, const vae_progress *progress);
/* An epoch's pictures, which it frees, as many as are there. */
vae_status vae_writer_pictures(vae_writer *writer, vae_picture pictures[VAE_PICTURE_KINDS], int64_t epoch,
                               int64_t step);
/* kl_per_dimension.png and .svg; `split` is of a constant's lifetime. */
vae_status vae_writer_latent(vae_writer *writer, const char *split, const vae_latent_statistics *latent);

/* Waits until all of it is written, and the metrics are on disk. */
vae_status vae_writer_drain(vae_writer *writer);

#endif
