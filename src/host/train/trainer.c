#include "train/trainer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/file.h"
#include "report/image.h"
#include "report/plot_latent.h"
#include "train/collapse.h"
#include "train/diagnose.h"
#include "train/schedule.h"
#include "train/trainer_state.h"

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool asked_to_stop(const vae_trainer *trainer)
{
    return trainer->options->stop && *trainer->options->stop;
}

/* ---- Checkpoints ---- */

/* Ends a failure's message with what the user can go back to. */
static vae_status with_last_good(const vae_trainer *trainer, vae_status failure)
{
    if (failure != VAE_ERROR_NUMERIC) return failure;
    if (trainer->saved_step < 0) {
        return vae_error_set(failure,
                             "%s; no checkpoint had been written yet; try a lower learning_rate or set "
                             "clip_norm",
                             vae_error_message());
    }
    return vae_error_set(failure,
                         "%s; the last good checkpoint, of step %" PRId64 ", is %s; try a lower learning_rate or set "
                         "clip_norm",
                         vae_error_message(), trainer->saved_step, trainer->folder.last);
}

static vae_status read_store(vae_trainer *trainer)
{
    for (int arena = 0; arena < VAE_ARENA_COUNT; ++arena) {
        if (!trainer->state.arenas[arena]) continue;
        VAE_TRY(trainer->device->backend->store_read(trainer->store, (vae_arena)arena, trainer->state.dtype,
                                                     trainer->state.arenas[arena]));
    }
    trainer->state.progress.metric_lines = trainer->log.lines;
    return vae_metrics_sync(&trainer->log);
}

static vae_status write_checkpoint(const vae_trainer *trainer, const char *path)
{
    const vae_status status = vae_checkpoint_write(&trainer->state, path);
    if (status != VAE_ERROR_NUMERIC) return status;
    return vae_error_prepend(status, "after step %" PRId64, trainer->state.progress.step);
}

/* `best` comes first: if the process dies between the two, the run goes on from the older `last` and writes the same
 * `best` again. Both have the same content, so one file with two names does. */
static vae_status save(vae_trainer *trainer, bool best)
{
    VAE_TRY(read_store(trainer));
    if (best) VAE_TRY(write_checkpoint(trainer, trainer->folder.best));
    if (!best || vae_file_link_atomic(trainer->folder.best, trainer->folder.last)) {
        VAE_TRY(write_checkpoint(trainer, trainer->folder.last));
    }
    trainer->saved_step = trainer->state.progress.step;
    trainer->mark = now();
    return VAE_OK;
}

static vae_status interrupt(vae_trainer *trainer)
{
    VAE_TRY(save(trainer, false));
    return vae_error_set(VAE_ERROR_INTERRUPTED,
                         "stopped after step %" PRId64 " (epoch %" PRId64 " of %" PRId64 "); saved in %s; --resume "
                         "goes on from there",
                         trainer->state.progress.step, trainer->state.progress.epoch + 1,
                         trainer->state.config.train.epochs, trainer->folder.last);
}

/* ---- Steps ---- */

vae_step vae_trainer_step(const vae_trainer *trainer, int64_t step)
{
    const vae_config *config = &trainer->state.config;
    return (vae_step){
        .seed = (uint64_t)config->train.seed,
        .step = (uint64_t)step,
        .epoch = (uint64_t)trainer->state.progress.epoch,
        .beta = vae_schedule_beta(config, trainer->steps_per_epoch, step),
        .learning_rate = vae_schedule_learning_rate(config, trainer->steps_per_epoch, step),
        .adam_step = (uint64_t)step + 1,
    };
}

int64_t vae_trainer_position(const vae_trainer *trainer)
{
    return trainer->state.progress.step - trainer->state.progress.epoch * trainer->steps_per_epoch;
}

static vae_status run_step(vae_trainer *trainer)
{
    int64_t rows;
    vae_step step = vae_trainer_step(trainer, trainer->state.progress.step);
    vae_executable *executable = vae_batches_select(&trainer->train, vae_trainer_position(trainer), &step, &rows);
    vae_prefetch_advance(trainer->prefetch, step.epoch, step.first);
    VAE_TRY(trainer->device->backend->executable_run(executable, &step));
    trainer->state.progress.step++;
    trainer->unread_steps++;
    trainer->unread_rows += rows;
    return VAE_OK;
}

