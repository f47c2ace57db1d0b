/* Sequences of like lengths put together, so that programs of few shapes run all of them with little padding. */
#ifndef VAE_DATA_BUCKETS_H
#define VAE_DATA_BUCKETS_H

#include "data/mapping.h"

enum { VAE_MAX_BUCKETS = 16 };

/* A run of places in the order. */
typedef struct vae_bucket {
    int64_t first, count; /* places first … first + count - 1 */
    int64_t steps; /* rows of its longest item, begin and end counted: what a program of the bucket has room for */
} vae_bucket;

typedef struct vae_buckets {
    vae_bucket bucket[VAE_MAX_BUCKETS]; /* from short items to long ones; none is empty */
    int32_t count;
    /* [items]: the items by length, and those of one length as they come. Owned; in `mapping` where that is not empty.
     */
    int64_t *order;
    vae_mapping mapping;
    /* Steps of a decoder, one less than the rows of an item: of all items, and what full batches of the buckets run for
     * them, rows that fill up a bucket's last batch counted. */
    int64_t steps, padded_steps;
} vae_buckets;

/* Sorts items 0 … count - 1, rows offsets[i] … offsets[i + 1] - 1 each, into at most `most` buckets (1 …
 * VAE_MAX_BUCKETS) whose batches of `batch` rows run the fewest steps: boundaries are found by dynamic programming over
 * the histogram of lengths, of which very many are joined. folder: NULL, or where the order goes to a file without a
 * name instead of memory, for items that are themselves mapped. No items give no buckets. VAE_ERROR_MEMORY,
 * VAE_ERROR_IO. */
vae_status vae_buckets_make(const int64_t *offsets, int64_t count, int32_t most, int64_t batch, const char *folder,
                            vae_buckets *buckets);
/* Also of zeros. */
void vae_buckets_free(vae_buckets *buckets);
/* The share of padding in what batches run, in [0, 1). */
double vae_buckets_padding(const vae_buckets *buckets);
/* The bucket that has room for an item of so many rows; -1: it is longer than all of them. */
int32_t vae_buckets_find(const vae_buckets *buckets, int64_t rows);

#endif
