/* metrics.jsonl: one JSON object a line, appended while a run goes on, so that other tools can follow it. */
#ifndef VAE_TRAIN_METRICS_H
#define VAE_TRAIN_METRICS_H

#include <jansson.h>
#include <stdio.h>

#include "model/builder.h"
#include "model/latent_statistics.h"

/* Means per example, in nats. NAN stands for what is not defined, and is written as null. */
typedef struct vae_metrics_line {
    int64_t epoch; /* from 1 */
    int64_t step;  /* completed steps, over all epochs */
    /* "train": since the last such line; "train_epoch": over the epoch; "validation", "test": over that whole split */
    const char *split;
    double neg_elbo; /* reconstruction + kl, whatever beta is */
    double reconstruction, kl;
    double bits_per_dimension; /* of neg_elbo: vae_model_bits_per_dimension */
    double beta, learning_rate;
    double grad_norm; /* global L2 norm before clipping, mean over the steps */
    double images_per_second;
    double bound; /* minus the importance-weighted bound of train.samples, of objectives that have one */
} vae_metrics_line;

/* The line's losses from the sums that a backend gathered. An autoencoder has no KL term and no ELBO; sums over no rows
 * give NAN. */
void vae_metrics_mean(const vae_config *config, const vae_input *input, const double sums[VAE_METRIC_COUNT],
                      vae_metrics_line *line);

typedef struct vae_metrics_log {
    FILE *file;
    const char *path; /* borrowed */
    int64_t lines;
    int64_t missing; /* of the lines that were to be kept, those that were not there */
} vae_metrics_log;

/* Opens the file to append after its first `keep` lines; what follows them is cut off. VAE_ERROR_IO. */
vae_status vae_metrics_open(vae_metrics_log *log, const char *path, int64_t keep);
/* With `latent`, which may be NULL, the line has "kl_per_dimension" (nats; null for an autoencoder) and "active_units"
 * too. */
vae_status vae_metrics_write(vae_metrics_log *log, const vae_metrics_line *line, const vae_latent_statistics *latent);
/* [nats of each dimension]; null where `has_kl` is false, as of an autoencoder. */
json_t *vae_metrics_kl_to_json(const vae_latent_statistics *latent, bool has_kl);
/* Brings what was written to disk. */
vae_status vae_metrics_sync(vae_metrics_log *log);
void vae_metrics_close(vae_metrics_log *log);

#endif
