/* Tells a collapsed posterior from one that has only begun to learn. */
#include "train/collapse.h"

#include "train/schedule.h"

#define LEAST_KL 0.01 /* nats a dimension, on average */
enum { LEAST_STEPS = 50, LEAST_EPOCHS = 3 };

static bool can_be_judged(const vae_design *design, const vae_metrics_line *train, bool last)
{
    const vae_config *config = &design->config;
    const vae_traits *traits = &design->traits;
    const double full_weight =
        train->epoch > 0 ? vae_schedule_full_epochs(config, train->step / train->epoch, train->step) : 0;
    if (!traits->has_posterior || !traits->fits_decoder || !(config->train.beta > 0.0)) return false;
    return train->step >= LEAST_STEPS && full_weight >= (last ? 1 : LEAST_EPOCHS);
}

bool vae_collapse_seen(const vae_design *design, const vae_metrics_line *train, const vae_latent_statistics *latent,
                       bool last)
{
    if (!can_be_judged(design, train, last)) return false;
    if (latent->count > 0) return vae_latent_statistics_active(latent) == 0;
    return train->kl < LEAST_KL * (double)design->traits.latent;
}