static bool every(int64_t interval, int64_t step)
{
    return interval > 0 && step % interval == 0;
}

/* Whether metrics are taken after this step. Where that makes the host wait, only where they are needed; a run stops at
 * such steps only, so that an interrupted run adds up the same numbers in the same order as one that was not. */
static bool is_read_step(const vae_trainer *trainer)
{
    const vae_config *config = &trainer->state.config;
    const int64_t step = trainer->state.progress.step;
    return !trainer->device->backend->deferred_metrics || vae_trainer_position(trainer) == trainer->steps_per_epoch ||
           every(config->train.log_interval, step) || every(config->train.checkpoint_interval, step);
}

static void add_rate(vae_rate *rate, int64_t rows, double seconds)
{
    rate->rows += rows;
    rate->seconds += seconds;
}

static void add_time(vae_trainer *trainer)
{
    const double time = now(), seconds = time - trainer->mark;
    add_rate(&trainer->run_rate, trainer->unread_rows, seconds);
    add_rate(&trainer->epoch_rate, trainer->unread_rows, seconds);
    add_rate(&trainer->interval_rate, trainer->unread_rows, seconds);
    trainer->mark = time;
}

static vae_status read_metrics(vae_trainer *trainer)
{
    vae_progress *progress = &trainer->state.progress;
    double sums[VAE_METRIC_COUNT] = {0};
    VAE_TRY(vae_batches_take(&trainer->train, sums));
    add_time(trainer);
    bool finite = true;
    for (int i = 0; i < VAE_METRIC_COUNT; ++i) {
        finite = finite && isfinite(sums[i]);
        progress->epoch_sums[i] += sums[i];
        progress->interval_sums[i] += sums[i];
    }
    if (!finite) {
        const vae_step step = vae_trainer_step(trainer, progress->step - 1);
        return vae_diagnose_step(&trainer->train, &trainer->place, &step, vae_trainer_position(trainer) - 1,
                                 trainer->unread_steps, sums);
    }
    trainer->unread_steps = 0;
    trainer->unread_rows = 0;
    return VAE_OK;
}

/* ---- Epochs ---- */

static vae_status run_epoch(vae_trainer *trainer)
{
    const vae_config *config = &trainer->state.config;
    trainer->epoch_rate = (vae_rate){0};
    trainer->mark = now();
    while (vae_trainer_position(trainer) < trainer->steps_per_epoch) {
        VAE_TRY(run_step(trainer));
        if (!is_read_step(trainer)) continue;
        VAE_TRY(read_metrics(trainer));
        const int64_t step = trainer->state.progress.step;
        if (every(config->train.log_interval, step)) VAE_TRY(vae_trainer_log_interval(trainer));
        vae_trainer_tell_tick(trainer);
        if (asked_to_stop(trainer)) return interrupt(trainer);
        if (every(config->train.checkpoint_interval, step)) VAE_TRY(save(trainer, false));
    }
    return VAE_OK;
}

static vae_status evaluate(vae_trainer *trainer, vae_batches *batches, const char *split, vae_metrics_line *line)
{
    const uint64_t seed = (uint64_t)trainer->state.config.train.seed;
    double sums[VAE_METRIC_COUNT];
    const double start = now();
    VAE_TRY(vae_batches_evaluate(batches, seed, sums, &trainer->latent, trainer->options->stop));
    *line = vae_trainer_line(trainer, split, sums);
    line->images_per_second = vae_rate_per_second((vae_rate){batches->rows, now() - start});
    if (isfinite(sums[VAE_METRIC_RECONSTRUCTION]) && isfinite(sums[VAE_METRIC_KL])) return VAE_OK;
    return vae_diagnose_evaluation(batches, split, trainer->state.progress.epoch + 1, seed);
}

/* What is minimised, at the beta that the warm-up ends with: so that epochs compare. */
static double objective_loss(const vae_config *config, const vae_metrics_line *line)
{
    switch (config->model.objective) {
    case VAE_OBJECTIVE_AE: return line->reconstruction;
    case VAE_OBJECTIVE_KL: return line->kl;
    case VAE_OBJECTIVE_VAE: break;
    }
    return line->reconstruction + config->train.beta * line->kl;
}

