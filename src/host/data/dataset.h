/* A data set: images of one shape as bytes, optional labels. Each reader fills one; nothing else knows file formats. */
#ifndef VAE_DATA_DATASET_H
#define VAE_DATA_DATASET_H

#include "backend/backend.h"
#include "core/config.h"

typedef struct vae_dataset {
    uint8_t *pixels; /* [count, height, width, channels], owned unless borrowed */
    uint8_t *labels; /* [count] or NULL, owned likewise */
    int64_t count;
    int64_t height, width, channels;
    int64_t stored; /* images in the file, of which `count` were read; 0: not known */
    bool borrowed;  /* shares another data set's memory, which must outlive it */
} vae_dataset;

int64_t vae_dataset_elements(const vae_dataset *dataset); /* of one image */

/* The three parts a run uses. Static binarisation has been applied (pixels are then 0 or 255). */
typedef struct vae_splits {
    vae_dataset train, validation, test; /* count 0 where absent */
    double scale, shift;                 /* x = byte × scale + shift, from `normalise` */
} vae_splits;

/* Reads one IDX file of unsigned bytes, plain or gzip (magic decides, not the name): rank 3 → images of one channel,
 * rank 4 → [count, height, width, channels]. At most `limit` images are kept (0: all); beyond them nothing is read or
 * checked. Memory grows with what the file holds, whatever its header promises. VAE_ERROR_CONFIG if the file cannot be
 * opened, VAE_ERROR_FORMAT if its content is not such a file, VAE_ERROR_IO, VAE_ERROR_MEMORY; *dataset is then empty.
 */
vae_status vae_idx_read_images(const char *path, int64_t limit, vae_dataset *dataset);
/* Rank 1, the first dataset->count into dataset->labels, which was NULL. The file must hold exactly dataset->stored
 * labels; where that is not known, dataset->count, or more if limit is not 0. On failure *dataset is as it was. */
vae_status vae_idx_read_labels(const char *path, int64_t limit, vae_dataset *dataset);
/* Reads the header alone: [count, height, width, channels]. The same failures. */
vae_status vae_idx_read_shape(const char *path, int64_t shape[4]);
void vae_dataset_free(vae_dataset *dataset);

/* Opens what [data] names; messages begin with the key, after where a file gave it. The validation part is the last of
 * the training images that `limit` leaves, and borrows their memory. Static binarisation is keyed by [train] seed, at
 * (seed, VAE_STREAM_BINARISE_STATIC, 0 train, 1 validation or 2 test, element of the part), by the rule of `gather` in
 * program.h. VAE_ERROR_CONFIG for missing files and splits that cannot be, VAE_ERROR_FORMAT for damaged files; *splits
 * is then empty. */
vae_status vae_splits_open(const vae_config *config, vae_splits *splits);
void vae_splits_free(vae_splits *splits);

vae_images vae_dataset_images(const vae_dataset *dataset);

#endif
