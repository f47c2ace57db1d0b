/* metrics.jsonl: one JSON object a line, appended while a run goes on, so that other tools can follow it. */
#ifndef VAE_TRAIN_METRICS_H
#define VAE_TRAIN_METRICS_H

#include <jansson.h>
#include <stdio.h>

#include "model/design.h"
#include "model/latent_statistics.h"

/* Numbers of a line, a row each: enumerator, name, when it is there, and of its curve the title, the unit and whether
 * what it shows can be negative. They are means per example; NAN stands for what is not defined. */
#define VAE_METRICS_FIELD_MAP(X)                                                                                       \
    /* reconstruction + kl, whatever beta is */                                                                        \
    X(NEG_ELBO, neg_elbo, VAE_FIELD_NEEDED, "Negative ELBO", "nats", VAE_ANY_SIGN)                                     \
    X(RECONSTRUCTION, reconstruction, VAE_FIELD_NEEDED, "Reconstruction", "nats", VAE_ANY_SIGN)                        \
    X(KL, kl, VAE_FIELD_NEEDED, "KL", "nats", VAE_NOT_NEGATIVE)                                                        \
    /* minus the importance-weighted bound of train.samples, of objectives that have one */                            \
    X(BOUND, bound, VAE_FIELD_OPTIONAL, "Negative importance-weighted bound", "nats", VAE_ANY_SIGN)                    \
    /* of neg_elbo: vae_design_bits_per_dimension */                                                                   \
    X(BITS_PER_DIMENSION, bits_per_dimension, VAE_FIELD_WRITTEN, "Bits per dimension", "", VAE_ANY_SIGN)               \
    X(BETA, beta, VAE_FIELD_WRITTEN, "β", "", VAE_NOT_NEGATIVE)                                                        \
    /* share of the tokens that the decoder reads from its own predictions */                                          \
    X(SCHEDULED_SAMPLING, scheduled_sampling, VAE_FIELD_OPTIONAL, "Scheduled sampling", "", VAE_NOT_NEGATIVE)          \
    X(LEARNING_RATE, learning_rate, VAE_FIELD_WRITTEN, "Learning rate", "", VAE_NOT_NEGATIVE)                          \
    /* global L2 norm before clipping, mean over the steps */                                                          \
    X(GRAD_NORM, grad_norm, VAE_FIELD_WRITTEN, "Gradient norm", "", VAE_NOT_NEGATIVE)                                  \
    X(IMAGES_PER_SECOND, images_per_second, VAE_FIELD_WRITTEN, "Speed", "images/s", VAE_NOT_NEGATIVE)                  \
    /* of texts: e to the negative ELBO of a token, ends of sentences counted */                                       \
    X(PERPLEXITY, perplexity, VAE_FIELD_OPTIONAL, "Perplexity", "", VAE_NOT_NEGATIVE)                                  \
    /* of sequences: tokens or strokes, likewise */                                                                    \
    X(SEQUENCE_STEPS_PER_SECOND, sequence_steps_per_second, VAE_FIELD_OPTIONAL, "Speed", "steps/s", VAE_NOT_NEGATIVE)  \
    /* of evaluations, see vae_latent_statistics_active() */                                                           \
    X(ACTIVE_UNITS, active_units, VAE_FIELD_OPTIONAL, "Active units", "", VAE_NOT_NEGATIVE)                            \
    /* likewise, an estimate: see model/mutual_information.h */                                                        \
    X(MUTUAL_INFORMATION, mutual_information, VAE_FIELD_OPTIONAL, "Mutual information of x and z", "nats",             \
      VAE_NOT_NEGATIVE)                                                                                                \
    /* of training with encoder_updates: mean over the steps */                                                        \
    X(ENCODER_UPDATES, encoder_updates, VAE_FIELD_OPTIONAL, "Updates of the encoder alone", "per step",                \
      VAE_NOT_NEGATIVE)

typedef enum vae_field_presence {
    VAE_FIELD_NEEDED,  /* null where it is not defined; readers refuse a line without it */
    VAE_FIELD_WRITTEN, /* null where it is not defined; older files may lack it */
    VAE_FIELD_OPTIONAL /* left out where it is not defined */
} vae_field_presence;

/* Estimates of what is not negative may be, a little. */
typedef enum vae_field_sign { VAE_ANY_SIGN, VAE_NOT_NEGATIVE } vae_field_sign;

#define ROW(NAME, name, presence, title, unit, sign) VAE_FIELD_##NAME,
typedef enum vae_metrics_field { VAE_METRICS_FIELD_MAP(ROW) VAE_FIELD_COUNT } vae_metrics_field;
#undef ROW

typedef struct vae_metrics_field_info {
    const char *name, *title, *unit;
    vae_field_presence presence;
    vae_field_sign sign;
    size_t offset; /* in vae_metrics_line, of a double */
} vae_metrics_field_info;

extern const vae_metrics_field_info vae_metrics_fields[VAE_FIELD_COUNT];

typedef struct vae_metrics_line {
    int64_t epoch; /* from 1 */
    int64_t step;  /* completed steps, over all epochs */
    /* "train": since the last such line; "train_epoch": over the epoch; "validation", "test": over that whole split */
    const char *split;
#define ROW(NAME, name, presence, title, unit, sign) double name;
    VAE_METRICS_FIELD_MAP(ROW)
#undef ROW
} vae_metrics_line;

/* One whose numbers are all undefined. */
vae_metrics_line vae_metrics_line_make(int64_t epoch, int64_t step, const char *split);
double vae_metrics_value(const vae_metrics_line *line, vae_metrics_field field);

/* The line's losses from the sums that a backend gathered. An autoencoder has no KL term and no ELBO; sums over no rows
 * give NAN. */
void vae_metrics_mean(const vae_design *design, const double sums[VAE_METRIC_COUNT], vae_metrics_line *line);

typedef struct vae_metrics_log {
    FILE *file;
    const char *path; /* borrowed */
    int64_t lines;
    int64_t missing; /* of the lines that were to be kept, those that were not there */
} vae_metrics_log;

/* Opens the file to append after its first `keep` lines; what follows them is cut off. VAE_ERROR_IO. */
vae_status vae_metrics_open(vae_metrics_log *log, const char *path, int64_t keep);
/* With `latent`, which may be NULL, the line has "kl_per_dimension" too: nats; null for an autoencoder. */
vae_status vae_metrics_write(vae_metrics_log *log, const vae_metrics_line *line, const vae_latent_statistics *latent);
/* [nats of each dimension]; null where `has_kl` is false, as of an autoencoder. */
json_t *vae_metrics_kl_to_json(const vae_latent_statistics *latent, bool has_kl);
/* Brings what was written to disk. */
vae_status vae_metrics_sync(vae_metrics_log *log);
void vae_metrics_close(vae_metrics_log *log);

#endif
