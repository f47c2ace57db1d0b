/* What changes from step to step by plan: learning rate, β and the share of scheduled sampling, as pure functions of
 * the step. */
#ifndef VAE_TRAIN_SCHEDULE_H
#define VAE_TRAIN_SCHEDULE_H

#include "model/design.h"

/* step counts from 0 over all epochs; steps_per_epoch ≥ 1.
 *
 * constant: train.learning_rate. cosine: from it down to schedule_floor × it at the end of the last epoch, along half a
 * cosine that starts after the warm-up (Loshchilov & Hutter 2017, without restarts). step: times schedule_factor after
 * every schedule_epochs epochs. exponential: schedule_minimum + (learning_rate - schedule_minimum) ·
 * schedule_rate^step (Ha & Eck 2017). plateau: times schedule_factor for
 * each of the `drops` that there were so far, whenever schedule_patience evaluations had brought nothing better; of
 * other schedules `drops` is 0. All of them times (step + 1) / warmup_steps during the warm-up. */
double vae_schedule_learning_rate(const vae_config *config, int64_t steps_per_epoch, int64_t step, int64_t drops);

/* The KL term's weight: train.beta, or what comes before it.
 *
 * linear: rises from beta_start over kl_warmup_epochs (Bowman et al. 2016). exponential: beta - (beta - beta_start) ·
 * kl_rate^step (Ha & Eck 2017). cyclical: the training is cut into kl_cycles cycles, and in each β rises linearly from
 * beta_start over the share kl_rise of it, then stays (Fu et al. 2019, equation 6). */
double vae_schedule_beta(const vae_config *config, int64_t steps_per_epoch, int64_t step);
/* For how many epochs, when `steps` steps are done, β has been train.beta without a break: of a linear schedule less
 * than 0 while it rises, of an exponential one as if it had come when a hundredth of the way is left. */
double vae_schedule_full_epochs(const vae_config *config, int64_t steps_per_epoch, int64_t steps);

/* The share of tokens that a decoder reads from its own predictions: rises linearly from 0 to traits.sampling over
 * sampling_epochs, then stays (Bengio et al. 2015, section 2.4: the linear decay of the true tokens' share). */
double vae_schedule_sampling(const vae_traits *traits, int64_t steps_per_epoch, int64_t step);

#endif
