/* Reads ahead of a trainer: a thread asks the system for the pages of coming batches, in the order of the epoch's
 * permutation, where the data are mapped from a file. It changes when they come, never which. */
#ifndef VAE_DATA_PREFETCH_H
#define VAE_DATA_PREFETCH_H

#include "data/dataset.h"

typedef struct vae_prefetch vae_prefetch;

/* Which items come: those of batch `batch` of an epoch, of which there are `batches`. Called by the thread. */
typedef struct vae_prefetch_plan {
    const void *context; /* borrowed */
    int64_t batches;
    int64_t rows; /* items that a batch has at most */
    /* Writes them to items[rows], in any order; gives how many there are. */
    int64_t (*items)(const void *context, uint64_t epoch, int64_t batch, int64_t *items);
} vae_prefetch_plan;

/* *prefetch is NULL where the images are in memory; the other functions take that. The data set is borrowed. */
vae_status vae_prefetch_create(const vae_dataset *dataset, uint64_t seed, vae_prefetch **prefetch);
/* The same of sequences, whose batches come from buckets. */
vae_status vae_prefetch_create_sequences(const vae_dataset *dataset, const vae_prefetch_plan *plan,
                                         vae_prefetch **prefetch);
void vae_prefetch_destroy(vae_prefetch *prefetch);

/* Tells where the trainer is in which epoch: the position that the next batch begins at, or, of sequences, which batch
 * is next. Does not wait. */
void vae_prefetch_advance(vae_prefetch *prefetch, uint64_t epoch, int64_t next);

#endif
