/* Posterior collapse: a decoder that has stopped to listen to its code (Bowman et al. 2016; Burda et al. 2016). */
#ifndef VAE_TRAIN_COLLAPSE_H
#define VAE_TRAIN_COLLAPSE_H

#include "model/latent_statistics.h"
#include "train/metrics.h"

/* Whether no dimension of the code carries anything after the epoch that has just ended: none is active by `latent`, of
 * the images held out, or, where those say nothing, `train`, the epoch's means, has less than 0.01 nats of KL a
 * dimension. Never true where there is too little to judge by: before β has its full weight for a whole epoch, in the
 * first 50 steps, and in the first two epochs at full weight, as slow starts recover, unless `last` says that no more
 * follow. Nor where there is no KL term to collapse under: objective ae, objective kl, β = 0. */
bool vae_collapse_seen(const vae_design *design, const vae_metrics_line *train, const vae_latent_statistics *latent,
                       bool last);

#endif
