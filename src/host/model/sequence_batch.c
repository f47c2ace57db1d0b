/* Fills batches of sequences. */
#include "model/sequence_batch.h"

#include <stdlib.h>
#include <string.h>

vae_status vae_sequence_batch_create(int64_t rows, int64_t steps, int64_t elements, vae_sequence_batch *batch)
{
    *batch = (vae_sequence_batch){.rows = rows, .steps = steps, .elements = elements};
    batch->x = malloc((size_t)(rows * steps * elements) * sizeof *batch->x);
    batch->lengths = malloc((size_t)rows * sizeof *batch->lengths);
    if (batch->x && batch->lengths) return VAE_OK;
    vae_sequence_batch_free(batch);
    return vae_error_set(VAE_ERROR_MEMORY, "sequences: out of memory");
}

void vae_sequence_batch_free(vae_sequence_batch *batch)
{
    free(batch->x);
    free(batch->lengths);
    *batch = (vae_sequence_batch){0};
}

void vae_sequence_batch_clear(vae_sequence_batch *batch)
{
    memset(batch->x, 0, (size_t)(batch->rows * batch->steps * batch->elements) * sizeof *batch->x);
    memset(batch->lengths, 0, (size_t)batch->rows * sizeof *batch->lengths);
}

static float number_at(const vae_column *items, int64_t index)
{
    return items->dtype == VAE_INT32 ? (float)((const int32_t *)items->values)[index]
                                     : ((const float *)items->values)[index];
}

void vae_sequence_batch_set(vae_sequence_batch *batch, int64_t row, const vae_column *items, int64_t item)
{
    const int64_t first = items->offsets[item], length = items->offsets[item + 1] - first;
    const int64_t elements = batch->elements;
    for (int64_t t = 0; t < batch->steps; ++t) {
        const int64_t from = (first + (t < length ? t : length - 1)) * elements;
        for (int64_t k = 0; k < elements; ++k)
            batch->x[(t * batch->rows + row) * elements + k] = number_at(items, from + k);
    }
    batch->lengths[row] = (float)length;
}

vae_status vae_sequence_batch_encode(vae_sequence_batch *batch, const vae_runner *encode, const vae_column *items,
                                     const int64_t *which, int64_t count, float *codes)
{
    const vae_step step = {.beta = 1.0};
    vae_sequence_batch_clear(batch);
    for (int64_t r = 0; r < count; ++r)
        vae_sequence_batch_set(batch, r, items, which[r]);
    VAE_TRY(vae_runner_write(encode, "x", batch->x));
    VAE_TRY(vae_runner_write(encode, "lengths", batch->lengths));
    VAE_TRY(vae_runner_run(encode, &step));
    return vae_runner_read(encode, "code", codes);
}
