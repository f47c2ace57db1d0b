/* Models of sequences in use: encoding by buckets of lengths, generating step by step. */
#include "model/runtime_sequences.h"

#include <stdlib.h>
#include <string.h>

#include "data/buckets.h"
#include "model/runtime_internal.h"
#include "model/sequence_batch.h"

/* ---- Encoding ---- */

typedef struct encoding {
    const vae_column *items;
    const int64_t *order;
    int64_t latent;
    vae_sequence_batch batch;
    float *codes;               /* of a batch */
    float *mean, *log_variance; /* of all items; log_variance may be NULL */
} encoding;

static void take_code(const encoding *e, int64_t item, const float *code)
{
    const size_t bytes = (size_t)e->latent * sizeof *code;
    memcpy(e->mean + item * e->latent, code, bytes);
    if (e->log_variance) memcpy(e->log_variance + item * e->latent, code + e->latent, bytes);
}

static vae_status encode_batch(encoding *e, const vae_runner *runner, int64_t first, int64_t count)
{
    VAE_TRY(vae_sequence_batch_encode(&e->batch, runner, e->items, e->order + first, count, e->codes));
    for (int64_t r = 0; r < count; ++r)
        take_code(e, e->order[first + r], e->codes + r * 2 * e->latent);
    return VAE_OK;
}

static vae_status encode_bucket(encoding *e, const vae_instance *instance, const vae_bucket *bucket)
{
    const vae_build what = {.role = VAE_ROLE_ENCODE, .rows = VAE_SEQUENCE_ROWS, .steps = bucket->steps};
    vae_runner runner;
    VAE_TRY(vae_runner_create(&runner, instance, what, NULL));
    vae_status status = VAE_OK;
    e->batch.steps = bucket->steps;
    for (int64_t done = 0; !status && done < bucket->count; done += what.rows) {
        const int64_t left = bucket->count - done;
        status = encode_batch(e, &runner, bucket->first + done, left < what.rows ? left : what.rows);
    }
    vae_runner_destroy(&runner);
    return status;
}

static vae_status encode_all(encoding *e, const vae_instance *instance, const vae_buckets *buckets)
{
    const int64_t steps = buckets->bucket[buckets->count - 1].steps;
    e->order = buckets->order;
    VAE_TRY(vae_sequence_batch_create(VAE_SEQUENCE_ROWS, steps, e->items->elements, &e->batch));
    e->codes = malloc(VAE_SEQUENCE_ROWS * 2 * (size_t)e->latent * sizeof *e->codes);
    vae_status status = e->codes ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "codes: out of memory");
    for (int32_t i = 0; !status && i < buckets->count; ++i)
        status = encode_bucket(e, instance, &buckets->bucket[i]);
    vae_sequence_batch_free(&e->batch);
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

/* ---- Evaluating ---- */

vae_status vae_model_evaluate_sequences(vae_model *model, const vae_sequence_evaluation_setup *setup, double *per_item,
                                        vae_sequence_evaluation *evaluation)
{
    const vae_instance instance = {&model->checkpoint.design, model->device, model->store};
    VAE_TRY(require_sequences(model));
    return vae_evaluate_sequences(&instance, setup, per_item, evaluation);
}
