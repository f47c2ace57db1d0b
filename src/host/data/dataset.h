/* A data set: images of one shape as bytes, optional labels. Each reader fills one; nothing else knows file formats. */
#ifndef VAE_DATA_DATASET_H
#define VAE_DATA_DATASET_H

#include "backend/backend.h"
#include "core/config.h"

typedef struct vae_dataset {
    uint8_t *pixels; /* [count, height, width, channels], owned */
    uint8_t *labels; /* [count] or NULL, owned */
    int64_t count;
    int64_t height, width, channels;
    bool borrowed; /* shares another data set's memory, which must outlive it */
} vae_dataset;

int64_t vae_dataset_elements(const vae_dataset *dataset); /* of one image */

/* The three parts a run uses. Static binarisation has been applied (pixels are then 0 or 255). */
typedef struct vae_splits {
    vae_dataset train, validation, test; /* count 0 where absent */
    double scale, shift;                 /* x = byte × scale + shift, from `normalise` */
} vae_splits;

/* Reads one IDX file of unsigned bytes, plain or gzip (magic decides, not the name): rank 3 → images of one channel,
 * rank 4 → [count, height, width, channels]. At most `limit` images are kept (0: all). */
vae_status vae_idx_read_images(const char *path, int64_t limit, vae_dataset *dataset);
/* Rank 1, into dataset->labels; the file must hold at least dataset->count labels (exactly, where limit is 0). */
vae_status vae_idx_read_labels(const char *path, int64_t limit, vae_dataset *dataset);
/* Reads the header alone: [count, height, width, channels]. */
vae_status vae_idx_read_shape(const char *path, int64_t shape[4]);
void vae_dataset_free(vae_dataset *dataset);

/* Opens what [data] names. `seed` keys static binarisation. */
/* Missing files are VAE_ERROR_CONFIG, damaged ones VAE_ERROR_FORMAT. */
vae_status vae_splits_open(const vae_config *config, vae_splits *splits);
void vae_splits_free(vae_splits *splits);

vae_images vae_dataset_images(const vae_dataset *dataset);

#endif
