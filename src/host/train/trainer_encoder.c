/* Updates of the encoder alone ahead of each of the decoder, while the posterior lags behind the model ("aggressive"
 * training: He, Spokoyny, Neubig & Berg-Kirkpatrick 2019, Algorithm 1). They walk through the training data on their
 * own: an order and noise of another seed, so that how many they were says where they stand. */
#include <inttypes.h>
#include <math.h>

#include "train/diagnose.h"
#include "train/trainer_state.h"

/* Updates between two looks at the loss, as published. */
enum { ROUND = 10 };

/* Seeds of configurations do not reach so far. */
static const uint64_t SEED_OF_ENCODER = UINT64_C(1) << 63;

bool vae_trainer_updates_encoder(const vae_trainer *trainer)
{
    return trainer->state.design.config.train.encoder_updates > 0 && trainer->state.progress.encoder_caught_up == 0;
}

const vae_batches *vae_trainer_batches(const vae_trainer *trainer)
{
    return vae_trainer_updates_encoder(trainer) ? &trainer->decoder : &trainer->train;
}

/* ---- Opening ---- */

static uint64_t encoder_seed(const vae_trainer *trainer)
{
    return (uint64_t)trainer->state.design.config.train.seed | SEED_OF_ENCODER;
}

static int64_t coming_items(const void *context, uint64_t epoch, int64_t batch, int64_t *items)
{
    const vae_trainer *trainer = context;
    return vae_batch_plan_items(&trainer->train.plan, encoder_seed(trainer), epoch, batch, items);
}

vae_status vae_trainer_open_encoder(vae_trainer *trainer)
{
    const vae_config *config = &trainer->state.design.config;
    const vae_dataset *dataset = &trainer->splits.train;
    const vae_prefetch_plan plan = {.context = trainer,
                                    .batches = trainer->train.plan.batches,
                                    .rows = config->train.batch_size,
                                    .items = coming_items};
    if (config->train.encoder_updates == 0) return VAE_OK;
    if (trainer->splits.validation.count == 0) {
        const vae_status status =
            vae_error_set(VAE_ERROR_CONFIG, "[train] encoder_updates: ends by the mutual information of validation "
                                            "data, but there are none; [data] validation holds some out");
        return vae_config_blame(config, status, "train", "encoder_updates");
    }
    VAE_TRY(vae_batches_create_part(&trainer->encoder, &trainer->model, &trainer->train, VAE_PART_ENCODER));
    VAE_TRY(vae_batches_create_part(&trainer->decoder, &trainer->model, &trainer->train, VAE_PART_DECODER));
    return vae_prefetch_create_sequences(dataset, &plan, &trainer->encoder_prefetch);
}

/* ---- Updates ---- */

/* That of this number, from 0 on, with learning rate and β of the step that it is ahead of; and its place in its epoch.
 */
static vae_step encoder_step(const vae_trainer *trainer, int64_t number, int64_t *place)
{
    const int64_t batches = trainer->encoder.plan.batches;
    vae_step step = vae_trainer_step(trainer, trainer->state.progress.step);
    step.seed = encoder_seed(trainer);
    step.step = (uint64_t)number;
    step.epoch = (uint64_t)(number / batches);
    step.adam_step = (uint64_t)number + 1;
    *place = number % batches;
    return step;
}

static vae_status update(vae_trainer *trainer)
{
    vae_progress *progress = &trainer->state.progress;
    int64_t place, rows;
    vae_step step = encoder_step(trainer, progress->encoder_updates, &place);
    const vae_runner *runner = vae_batches_select(&trainer->encoder, place, &step, &rows);
    vae_prefetch_advance(trainer->encoder_prefetch, step.epoch, place);
    VAE_TRY(vae_runner_run(runner, &step));
    progress->encoder_updates++;
    progress->epoch_sums[VAE_METRIC_ENCODER_UPDATES] += 1.0;
    progress->interval_sums[VAE_METRIC_ENCODER_UPDATES] += 1.0;
    return VAE_OK;
}

/* Adds the sums of the last `count` updates, which lie in one epoch. */
static vae_status read_sums(const vae_trainer *trainer, int64_t count, double sums[VAE_METRIC_COUNT])
{
    int64_t place;
    VAE_TRY(vae_batches_take(&trainer->encoder, sums));
    if (vae_metrics_finite(sums) && isfinite(sums[VAE_METRIC_GRADIENT_NORM])) return VAE_OK;
    const vae_step step = encoder_step(trainer, trainer->state.progress.encoder_updates - 1, &place);
    const vae_status status = vae_diagnose_step(&trainer->encoder, &trainer->model, &step, place, count, sums);
    return vae_error_prepend(status, "ahead of step %" PRId64 ", among the encoder's own updates",
                             trainer->state.progress.step + 1);
}

/* The loss is that of a token or stroke, as the batches' sequences are not of one length. */
static vae_status run_round(vae_trainer *trainer, int64_t count, double *loss)
{
    const vae_progress *progress = &trainer->state.progress;
    const double beta = vae_trainer_step(trainer, progress->step).beta;
    double sums[VAE_METRIC_COUNT] = {0};
    int64_t unread = 0;
    for (int64_t i = 0; i < count; ++i) {
        VAE_TRY(update(trainer));
        ++unread;
        const bool is_read = i == count - 1 || progress->encoder_updates % trainer->encoder.plan.batches == 0;
        if (!is_read) continue;
        VAE_TRY(read_sums(trainer, unread, sums));
        unread = 0;
    }
    *loss = (sums[VAE_METRIC_RECONSTRUCTION] + beta * sums[VAE_METRIC_KL]) / sums[VAE_METRIC_SEQUENCE_STEPS];
    return VAE_OK;
}

vae_status vae_trainer_update_encoder(vae_trainer *trainer)
{
    const int64_t most = trainer->state.design.config.train.encoder_updates;
    double loss, before = INFINITY;
    for (int64_t done = 0; done < most; done += ROUND) {
        VAE_TRY(run_round(trainer, most - done < ROUND ? most - done : ROUND, &loss));
        if (loss >= before) break;
        before = loss;
    }
    return VAE_OK;
}

/* ---- The end ---- */

double vae_trainer_judge_encoder(vae_trainer *trainer, double information)
{
    vae_progress *progress = &trainer->state.progress;
    const double before = progress->mutual_information;
    if (!vae_trainer_updates_encoder(trainer)) return NAN;
    /* Of codes that say nothing the estimate is noise around 0. */
    progress->mutual_information = fmax(information, 0.0);
    if (progress->mutual_information >= before) return NAN;
    progress->encoder_caught_up = progress->epoch;
    return before;
}
