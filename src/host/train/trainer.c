/* The loop of training: steps, epochs, evaluation, early stopping, and the test of the best parameters. */
#include "train/trainer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "train/collapse.h"
#include "train/diagnose.h"
#include "train/schedule.h"
#include "train/trainer_state.h"

static bool asked_to_stop(const vae_trainer *trainer)
{
    return trainer->options->stop && *trainer->options->stop;
}

/* ---- Steps ---- */

vae_step vae_trainer_step(const vae_trainer *trainer, int64_t step)
{
    const vae_config *config = &trainer->state.design.config;
    return (vae_step){
        .seed = (uint64_t)config->train.seed,
        .step = (uint64_t)step,
        .epoch = (uint64_t)trainer->state.progress.epoch,
        .beta = vae_schedule_beta(config, trainer->steps_per_epoch, step),
        .sampling = vae_schedule_sampling(&trainer->state.design.traits, trainer->steps_per_epoch, step),
        .learning_rate =
            vae_schedule_learning_rate(config, trainer->steps_per_epoch, step, trainer->state.progress.schedule_drops),
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
    /* A failure of the writer ends the run as if it had happened here. */
    VAE_TRY(vae_writer_check(trainer->writer));
    if (vae_trainer_updates_encoder(trainer)) VAE_TRY(vae_trainer_update_encoder(trainer));
    vae_step step = vae_trainer_step(trainer, trainer->state.progress.step);
    const vae_batches *batches = vae_trainer_batches(trainer);
    const vae_runner *runner = vae_batches_select(batches, vae_trainer_position(trainer), &step, &rows);
    vae_prefetch_advance(trainer->prefetch, step.epoch,
                         trainer->train.plan.mixed ? vae_trainer_position(trainer) : step.first);
    VAE_TRY(vae_runner_run(runner, &step));
    trainer->state.progress.step++;
    trainer->unread_steps++;
    trainer->unread_rows += rows;
    return VAE_OK;
}

bool vae_trainer_every(int64_t interval, int64_t step)
{
    return interval > 0 && step % interval == 0;
}

/* Whether metrics are taken after this step. Where that makes the host wait, only where they are needed; a run stops at
 * such steps only, so that an interrupted run adds up the same numbers in the same order as one that was not. */
static bool is_read_step(const vae_trainer *trainer)
{
    const vae_config *config = &trainer->state.design.config;
    const int64_t step = trainer->state.progress.step;
    return !trainer->device->backend->deferred_metrics || vae_trainer_position(trainer) == trainer->steps_per_epoch ||
           vae_trainer_every(config->train.log_interval, step) ||
           vae_trainer_every(config->train.checkpoint_interval, step);
}

static void add_rate(vae_rate *rate, int64_t rows, double seconds)
{
    rate->rows += rows;
    rate->seconds += seconds;
}

static void add_time(vae_trainer *trainer)
{
    const double time = vae_clock_seconds(), seconds = time - trainer->mark;
    add_rate(&trainer->run_rate, trainer->unread_rows, seconds);
    add_rate(&trainer->epoch_rate, trainer->unread_rows, seconds);
    add_rate(&trainer->interval_rate, trainer->unread_rows, seconds);
    trainer->mark = time;
}

static vae_status read_metrics(vae_trainer *trainer)
{
    vae_progress *progress = &trainer->state.progress;
    double sums[VAE_METRIC_COUNT] = {0};
    VAE_TRY(vae_batches_take(vae_trainer_batches(trainer), sums));
    add_time(trainer);
    bool finite = true;
    for (int i = 0; i < VAE_METRIC_COUNT; ++i) {
        finite = finite && isfinite(sums[i]);
        progress->epoch_sums[i] += sums[i];
        progress->interval_sums[i] += sums[i];
    }
    if (!finite) {
        const vae_step step = vae_trainer_step(trainer, progress->step - 1);
        return vae_diagnose_step(vae_trainer_batches(trainer), &trainer->model, &step,
                                 vae_trainer_position(trainer) - 1, trainer->unread_steps, sums);
    }
    trainer->unread_steps = 0;
    trainer->unread_rows = 0;
    return VAE_OK;
}

/* ---- Epochs ---- */

static vae_status run_epoch(vae_trainer *trainer)
{
    const vae_config *config = &trainer->state.design.config;
    trainer->epoch_rate = (vae_rate){0};
    trainer->mark = vae_clock_seconds();
    while (vae_trainer_position(trainer) < trainer->steps_per_epoch) {
        VAE_TRY(run_step(trainer));
        if (!is_read_step(trainer)) continue;
        VAE_TRY(read_metrics(trainer));
        const int64_t step = trainer->state.progress.step;
        if (vae_trainer_every(config->train.log_interval, step)) VAE_TRY(vae_trainer_log_interval(trainer));
        vae_trainer_tell_tick(trainer);
        if (asked_to_stop(trainer)) return vae_trainer_interrupt(trainer);
        if (vae_trainer_every(config->train.checkpoint_interval, step))
            VAE_TRY(vae_trainer_save(trainer, VAE_SNAPSHOT_PERIODIC));
    }
    return VAE_OK;
}

static vae_status evaluate(vae_trainer *trainer, vae_batches *batches, const char *split, vae_metrics_line *line)
{
    const uint64_t seed = (uint64_t)trainer->state.design.config.train.seed;
    double sums[VAE_METRIC_COUNT];
    const double start = vae_clock_seconds();
    VAE_TRY(vae_batches_evaluate(batches, seed, sums, &trainer->latent, &trainer->posteriors, trainer->options->stop));
    *line = vae_trainer_line(trainer, split, sums);
    line->images_per_second = vae_rate_per_second((vae_rate){batches->plan.items, vae_clock_seconds() - start});
    VAE_TRY(vae_mutual_information(&trainer->posteriors, &line->mutual_information));
    line->active_units = (double)vae_latent_statistics_active(&trainer->latent);
    if (vae_metrics_finite(sums)) return VAE_OK;
    return vae_diagnose_evaluation(batches, split, trainer->state.progress.epoch + 1, seed);
}

/* What is minimised, at the beta that the warm-up ends with: so that epochs compare. The bound of training steps is
 * that of the beta they had; until the warm-up is over the ELBO stands in for it, which is never the better of them. */
static double objective_loss(const vae_trainer *trainer, const vae_metrics_line *line)
{
    const vae_config *config = &trainer->state.design.config;
    const vae_traits *traits = &trainer->state.design.traits;
    const int64_t steps = line->epoch * trainer->steps_per_epoch;
    const bool rising = !isnan(line->beta) && vae_schedule_full_epochs(config, trainer->steps_per_epoch, steps) < 1.0;
    if (traits->is_weighted && !rising) return line->bound;
    if (!traits->has_posterior) return line->reconstruction;
    if (!traits->fits_decoder) return line->kl;
    return line->reconstruction + config->train.beta * line->kl;
}

/* Early stopping has struck, maybe in the process that this one resumes. */
static bool out_of_patience(const vae_trainer *trainer)
{
    const int64_t patience = trainer->state.design.config.train.patience;
    return patience > 0 && trainer->state.progress.epochs_since_best >= patience;
}

/* A plateau of the loss that no drop of the rate is left for. */
static bool out_of_drops(const vae_trainer *trainer)
{
    const vae_config *config = &trainer->state.design.config;
    return config->train.schedule == VAE_SCHEDULE_PLATEAU &&
           trainer->state.progress.schedule_drops > config->train.schedule_drops;
}

bool vae_trainer_is_over(const vae_trainer *trainer)
{
    return trainer->state.progress.epoch >= trainer->state.design.config.train.epochs || out_of_patience(trainer) ||
           out_of_drops(trainer);
}

/* Takes the epoch's losses into the progress; true if it is the best so far. */
static bool complete_epoch(vae_trainer *trainer, double loss)
{
    vae_progress *progress = &trainer->state.progress;
    const bool improved = loss < progress->best_loss;
    if (improved) progress->best_loss = loss;
    progress->epochs_since_best = improved ? 0 : progress->epochs_since_best + 1;
    progress->schedule_waits = improved ? 0 : progress->schedule_waits + 1;
    progress->epoch++;
    memset(progress->epoch_sums, 0, sizeof progress->epoch_sums);
    return improved;
}

/* The best checkpoint's parameters, and its moments too where training goes on from there. */
static vae_status load_best(vae_trainer *trainer, bool moments)
{
    vae_checkpoint best;
    vae_status status = VAE_OK;
    VAE_TRY(vae_writer_drain(trainer->writer));
    VAE_TRY(vae_checkpoint_read(trainer->folder.best, &best));
    for (int arena = 0; arena < VAE_ARENA_COUNT && !status; ++arena) {
        const bool wanted = arena == VAE_ARENA_PARAMETERS || (moments && arena != VAE_ARENA_GRADIENTS);
        if (!wanted) continue;
        status =
            trainer->device->backend->store_write(trainer->store, (vae_arena)arena, best.dtype, best.arenas[arena]);
    }
    vae_checkpoint_free(&best);
    return status;
}

/* schedule = plateau: after schedule_patience epochs without a better loss the rate drops, and training goes on from
 * the best epoch's parameters and moments, as Texar's training of text VAEs does. Steps, and with them Adam's
 * correction of its bias, β and all noise, count on. */
static vae_status drop_rate(vae_trainer *trainer, bool *dropped)
{
    const vae_config *config = &trainer->state.design.config;
    vae_progress *progress = &trainer->state.progress;
    *dropped = false;
    if (config->train.schedule != VAE_SCHEDULE_PLATEAU) return VAE_OK;
    if (progress->schedule_waits < config->train.schedule_patience) return VAE_OK;
    progress->schedule_waits = 0;
    progress->schedule_drops++;
    *dropped = !out_of_drops(trainer);
    return *dropped ? load_best(trainer, true) : VAE_OK;
}

static vae_status end_epoch(vae_trainer *trainer)
{
    const vae_config *config = &trainer->state.design.config;
    const vae_metrics_line train =
        vae_trainer_train_line(trainer, "train_epoch", trainer->state.progress.epoch_sums, trainer->epoch_rate);
    vae_metrics_line held_out = {0};
    const char *split;
    const bool has_held_out = vae_trainer_held_out(trainer, &split) != NULL;
    const bool by_validation = trainer->validation.plan.items > 0;
    if (has_held_out) {
        const vae_status status =
            evaluate(trainer, by_validation ? &trainer->validation : &trainer->test, split, &held_out);
        if (status == VAE_ERROR_INTERRUPTED) return vae_trainer_interrupt(trainer);
        VAE_TRY(status);
    }
    VAE_TRY(vae_writer_line(trainer->writer, &train, NULL, true));
    if (has_held_out) VAE_TRY(vae_writer_line(trainer->writer, &held_out, &trainer->latent, true));
    const double train_loss = objective_loss(trainer, &train);
    const double held_out_loss = has_held_out ? objective_loss(trainer, &held_out) : NAN;
    /* The test images have no say in which epoch is the best. */
    const bool improved = complete_epoch(trainer, by_validation ? held_out_loss : train_loss);
    const double information_before = vae_trainer_judge_encoder(trainer, held_out.mutual_information);
    bool dropped;
    VAE_TRY(drop_rate(trainer, &dropped));
    VAE_TRY(vae_trainer_save(trainer, improved                       ? VAE_SNAPSHOT_BEST
                                      : vae_trainer_is_over(trainer) ? VAE_SNAPSHOT_SURE
                                                                     : VAE_SNAPSHOT_PERIODIC));
    VAE_TRY(vae_trainer_draw_pictures(trainer));
    const bool collapsed = !trainer->collapse_told && vae_collapse_seen(&trainer->state.design, &train,
                                                                        &trainer->latent, vae_trainer_is_over(trainer));
    trainer->collapse_told |= collapsed;
    const vae_train_epoch event = {
        .epoch = trainer->state.progress.epoch,
        .epochs = config->train.epochs,
        .train = train,
        .held_out = has_held_out ? &held_out : NULL,
        .train_loss = train_loss,
        .held_out_loss = held_out_loss,
        .improved = improved,
        .rate = dropped ? vae_trainer_step(trainer, trainer->state.progress.step).learning_rate : NAN,
        .information_before = information_before,
        .collapsed = collapsed,
        .sample = trainer->sample};
    vae_trainer_tell_epoch(trainer, &event);
    return VAE_OK;
}

/* ---- The end ---- */

/* Evaluates the best parameters on the test split. metrics.jsonl gets a line unless it has that very one already. */
static vae_status final_test(vae_trainer *trainer, vae_train_result *result)
{
    const vae_progress *progress = &trainer->state.progress;
    const bool last_is_best = progress->epochs_since_best == 0;
    const bool logged = last_is_best && progress->epoch > 0 && trainer->validation.plan.items == 0;
    if (trainer->splits.test.count == 0) return VAE_OK;
    if (!last_is_best) VAE_TRY(load_best(trainer, false));
    VAE_TRY(vae_trainer_evaluate_test(trainer));
    VAE_TRY(evaluate(trainer, &trainer->test, "test", &result->test));
    result->test.epoch = result->best_epoch;
    result->test.step = result->best_epoch * trainer->steps_per_epoch;
    result->test_loss = objective_loss(trainer, &result->test);
    result->has_test = true;
    if (logged) return VAE_OK;
    /* Without validation images the event files have the test of that epoch already; curves do not turn back. */
    return vae_writer_line(trainer->writer, &result->test, &trainer->latent, trainer->validation.plan.items > 0);
}

static vae_status finish(vae_trainer *trainer, vae_train_result *result)
{
    const vae_progress *progress = &trainer->state.progress;
    result->epochs = progress->epoch;
    result->traits = trainer->state.design.traits;
    result->input = trainer->state.design.input;
    result->steps = progress->step;
    result->best_epoch = progress->epoch - progress->epochs_since_best;
    result->stopped_early = progress->epoch < trainer->state.design.config.train.epochs;
    VAE_TRY(final_test(trainer, result));
    return vae_trainer_draw_latent(trainer, result->has_test ? "test" : "validation");
}

static vae_status train(vae_trainer *trainer, vae_train_result *result)
{
    if (trainer->options->ready) trainer->options->ready();
    vae_trainer_tell_start(trainer);
    if (trainer->save_first) {
        VAE_TRY(vae_trainer_save(trainer, trainer->save_best_first ? VAE_SNAPSHOT_BEST : VAE_SNAPSHOT_SURE));
    }
    VAE_TRY(vae_trainer_draw_lost_pictures(trainer));
    /* No epochs: the untrained model, as a baseline. */
    if (trainer->state.design.config.train.epochs == 0) VAE_TRY(vae_trainer_save(trainer, VAE_SNAPSHOT_BEST));
    while (!vae_trainer_is_over(trainer)) {
        VAE_TRY(run_epoch(trainer));
        VAE_TRY(end_epoch(trainer));
    }
    return finish(trainer, result);
}

vae_status vae_train(const vae_config *config, const vae_train_options *options, vae_train_result *result)
{
    const double start = vae_clock_seconds();
    *result = (vae_train_result){0};
    vae_trainer trainer;
    vae_status status = vae_trainer_open(&trainer, config, options);
    if (!status) status = vae_trainer_settle(&trainer, train(&trainer, result));
    vae_trainer_close(&trainer);
    result->seconds = vae_clock_seconds() - start;
    return status;
}