/* Early stopping has struck, maybe in the process that this one resumes. */
static bool out_of_patience(const vae_trainer *trainer)
{
    const int64_t patience = trainer->state.config.train.patience;
    return patience > 0 && trainer->state.progress.epochs_since_best >= patience;
}

static bool is_over(const vae_trainer *trainer)
{
    return trainer->state.progress.epoch >= trainer->state.config.train.epochs || out_of_patience(trainer);
}

static vae_status draw_pictures(vae_trainer *trainer)
{
    const vae_config *config = &trainer->state.config;
    const int64_t epoch = trainer->state.progress.epoch;
    if (!is_over(trainer) && !every(config->train.picture_interval, epoch)) return VAE_OK;
    if (!vae_image_can_show(trainer->state.input.channels)) return VAE_OK;
    const vae_splits *splits = &trainer->splits;
    const vae_dataset *images = splits->test.count > 0         ? &splits->test
                                : splits->validation.count > 0 ? &splits->validation
                                                               : &splits->train;
    if (!trainer->pictures) VAE_TRY(vae_pictures_create(&trainer->place, images, &trainer->pictures));
    VAE_TRY(vae_pictures_write(trainer->pictures, trainer->folder.pictures, epoch));
    if (!trainer->board) return VAE_OK;
    return vae_tensorboard_write_pictures(trainer->board, trainer->folder.pictures, epoch,
                                          trainer->state.progress.step);
}

/* A run that was killed between an epoch's checkpoint and its pictures owes these. */
static vae_status draw_lost_pictures(vae_trainer *trainer)
{
    char path[VAE_PATH_SIZE];
    const int64_t epoch = trainer->state.progress.epoch;
    if (epoch == 0 || vae_trainer_position(trainer) != 0) return VAE_OK;
    VAE_TRY(vae_pictures_path(trainer->folder.pictures, epoch, "reconstructions", path));
    return vae_path_exists(path) ? VAE_OK : draw_pictures(trainer);
}

/* Takes the epoch's losses into the progress; true if it is the best so far. */
static bool complete_epoch(vae_trainer *trainer, double loss)
{
    vae_progress *progress = &trainer->state.progress;
    const bool improved = loss < progress->best_loss;
    if (improved) progress->best_loss = loss;
    progress->epochs_since_best = improved ? 0 : progress->epochs_since_best + 1;
    progress->epoch++;
    memset(progress->epoch_sums, 0, sizeof progress->epoch_sums);
    return improved;
}

static vae_status end_epoch(vae_trainer *trainer)
{
    const vae_config *config = &trainer->state.config;
    const vae_metrics_line train =
        vae_trainer_train_line(trainer, "train_epoch", trainer->state.progress.epoch_sums, trainer->epoch_rate);
    vae_metrics_line held_out = {0};
    const char *split;
    const bool has_held_out = vae_trainer_held_out(trainer, &split) != NULL;
    const bool by_validation = trainer->validation.rows > 0;
    if (has_held_out) {
        const vae_status status =
            evaluate(trainer, by_validation ? &trainer->validation : &trainer->test, split, &held_out);
        if (status == VAE_ERROR_INTERRUPTED) return interrupt(trainer);
        VAE_TRY(status);
    }
    VAE_TRY(vae_trainer_write_line(trainer, &train, NULL));
    if (has_held_out) VAE_TRY(vae_trainer_write_line(trainer, &held_out, &trainer->latent));
    /* The test images have no say in which epoch is the best. */
    const bool improved = complete_epoch(trainer, objective_loss(config, by_validation ? &held_out : &train));
    VAE_TRY(save(trainer, improved));
    VAE_TRY(draw_pictures(trainer));
    const bool collapsed =
        !trainer->collapse_told && vae_collapse_seen(config, &train, &trainer->latent, is_over(trainer));
    trainer->collapse_told |= collapsed;
    const vae_train_epoch event = {.epoch = trainer->state.progress.epoch,
                                   .epochs = config->train.epochs,
                                   .train = train,
                                   .held_out = has_held_out ? &held_out : NULL,
                                   .improved = improved,
                                   .collapsed = collapsed};
    vae_trainer_tell_epoch(trainer, &event);
    return VAE_OK;
}

