/* After a NaN or an infinity came up: which tensor was the first. */
#ifndef VAE_TRAIN_DIAGNOSE_H
#define VAE_TRAIN_DIAGNOSE_H

#include "train/batches.h"

/* Sets the message "step 12 (epoch 1): <tensor> is not finite (…)" and returns VAE_ERROR_NUMERIC. The step that failed
 * is among the `count` up to `step` (one, where the metrics of every step are known); they lie in one epoch, whose
 * batch `index` is that of `step`. `sums` are the metrics that were found not to be finite; step->step counts from 0.
 */
vae_status vae_diagnose_step(const vae_batches *batches, const vae_instance *model, const vae_step *step, int64_t index,
                             int64_t count, const double sums[VAE_METRIC_COUNT]);

/* The same for an evaluation of the split called `split` after `epoch` epochs. */
vae_status vae_diagnose_evaluation(const vae_batches *batches, const char *split, int64_t epoch, uint64_t seed);

#endif
