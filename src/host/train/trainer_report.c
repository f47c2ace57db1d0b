/* What a run tells of itself: lines of metrics, and the observer's events. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/trainer_state.h"

double vae_rate_per_second(vae_rate rate)
{
    return rate.seconds > 0.0 ? (double)rate.rows / rate.seconds : NAN;
}

vae_metrics_line vae_trainer_line(const vae_trainer *trainer, const char *split, const double sums[VAE_METRIC_COUNT])
{
    const vae_progress *progress = &trainer->state.progress;
    vae_metrics_line line = vae_metrics_line_make(progress->epoch + 1, progress->step, split);
    vae_metrics_mean(&trainer->state.design, sums, &line);
    return line;
}

vae_metrics_line vae_trainer_train_line(const vae_trainer *trainer, const char *split,
                                        const double sums[VAE_METRIC_COUNT], vae_rate rate)
{
    vae_metrics_line line = vae_trainer_line(trainer, split, sums);
    const vae_step step = vae_trainer_step(trainer, trainer->state.progress.step - 1);
    line.beta = trainer->state.design.traits.has_posterior ? step.beta : NAN;
    line.scheduled_sampling = trainer->state.design.traits.sampling > 0.0 ? step.sampling : NAN;
    line.learning_rate = step.learning_rate;
    line.images_per_second = vae_rate_per_second(rate);
    if (trainer->state.design.input.kind != VAE_KIND_IMAGE) {
        line.sequence_steps_per_second =
            line.images_per_second * sums[VAE_METRIC_SEQUENCE_STEPS] / sums[VAE_METRIC_ROWS];
    }
    return line;
}

vae_status vae_trainer_log_interval(vae_trainer *trainer)
{
    double *sums = trainer->state.progress.interval_sums;
    const vae_metrics_line line = vae_trainer_train_line(trainer, "train", sums, trainer->interval_rate);
    VAE_TRY(vae_writer_line(trainer->writer, &line, NULL, true));
    memset(sums, 0, sizeof trainer->state.progress.interval_sums);
    trainer->interval_rate = (vae_rate){0};
    const vae_train_observer *observer = &trainer->options->observer;
    if (observer->logged) observer->logged(observer->context, &line);
    return VAE_OK;
}

void vae_trainer_tell_tick(const vae_trainer *trainer)
{
    const vae_train_observer *observer = &trainer->options->observer;
    if (!observer->ticked) return;
    const vae_checkpoint *state = &trainer->state;
    vae_train_tick event = {
        .epoch = state->progress.epoch + 1,
        .epochs = state->design.config.train.epochs,
        .step = state->progress.step,
        .steps = state->design.config.train.epochs * trainer->steps_per_epoch,
        .epoch_step = vae_trainer_position(trainer),
        .steps_per_epoch = trainer->steps_per_epoch,
        .mean = vae_trainer_train_line(trainer, "train", state->progress.epoch_sums, trainer->epoch_rate),
        .images_per_second = vae_rate_per_second(trainer->run_rate),
    };
    const double batch = (double)trainer->train.plan.items / (double)trainer->steps_per_epoch;
    event.seconds_left = (double)(event.steps - event.step) * batch / event.images_per_second;
    observer->ticked(observer->context, &event);
}

void vae_trainer_tell_start(const vae_trainer *trainer)
{
    const vae_train_observer *observer = &trainer->options->observer;
    if (!observer->started) return;
    const vae_backend *backend = trainer->device->backend;
    const char *choice = trainer->device->choice;
    char device[512];
    snprintf(device, sizeof device, "%s: %s%s%s%s", backend->name, backend->device_describe(trainer->device),
             choice[0] ? " (" : "", choice, choice[0] ? ")" : "");
    const vae_train_start event = {
        .folder = trainer->folder.path,
        .device = device,
        .parameters = vae_layout_parameter_count(&trainer->state.design.layout),
        .input = trainer->state.design.input,
        .traits = &trainer->state.design.traits,
        .train_images = trainer->splits.train.count,
        .validation_images = trainer->splits.validation.count,
        .test_images = trainer->splits.test.count,
        .buckets = &trainer->train.plan.buckets,
        .data = &trainer->splits,
        .epochs = trainer->state.design.config.train.epochs,
        .steps_per_epoch = trainer->steps_per_epoch,
        .resumed = trainer->options->resume != VAE_RESUME_NONE,
        .epoch = trainer->state.progress.epoch,
        .step = trainer->state.progress.step,
        .missing_lines = vae_writer_missing_lines(trainer->writer),
    };
    observer->started(observer->context, &event);
}

void vae_trainer_tell_epoch(const vae_trainer *trainer, const vae_train_epoch *epoch)
{
    const vae_train_observer *observer = &trainer->options->observer;
    if (observer->epoch_ended) observer->epoch_ended(observer->context, epoch);
}
