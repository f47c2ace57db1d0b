/* Reads metrics.jsonl back; train/metrics.h says what its lines hold. */
#ifndef VAE_TRAIN_METRICS_READ_H
#define VAE_TRAIN_METRICS_READ_H

#include <stdint.h>

#include "core/error.h"
#include "train/metrics.h"

#define VAE_METRICS_SPLIT_MAP(X)                                                                                       \
    X(TRAIN, "train") X(TRAIN_EPOCH, "train_epoch") X(VALIDATION, "validation") X(TEST, "test")

#define ROW(name, text) VAE_SPLIT_##name,
typedef enum vae_metrics_split { VAE_METRICS_SPLIT_MAP(ROW) VAE_SPLIT_COUNT } vae_metrics_split;
#undef ROW

extern const char *const vae_metrics_split_names[VAE_SPLIT_COUNT];

typedef struct vae_metrics_record {
    int64_t epoch, step;
    vae_metrics_split split;
    double values[VAE_FIELD_COUNT]; /* NAN: null, or not there */
    float *kl_per_dimension;        /* [dimensions], nats; NULL where the line has none; owned */
    int64_t dimensions;
} vae_metrics_record;

typedef struct vae_metrics_history {
    vae_metrics_record *records; /* in the order of the file */
    int64_t count;
} vae_metrics_history;

/* A file without lines gives no records. VAE_ERROR_IO; VAE_ERROR_FORMAT naming file:line and what was expected there.
 * Freed by vae_metrics_history_free() whatever the result. */
vae_status vae_metrics_read(const char *path, vae_metrics_history *history);
void vae_metrics_history_free(vae_metrics_history *history);

#endif
