/* Warm-up of learning rate and β, and decay of the rate along a cosine or in steps. */
#include "train/schedule.h"

#include <math.h>

#define PI 3.14159265358979323846

static double clamp01(double value)
{
    return fmin(fmax(value, 0.0), 1.0);
}

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

double vae_schedule_learning_rate(const vae_config *config, int64_t steps_per_epoch, int64_t step)
{
    double factor = 1.0;
    switch (config->train.schedule) {
    case VAE_SCHEDULE_CONSTANT: break;
    case VAE_SCHEDULE_COSINE: factor = cosine_factor(config, steps_per_epoch, step); break;
    case VAE_SCHEDULE_STEP: factor = step_factor(config, steps_per_epoch, step); break;
    }
    if (step < config->train.warmup_steps) factor *= ((double)step + 1.0) / (double)config->train.warmup_steps;
    return config->train.learning_rate * factor;
}

double vae_schedule_beta(const vae_config *config, int64_t steps_per_epoch, int64_t step)
{
    const double warmup = config->train.kl_warmup_epochs * (double)steps_per_epoch;
    return warmup > 0.0 ? config->train.beta * clamp01((double)step / warmup) : config->train.beta;
}
