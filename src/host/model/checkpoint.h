/* Checkpoints: one safetensors file with the parameters, both Adam moments and, in its metadata, all that a run needs
 * to continue bit for bit: the configuration as INI text, the input's shape and scale, the step. Its format has a
 * version: docs/checkpoints.md says when that changes and what is promised of older ones. */
#ifndef VAE_MODEL_CHECKPOINT_H
#define VAE_MODEL_CHECKPOINT_H

#include "backend/backend.h"
#include "data/classes.h"
#include "model/design.h"

/* Where training stands. Noise and order are functions of these, so nothing else needs saving. */
typedef struct vae_progress {
    int64_t epoch;    /* epochs completed */
    int64_t step;     /* steps completed, over all epochs */
    double best_loss; /* lowest validation loss so far, INFINITY before any */
    int64_t epochs_since_best;
    int64_t schedule_waits;                 /* schedule = plateau: epochs since the best or the last drop of the rate */
    int64_t schedule_drops;                 /* likewise: drops so far */
    int64_t encoder_updates;                /* of the encoder alone so far: train.encoder_updates */
    int64_t encoder_caught_up;              /* the epoch after which these were over; 0: they are not */
    double mutual_information;              /* after the last epoch that had them; 0: there was none, or nothing */
    double epoch_sums[VAE_METRIC_COUNT];    /* of the unfinished epoch, so that its mean is whole after a resume */
    double interval_sums[VAE_METRIC_COUNT]; /* of the unfinished log interval, likewise */
    int64_t metric_lines;                   /* in metrics.jsonl when this was written; later ones go on a resume */
    int64_t train_images;                   /* of an epoch: a resume with another number is refused */
} vae_progress;

/* Bytes that go along with a model as they are, a tensor U8 of the file: "data.class_names" and
 * "data.column_names", whose names end in a zero byte each. */
typedef struct vae_attachment {
    char name[VAE_NAME_SIZE];
    int64_t size;
    char *data; /* [size] */
} vae_attachment;

typedef struct vae_checkpoint {
    vae_design design; /* owned */
    vae_progress progress;
    vae_dtype dtype;               /* of the arrays: FLOAT32 or FLOAT64 */
    void *arenas[VAE_ARENA_COUNT]; /* parameters, NULL, first and second moment; moments NULL if absent; owned */
    vae_attachment *attachments;   /* [attachment_count]; owned, as is their data */
    int32_t attachment_count;
} vae_checkpoint;

/* Writes to a temporary file in the same folder, fsyncs it and renames it over `path`; the name is on disk after
 * vae_file_sync_folder(). Tensors are named as in the layout, moments "adam.first_moment.<name>" and
 * "adam.second_moment.<name>". run.out is left out of the configuration: a checkpoint may be moved. VAE_ERROR_NUMERIC,
 * with `path` left as it was, if a number is NaN or infinite. */
vae_status vae_checkpoint_write(const vae_checkpoint *checkpoint, const char *path);

/* A file that is damaged, cut short, foreign, of a later format version, or whose tensors are not those of its own
 * configuration is one VAE_ERROR_FORMAT or VAE_ERROR_SHAPE that names the file and what was found. Nothing larger than
 * the file itself is ever allocated on its word. The metadata's crc32 covers all else in the file; a tool that rewrites
 * a checkpoint leaves that entry out. */
vae_status vae_checkpoint_read(const char *path, vae_checkpoint *checkpoint);
void vae_checkpoint_free(vae_checkpoint *checkpoint);
/* What the data of its model are, from the file's header alone; images where it does not say so, or is not such a file.
 */
vae_kind vae_checkpoint_peek_kind(const char *path);

#define VAE_ATTACHMENT_CLASS_NAMES "data.class_names"
#define VAE_ATTACHMENT_COLUMN_NAMES "data.column_names"
#define VAE_ATTACHMENT_VOCABULARY "data.vocabulary" /* of texts: the tokens by id */
/* Copies `size` bytes, at least one, to go along under a name that is new; it begins with "data.". */
vae_status vae_checkpoint_attach(vae_checkpoint *checkpoint, const char *name, const void *data, int64_t size);
/* NULL where there is none of that name. */
const vae_attachment *vae_checkpoint_attached(const vae_checkpoint *checkpoint, const char *name);
/* The vocabulary of a model of texts; of others one without tokens. VAE_ERROR_FORMAT if there are not as many as the
 * design has; *vocabulary is then empty. */
vae_status vae_checkpoint_vocabulary(const vae_checkpoint *checkpoint, vae_classes *vocabulary);
/* Σ log deviation of a design that is standardised, from the checkpoint's parameters: what a log-likelihood of x has
 * more than one of the values as the data have them. 0 of other designs. */
double vae_checkpoint_log_deviation(const vae_checkpoint *checkpoint);

#endif
