/* Reads ahead of a trainer: a thread asks the system for the pages of coming batches, in the order of the epoch's
 * permutation, where the images are mapped from a file. It changes when pixels come, never which. */
#ifndef VAE_DATA_PREFETCH_H
#define VAE_DATA_PREFETCH_H

#include "data/dataset.h"

typedef struct vae_prefetch vae_prefetch;

/* *prefetch is NULL where the images are in memory; the other functions take that. The data set is borrowed. */
vae_status vae_prefetch_create(const vae_dataset *dataset, uint64_t seed, vae_prefetch **prefetch);
void vae_prefetch_destroy(vae_prefetch *prefetch);

/* Tells which position of which epoch the next batch begins at. Does not wait. */
void vae_prefetch_advance(vae_prefetch *prefetch, uint64_t epoch, int64_t first);

#endif
