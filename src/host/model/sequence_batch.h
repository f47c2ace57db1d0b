/* Sequences side by side, as programs take them from the host: time-major, with their lengths. */
#ifndef VAE_MODEL_SEQUENCE_BATCH_H
#define VAE_MODEL_SEQUENCE_BATCH_H

#include "model/runner.h"

typedef struct vae_sequence_batch {
    int64_t rows, steps, elements;
    float *x;       /* [steps·rows, elements]; owned, as lengths */
    float *lengths; /* [rows]: 0 of rows that are not used */
} vae_sequence_batch;

/* Room for the largest batch; `rows` and `steps` may be set to less between runs, and elements stay. VAE_ERROR_MEMORY,
 * with nothing to free. */
vae_status vae_sequence_batch_create(int64_t rows, int64_t steps, int64_t elements, vae_sequence_batch *batch);
/* Also of a zeroed struct. */
void vae_sequence_batch_free(vae_sequence_batch *batch);

/* No row is used. */
void vae_sequence_batch_clear(vae_sequence_batch *batch);
/* Row `row` becomes item `item`, of at most batch->steps rows; behind its end it repeats its last row. Items are of
 * VAE_INT32 or VAE_FLOAT32, with offsets. */
void vae_sequence_batch_set(vae_sequence_batch *batch, int64_t row, const vae_column *items, int64_t item);

/* The `count` items at `which`, by a program of VAE_ROLE_ENCODE of the batch's rows and steps → codes [rows, 2·latent],
 * the log-variances behind the means. Rows that are too many are sequences without steps. */
vae_status vae_sequence_batch_encode(vae_sequence_batch *batch, const vae_runner *encode, const vae_column *items,
                                     const int64_t *which, int64_t count, float *codes);

#endif
