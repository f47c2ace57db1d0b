/* What changes from step to step by plan: learning rate and β, as pure functions of the step. */
#ifndef VAE_TRAIN_SCHEDULE_H
#define VAE_TRAIN_SCHEDULE_H

#include "config/config.h"

/* step counts from 0 over all epochs; steps_per_epoch ≥ 1.
 *
 * constant: train.learning_rate. cosine: from it down to schedule_floor × it at the end of the last epoch, along half a
 * cosine that starts after the warm-up (Loshchilov & Hutter 2017, without restarts). step: times schedule_factor after
 * every schedule_epochs epochs. All of them times (step + 1) / warmup_steps during the warm-up. */
double vae_schedule_learning_rate(const vae_config *config, int64_t steps_per_epoch, int64_t step);

/* The KL term's weight: train.beta, rising linearly from 0 over kl_warmup_epochs (Bowman et al. 2016). */
double vae_schedule_beta(const vae_config *config, int64_t steps_per_epoch, int64_t step);

#endif
