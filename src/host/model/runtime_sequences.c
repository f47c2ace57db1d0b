/* Models of sequences in use: encoding by buckets of lengths, generating step by step. */
#include "model/runtime_sequences.h"

#include <stdlib.h>
#include <string.h>

#include "data/buckets.h"
#include "model/runtime_internal.h"

/* ---- Encoding ---- */

typedef struct encoding {
    const vae_column *items;
    const int64_t *order;
    int64_t latent;
    float *x, *lengths, *codes; /* a batch's */
    float *mean, *log_variance; /* of all items; log_variance may be NULL */
} encoding;

static float number_at(const vae_column *items, int64_t index)
{
    return items->dtype == VAE_INT32 ? (float)((const int32_t *)items->values)[index]
                                     : ((const float *)items->values)[index];
}

/* Time-major; behind its end an item repeats its last row. */
static void fill_row(const encoding *e, int64_t item, int64_t row, int64_t rows, int64_t steps)
{
    const int64_t first = e->items->offsets[item], length = e->items->offsets[item + 1] - first;
    const int64_t elements = e->items->elements;
    for (int64_t t = 0; t < steps; ++t) {
        const int64_t from = (first + (t < length ? t : length - 1)) * elements;
        for (int64_t k = 0; k < elements; ++k)
            e->x[(t * rows + row) * elements + k] = number_at(e->items, from + k);
    }
    e->lengths[row] = (float)length;
}

static void take_code(const encoding *e, int64_t item, const float *code)
{
    const size_t bytes = (size_t)e->latent * sizeof *code;
    memcpy(e->mean + item * e->latent, code, bytes);
    if (e->log_variance) memcpy(e->log_variance + item * e->latent, code + e->latent, bytes);
}

/* Rows that a last batch lacks are sequences without steps. */
static vae_status encode_batch(const encoding *e, const vae_runner *runner, const vae_build *what, int64_t first,
                               int64_t count)
{
    const vae_step step = {.beta = 1.0};
    memset(e->x, 0, (size_t)(what->steps * what->rows * e->items->elements) * sizeof *e->x);
    memset(e->lengths, 0, (size_t)what->rows * sizeof *e->lengths);
    for (int64_t r = 0; r < count; ++r)
        fill_row(e, e->order[first + r], r, what->rows, what->steps);
    VAE_TRY(vae_runner_write(runner, "x", e->x));
    VAE_TRY(vae_runner_write(runner, "lengths", e->lengths));
    VAE_TRY(vae_runner_run(runner, &step));
    VAE_TRY(vae_runner_read(runner, "code", e->codes));
    for (int64_t r = 0; r < count; ++r)
        take_code(e, e->order[first + r], e->codes + r * 2 * e->latent);
    return VAE_OK;
}

static vae_status encode_bucket(const encoding *e, const vae_instance *instance, const vae_bucket *bucket)
{
    const vae_build what = {.role = VAE_ROLE_ENCODE, .rows = VAE_SEQUENCE_ROWS, .steps = bucket->steps};
    vae_runner runner;
    VAE_TRY(vae_runner_create(&runner, instance, what, NULL));
    vae_status status = VAE_OK;
    for (int64_t done = 0; !status && done < bucket->count; done += what.rows) {
        const int64_t left = bucket->count - done;
        status = encode_batch(e, &runner, &what, bucket->first + done, left < what.rows ? left : what.rows);
    }
    vae_runner_destroy(&runner);
    return status;
}

static vae_status encode_all(encoding *e, const vae_instance *instance, const vae_buckets *buckets)
{
    const size_t steps = (size_t)buckets->bucket[buckets->count - 1].steps, rows = VAE_SEQUENCE_ROWS;
    e->order = buckets->order;
    e->x = malloc(steps * rows * (size_t)e->items->elements * sizeof *e->x);
    e->lengths = malloc(rows * sizeof *e->lengths);
    e->codes = malloc(rows * 2 * (size_t)e->latent * sizeof *e->codes);
    vae_status status =
        e->x && e->lengths && e->codes ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "codes: out of memory");
    for (int32_t i = 0; !status && i < buckets->count; ++i)
        status = encode_bucket(e, instance, &buckets->bucket[i]);
    free(e->x);
    free(e->lengths);
    free(e->codes);
    return status;
}

static vae_status require_sequences(const vae_model *model)
{
    if (vae_model_input(model)->kind != VAE_KIND_IMAGE) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "this model is not of sequences");
}

vae_status vae_model_encode_sequences(vae_model *model, const vae_column *items, float *mean, float *log_variance)
{
    const vae_instance instance = {&model->checkpoint.design, model->device, model->store};
    encoding e = {
        .items = items, .latent = vae_model_traits(model)->latent, .mean = mean, .log_variance = log_variance};
    vae_buckets buckets;
    VAE_TRY(require_sequences(model));
    VAE_TRY(vae_buckets_make(items->offsets, items->count, VAE_MAX_BUCKETS, VAE_SEQUENCE_ROWS, NULL, &buckets));
    const vae_status status = buckets.count > 0 ? encode_all(&e, &instance, &buckets) : VAE_OK;
    vae_buckets_free(&buckets);
    return status;
}

/* ---- Generating ---- */

vae_status vae_model_generate(vae_model *model, const vae_generation *what, vae_sequence_list *made)
{
    const vae_instance instance = {&model->checkpoint.design, model->device, model->store};
    VAE_TRY(require_sequences(model));
    if (!model->generator) VAE_TRY(vae_generator_create(&instance, VAE_SEQUENCE_ROWS, &model->generator));
    return vae_generate(model->generator, what, made);
}