/* ---- The end ---- */

static vae_status load_best(vae_trainer *trainer)
{
    vae_checkpoint best;
    VAE_TRY(vae_checkpoint_read(trainer->folder.best, &best));
    const vae_status status = trainer->device->backend->store_write(trainer->store, VAE_ARENA_PARAMETERS, best.dtype,
                                                                    best.arenas[VAE_ARENA_PARAMETERS]);
    vae_checkpoint_free(&best);
    return status;
}

/* Evaluates the best parameters on the test split. metrics.jsonl gets a line unless it has that very one already. */
static vae_status final_test(vae_trainer *trainer, vae_train_result *result)
{
    const vae_progress *progress = &trainer->state.progress;
    const bool last_is_best = progress->epochs_since_best == 0;
    const bool logged = last_is_best && progress->epoch > 0 && trainer->validation.rows == 0;
    if (trainer->splits.test.count == 0) return VAE_OK;
    if (!last_is_best) VAE_TRY(load_best(trainer));
    if (!trainer->test.backend) {
        VAE_TRY(vae_trainer_make_evaluation(trainer, &trainer->splits.test, &trainer->test));
    }
    VAE_TRY(evaluate(trainer, &trainer->test, "test", &result->test));
    result->test.epoch = result->best_epoch;
    result->test.step = result->best_epoch * trainer->steps_per_epoch;
    result->has_test = true;
    if (logged) return VAE_OK;
    /* Without validation images the event files have the test of that epoch already; curves do not turn back. */
    return trainer->validation.rows > 0 ? vae_trainer_write_line(trainer, &result->test, &trainer->latent)
                                        : vae_metrics_write(&trainer->log, &result->test, &trainer->latent);
}

/* The KL of each dimension, as the newest evaluation found it. A run that only looks again at what a former process
 * completed may have evaluated nothing. */
static vae_status draw_latent(const vae_trainer *trainer, const char *split)
{
    if (trainer->latent.count == 0 || trainer->state.config.model.objective == VAE_OBJECTIVE_AE) return VAE_OK;
    char prefix[VAE_PATH_SIZE];
    VAE_TRY(vae_path_join(prefix, sizeof prefix, trainer->folder.pictures, "kl_per_dimension"));
    return vae_plot_latent(prefix, split, &trainer->latent);
}

static vae_status finish(vae_trainer *trainer, vae_train_result *result)
{
    const vae_progress *progress = &trainer->state.progress;
    result->epochs = progress->epoch;
    result->steps = progress->step;
    result->best_epoch = progress->epoch - progress->epochs_since_best;
    result->stopped_early = progress->epoch < trainer->state.config.train.epochs;
    VAE_TRY(final_test(trainer, result));
    VAE_TRY(draw_latent(trainer, result->has_test ? "test" : "validation"));
    return vae_metrics_sync(&trainer->log);
}

static vae_status train(vae_trainer *trainer, vae_train_result *result)
{
    if (trainer->options->ready) trainer->options->ready();
    vae_trainer_tell_start(trainer);
    if (trainer->save_first) VAE_TRY(save(trainer, trainer->save_best_first));
    VAE_TRY(draw_lost_pictures(trainer));
    /* No epochs: the untrained model, as a baseline. */
    if (trainer->state.config.train.epochs == 0) VAE_TRY(save(trainer, true));
    while (!is_over(trainer)) {
        VAE_TRY(run_epoch(trainer));
        VAE_TRY(end_epoch(trainer));
    }
    return finish(trainer, result);
}

vae_status vae_train(const vae_config *config, const vae_train_options *options, vae_train_result *result)
{
    const double start = now();
    *result = (vae_train_result){0};
    vae_trainer trainer;
    vae_status status = vae_trainer_open(&trainer, config, options);
    if (!status) status = with_last_good(&trainer, train(&trainer, result));
    vae_trainer_close(&trainer);
    result->seconds = now() - start;
    return status;
}
