/* Warm-up of learning rate, β and scheduled sampling, decay of the rate along a cosine, in steps or exponentially, and
 * cycles of β. */
#include "train/schedule.h"

#include <math.h>

#define PI 3.14159265358979323846
/* Of an exponential β: the part of its way that may be left where it counts as there. */
#define LEFT 0.01

static double clamp01(double value)
{
    return fmin(fmax(value, 0.0), 1.0);
}

/* ---- The learning rate ---- */

static double cosine_factor(const vae_config *config, int64_t steps_per_epoch, int64_t step)
{
    const double warmup = (double)config->train.warmup_steps;
    const double length = (double)config->train.epochs * (double)steps_per_epoch - warmup;
    const double past = (double)step - warmup;
    const double done = past <= 0.0 ? 0.0 : length > 0.0 ? clamp01(past / length) : 1.0;
    const double floor = config->train.schedule_floor;
    return floor + (1.0 - floor) * 0.5 * (1.0 + cos(PI * done));
}

static double step_factor(const vae_config *config, int64_t steps_per_epoch, int64_t step)
{
    if (config->train.schedule_epochs < 1) return 1.0;
    const int64_t drops = step / steps_per_epoch / config->train.schedule_epochs;
    return pow(config->train.schedule_factor, (double)drops);
}

/* From one value towards another, of which rate^step of the way is left. */
static double exponential(double from, double to, double rate, int64_t step)
{
    return to + (from - to) * pow(rate, (double)step);
}

double vae_schedule_learning_rate(const vae_config *config, int64_t steps_per_epoch, int64_t step, int64_t drops)
{
    double rate = config->train.learning_rate, factor = 1.0;
    switch (config->train.schedule) {
    case VAE_SCHEDULE_CONSTANT: break;
    case VAE_SCHEDULE_COSINE: factor = cosine_factor(config, steps_per_epoch, step); break;
    case VAE_SCHEDULE_STEP: factor = step_factor(config, steps_per_epoch, step); break;
    case VAE_SCHEDULE_EXPONENTIAL:
        rate = exponential(rate, config->train.schedule_minimum, config->train.schedule_rate, step);
        break;
    case VAE_SCHEDULE_PLATEAU: factor = pow(config->train.schedule_factor, (double)drops); break;
    }
    if (step < config->train.warmup_steps) factor *= ((double)step + 1.0) / (double)config->train.warmup_steps;
    return rate * factor;
}

/* ---- β ---- */

static double between(const vae_config *config, double done)
{
    return config->train.beta_start + (config->train.beta - config->train.beta_start) * clamp01(done);
}

/* Steps of a cycle, and in *past the steps done of the one that `step` is in. */
static double cycle_of(const vae_config *config, int64_t steps_per_epoch, int64_t step, double *past)
{
    const double cycle = (double)config->train.epochs * (double)steps_per_epoch / (double)config->train.kl_cycles;
    const double number = fmin(floor((double)step / cycle), (double)config->train.kl_cycles - 1.0);
    *past = (double)step - number * cycle;
    return cycle;
}

double vae_schedule_beta(const vae_config *config, int64_t steps_per_epoch, int64_t step)
{
    const double warmup = config->train.kl_warmup_epochs * (double)steps_per_epoch;
    double past, cycle;
    switch (config->train.kl_schedule) {
    case VAE_KL_LINEAR: return warmup > 0.0 ? between(config, (double)step / warmup) : config->train.beta;
    case VAE_KL_EXPONENTIAL:
        return exponential(config->train.beta_start, config->train.beta, config->train.kl_rate, step);
    case VAE_KL_CYCLICAL:
        cycle = cycle_of(config, steps_per_epoch, step, &past);
        return between(config, past / (config->train.kl_rise * cycle));
    }
    return config->train.beta;
}

double vae_schedule_full_epochs(const vae_config *config, int64_t steps_per_epoch, int64_t steps)
{
    const double epochs = (double)steps / (double)steps_per_epoch;
    double past, cycle;
    switch (config->train.kl_schedule) {
    case VAE_KL_LINEAR: break;
    case VAE_KL_EXPONENTIAL: return epochs - log(LEFT) / log(config->train.kl_rate) / (double)steps_per_epoch;
    case VAE_KL_CYCLICAL:
        /* Of the cycle that the last of the steps was in. */
        cycle = cycle_of(config, steps_per_epoch, steps - 1, &past);
        return (past + 1.0 - config->train.kl_rise * cycle) / (double)steps_per_epoch;
    }
    return epochs - config->train.kl_warmup_epochs;
}

/* ---- Scheduled sampling ---- */

double vae_schedule_sampling(const vae_traits *traits, int64_t steps_per_epoch, int64_t step)
{
    const double rise = traits->sampling_epochs * (double)steps_per_epoch;
    return rise > 0.0 ? traits->sampling * clamp01((double)step / rise) : traits->sampling;
}
