/* Where a run is taken up again: which checkpoint, and what must not be lost by it. */
#include "train/resume.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

/* ---- Runs without a checkpoint ---- */

/* Whether the folder holds anything but files that were being written. A folder that is not there holds nothing. */
static bool holds_files(const char *path)
{
    static const char partial[] = ".partial";
    DIR *folder = opendir(path);
    if (!folder) return errno != ENOENT;
    bool found = false;
    for (const struct dirent *entry = readdir(folder); entry && !found; entry = readdir(folder)) {
        const size_t length = strlen(entry->d_name);
        const bool is_partial =
            length >= sizeof partial && strcmp(entry->d_name + length - (sizeof partial - 1), partial) == 0;
        found = entry->d_name[0] != '.' && !is_partial;
    }
    closedir(folder);
    return found;
}

/* Whether metrics.jsonl tells of more than the first epoch, which ends with a checkpoint. The last line may be cut. */
static bool has_later_epochs(const char *path)
{
    static const char start[] = "{\"epoch\": 1,";
    char line[sizeof start];
    FILE *file = fopen(path, "re");
    if (!file) return errno != ENOENT;
    bool later = false;
    while (!later && fgets(line, sizeof line, file)) {
        bool whole = strchr(line, '\n') != NULL;
        const bool first = strcmp(line, start) == 0;
        for (int c = 0; !whole && (c = getc(file)) != EOF;)
            whole = c == '\n';
        later = whole && !first;
    }
    fclose(file);
    return later;
}

/* A run that was ended before its first checkpoint may begin anew: it will make the same files. */
static vae_status check_nothing_lost(const vae_run_folder *folder)
{
    const bool metrics = has_later_epochs(folder->metrics);
    if (!metrics && !holds_files(folder->checkpoints) && !holds_files(folder->pictures)) return VAE_OK;
    return vae_error_set(VAE_ERROR_CONFIG,
                         "%s is missing, and so is %s, but %s shows that the run had come further; nothing was "
                         "changed. Put a checkpoint back, or train anew in another folder with --out",
                         folder->last, folder->best,
                         metrics                            ? folder->metrics
                         : holds_files(folder->checkpoints) ? folder->checkpoints
                                                            : folder->pictures);
}

/* ---- Checkpoints ---- */

static vae_status read_checkpoint(const char *path, const vae_config *now, vae_checkpoint *saved)
{
    *saved = (vae_checkpoint){0};
    if (!vae_path_exists(path)) return vae_error_set(VAE_ERROR_CONFIG, "%s is missing", path);
    VAE_TRY(vae_checkpoint_read(path, saved));
    vae_status status = VAE_OK;
    for (int arena = 0; arena < VAE_ARENA_COUNT && !status; ++arena) {
        if (arena == VAE_ARENA_GRADIENTS || saved->arenas[arena]) continue;
        status = vae_error_set(VAE_ERROR_FORMAT, "%s: has no Adam moments, so training cannot go on from it", path);
    }
    if (!status) status = vae_run_folder_compare(&saved->design.config, now);
    if (status) vae_checkpoint_free(saved);
    return status;
}

/* Adds to the failure of `last` what `best` still offers. */
static vae_status offer_best(const vae_run_folder *folder, const vae_config *now, vae_status failure)
{
    char message[VAE_PATH_SIZE * 2];
    snprintf(message, sizeof message, "%s", vae_error_message());
    vae_checkpoint best;
    if (read_checkpoint(folder->best, now, &best)) {
        return vae_error_set(failure, "%s; nor is there a checkpoint to go on from in %s. Nothing was changed", message,
                             folder->best);
    }
    const int64_t epoch = best.progress.epoch, step = best.progress.step;
    vae_checkpoint_free(&best);
    return vae_error_set(failure,
                         "%s. Nothing was changed. --resume --from best goes on from %s, of epoch %" PRId64
                         " (step %" PRId64 ")",
                         message, folder->best, epoch, step);
}

/* `best` and `last` are the same where the epoch just completed is the best. */
static bool last_is_best(const vae_progress *progress)
{
    return progress->epochs_since_best == 0 && progress->epoch_sums[VAE_METRIC_ROWS] == 0.0;
}

/* The run's end needs `best`: its loss is known, so no worse epoch will replace it. */
static vae_status check_best(const vae_run_folder *folder, vae_resume how, const vae_config *now,
                             vae_resume_point *point)
{
    vae_progress *progress = &point->saved.progress;
    vae_checkpoint best;
    if (isinf(progress->best_loss)) return VAE_OK;
    const vae_status status = read_checkpoint(folder->best, now, &best);
    if (!status) {
        /* Both names came in one, which the disk may have kept but in part: the machine went down. */
        point->save = point->save_best = last_is_best(progress) && best.progress.step < progress->step;
        vae_checkpoint_free(&best);
        return VAE_OK;
    }
    if (how != VAE_RESUME_LAST && !last_is_best(progress)) {
        return vae_error_set(status,
                             "%s. Nothing was changed. --resume --from last goes on from %s, and takes the best from "
                             "there on",
                             vae_error_message(), folder->last);
    }
    point->save = point->save_best = true;
    if (last_is_best(progress)) return VAE_OK;
    progress->best_loss = INFINITY;
    progress->epochs_since_best = 0;
    return VAE_OK;
}

static int64_t count_lines(const char *path)
{
    int64_t lines = 0;
    FILE *file = fopen(path, "re");
    for (int c; file && (c = getc(file)) != EOF;)
        lines += c == '\n';
    if (file) fclose(file);
    return lines;
}

