/* What a run keeps, handed to its writer: checkpoints and pictures; and how the run is ended with all of it written. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/clock.h"
#include "core/file.h"
#include "draw/image.h"
#include "train/trainer_state.h"

/* ---- Checkpoints ---- */

static vae_status read_store(const vae_trainer *trainer, vae_snapshot *snapshot)
{
    for (int arena = 0; arena < VAE_ARENA_COUNT; ++arena) {
        if (!snapshot->state.arenas[arena]) continue;
        VAE_TRY(trainer->device->backend->store_read(trainer->store, (vae_arena)arena, snapshot->state.dtype,
                                                     snapshot->state.arenas[arena]));
    }
    return VAE_OK;
}

vae_status vae_trainer_save(vae_trainer *trainer, vae_snapshot_kind kind)
{
    vae_snapshot *snapshot;
    VAE_TRY(vae_writer_take_snapshot(trainer->writer, kind, &snapshot));
    if (!snapshot) return VAE_OK;
    VAE_TRY(read_store(trainer, snapshot));
    VAE_TRY(vae_writer_save(trainer->writer, snapshot, &trainer->state.progress));
    trainer->mark = vae_clock_seconds();
    return VAE_OK;
}

vae_status vae_trainer_interrupt(vae_trainer *trainer)
{
    VAE_TRY(vae_trainer_save(trainer, VAE_SNAPSHOT_SURE));
    VAE_TRY(vae_writer_drain(trainer->writer));
    return vae_error_set(VAE_ERROR_INTERRUPTED,
                         "stopped after step %" PRId64 " (epoch %" PRId64 " of %" PRId64 "); saved in %s; --resume "
                         "goes on from there",
                         trainer->state.progress.step, trainer->state.progress.epoch + 1,
                         trainer->state.design.config.train.epochs, trainer->folder.last);
}

/* ---- Pictures ---- */

static bool can_show(const vae_input *input)
{
    return input->kind != VAE_KIND_IMAGE || (vae_image_can_show(input->channels) && input->dtype == VAE_UINT8);
}

/* The first line of samples that are text. */
static void keep_sample(vae_trainer *trainer, const vae_picture *samples)
{
    if (samples->text) trainer->sample = strndup(samples->text, strcspn(samples->text, "\n"));
}

vae_status vae_trainer_draw_pictures(vae_trainer *trainer)
{
    const vae_config *config = &trainer->state.design.config;
    const int64_t epoch = trainer->state.progress.epoch;
    free(trainer->sample);
    trainer->sample = NULL;
    if (!vae_trainer_is_over(trainer) && !vae_trainer_every(config->train.picture_interval, epoch)) return VAE_OK;
    if (!can_show(&trainer->state.design.input)) return VAE_OK;
    vae_picture drawn[VAE_PICTURE_KINDS];
    if (!trainer->pictures) VAE_TRY(vae_pictures_create(&trainer->model, &trainer->splits, &trainer->pictures));
    VAE_TRY(vae_pictures_draw(trainer->pictures, epoch, drawn));
    keep_sample(trainer, &drawn[0]);
    return vae_writer_pictures(trainer->writer, drawn, epoch, trainer->state.progress.step);
}

/* A run that was killed between an epoch's checkpoint and its pictures owes these. A machine that went down may have
 * left the name alone. */
vae_status vae_trainer_draw_lost_pictures(vae_trainer *trainer)
{
    char path[VAE_PATH_SIZE];
    struct stat info;
    const int64_t epoch = trainer->state.progress.epoch;
    if (epoch == 0 || vae_trainer_position(trainer) != 0) return VAE_OK;
    const vae_design *design = &trainer->state.design;
    VAE_TRY(vae_picture_path(trainer->folder.pictures, design->input.kind, epoch, vae_pictures_last(design), path));
    return !stat(path, &info) && info.st_size > 0 ? VAE_OK : vae_trainer_draw_pictures(trainer);
}

/* A run that only looks again at what a former process completed may have evaluated nothing. */
vae_status vae_trainer_draw_latent(vae_trainer *trainer, const char *split)
{
    if (trainer->latent.count == 0 || !trainer->state.design.traits.has_posterior) return VAE_OK;
    return vae_writer_latent(trainer->writer, split, &trainer->latent);
}

/* ---- The end ---- */

/* Ends a failure's message with what the user can go back to. */
static vae_status with_last_good(const vae_trainer *trainer, vae_status failure, const char *message)
{
    const int64_t step = vae_writer_saved_step(trainer->writer);
    if (failure != VAE_ERROR_NUMERIC) return vae_error_set(failure, "%s", message);
    const vae_design *design = &trainer->state.design;
    const bool raw = design->input.dtype == VAE_FLOAT32 && !vae_design_is_standardised(design);
    const char *scale = raw ? ", or, as the data may be of any size, [data] normalise = standard" : "";
    if (step < 0) {
        return vae_error_set(failure,
                             "%s; no checkpoint had been written yet; try a lower learning_rate or set "
                             "clip_norm%s",
                             message, scale);
    }
    return vae_error_set(failure,
                         "%s; the last good checkpoint, of step %" PRId64 ", is %s; try a lower learning_rate or set "
                         "clip_norm%s",
                         message, step, trainer->folder.last, scale);
}

vae_status vae_trainer_settle(vae_trainer *trainer, vae_status status)
{
    char message[VAE_MESSAGE_SIZE];
    snprintf(message, sizeof message, "%s", vae_error_message());
    /* Of two failures the first is the one to be told. */
    const vae_status drained = vae_writer_drain(trainer->writer);
    if (status) return with_last_good(trainer, status, message);
    return drained ? with_last_good(trainer, drained, vae_error_message()) : VAE_OK;
}