/* A run's first checkpoint is written as `best`, then named `last` too. One that was killed between the two has nothing
 * newer than that. */
static bool only_best_came(const vae_run_folder *folder, const vae_config *now, vae_resume_point *point)
{
    if (vae_path_exists(folder->last) || read_checkpoint(folder->best, now, &point->saved)) return false;
    const vae_progress *progress = &point->saved.progress;
    if (progress->epoch <= 1 && count_lines(folder->metrics) <= progress->metric_lines) {
        point->path = folder->best;
        point->found = point->save = true;
        return true;
    }
    vae_checkpoint_free(&point->saved);
    return false;
}

static vae_status open_last(const vae_run_folder *folder, vae_resume how, const vae_config *now,
                            vae_resume_point *point)
{
    point->path = folder->last;
    if (!vae_path_exists(folder->last) && !vae_path_exists(folder->best)) return check_nothing_lost(folder);
    if (only_best_came(folder, now, point)) return VAE_OK;
    /* What cannot be read is one thing, what does not belong together another. */
    vae_status status = vae_path_exists(folder->last) ? vae_checkpoint_read(folder->last, &point->saved)
                                                      : vae_error_set(VAE_ERROR_CONFIG, "%s is missing", folder->last);
    if (status) return offer_best(folder, now, status);
    vae_checkpoint_free(&point->saved);
    VAE_TRY(read_checkpoint(folder->last, now, &point->saved));
    point->found = true;
    return check_best(folder, how, now, point);
}

static vae_status open_best(const vae_run_folder *folder, const vae_config *now, vae_resume_point *point)
{
    point->path = folder->best;
    VAE_TRY(read_checkpoint(folder->best, now, &point->saved));
    point->found = true;
    point->save = true;
    return VAE_OK;
}

vae_status vae_resume_open(const vae_run_folder *folder, vae_resume how, const vae_config *now, vae_resume_point *point)
{
    *point = (vae_resume_point){0};
    VAE_TRY(how == VAE_RESUME_BEST ? open_best(folder, now, point) : open_last(folder, how, now, point));
    if (!point->found || now->train.epochs >= point->saved.progress.epoch) return VAE_OK;
    return vae_error_set(VAE_ERROR_CONFIG, "[train] epochs is %" PRId64 ", but this run has completed %" PRId64,
                         now->train.epochs, point->saved.progress.epoch);
}

void vae_resume_free(vae_resume_point *point)
{
    vae_checkpoint_free(&point->saved);
    *point = (vae_resume_point){0};
}

/* ---- The same data, the same steps ---- */

static bool same_input(const vae_input *a, const vae_input *b)
{
    return a->height == b->height && a->width == b->width && a->channels == b->channels && a->scale == b->scale &&
           a->shift == b->shift && a->dtype == b->dtype;
}

vae_status vae_resume_check(const vae_resume_point *point, const vae_input *input, int64_t train_images,
                            int64_t steps_per_epoch)
{
    const vae_input *before = &point->saved.design.input;
    const vae_progress *progress = &point->saved.progress;
    if (!same_input(before, input)) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "%s: its data set had images of %" PRId64 "×%" PRId64 "×%" PRId64
                             " %s and scale %g, shift "
                             "%g; now they are %" PRId64 "×%" PRId64 "×%" PRId64 " %s, %g, %g",
                             point->path, before->height, before->width, before->channels,
                             before->dtype == VAE_FLOAT32 ? "float32" : "bytes", before->scale, before->shift,
                             input->height, input->width, input->channels,
                             input->dtype == VAE_FLOAT32 ? "float32" : "bytes", input->scale, input->shift);
    }
    if (progress->train_images != train_images) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "[data] train_data: the run was started with %" PRId64 " training images, now there are "
                             "%" PRId64,
                             progress->train_images, train_images);
    }
    const int64_t position = progress->step - progress->epoch * steps_per_epoch;
    if (progress->epoch > INT64_MAX / steps_per_epoch || position < 0 || position > steps_per_epoch) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: step %" PRId64 " does not lie in epoch %" PRId64 " of %" PRId64 " steps", point->path,
                             progress->step, progress->epoch + 1, steps_per_epoch);
    }
    return VAE_OK;
}

/* ---- Keeping what is replaced ---- */

/* "<path>.kept-1", or the first number that is free. */
static vae_status kept_name(const char *path, char kept[VAE_FILE_PATH_BYTES])
{
    for (int number = 1; number < 10000; ++number) {
        const int length = snprintf(kept, VAE_FILE_PATH_BYTES, "%s.kept-%d", path, number);
        if (length >= VAE_FILE_PATH_BYTES) break;
        if (!vae_path_exists(kept)) return VAE_OK;
    }
    return vae_error_set(VAE_ERROR_IO, "%s: cannot be moved aside", path);
}

static vae_status keep_copy(const char *path)
{
    char kept[VAE_FILE_PATH_BYTES];
    void *data;
    size_t size;
    if (!vae_path_exists(path)) return VAE_OK;
    VAE_TRY(kept_name(path, kept));
    VAE_TRY(vae_file_read(path, SIZE_MAX - 1, &data, &size));
    const void *const parts[] = {data};
    const vae_status status = vae_file_write_atomic(kept, parts, &size, 1);
    free(data);
    return status;
}

vae_status vae_resume_keep(const vae_run_folder *folder, vae_resume how, const vae_resume_point *point)
{
    if (how == VAE_RESUME_BEST) {
        VAE_TRY(keep_copy(folder->metrics));
        VAE_TRY(keep_copy(folder->last));
    }
    return point->save_best ? keep_copy(folder->best) : VAE_OK;
}
