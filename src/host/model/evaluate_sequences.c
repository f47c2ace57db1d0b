/* The negative ELBO in the batches of training's evaluation; importance samples bucket by bucket, in runs of as many
 * rows as memory is set aside for. */
#include "model/evaluate_sequences.h"

#include <math.h>
#include <stdlib.h>

#include "model/batch_plan.h"
#include "model/evaluate.h"
#include "model/sequence_batch.h"

/* Numbers that the activations of a run may have, about: 256 MiB of float32. */
static const int64_t NUMBERS_OF_A_RUN = (int64_t)1 << 26;
/* Of a step beside its logits: gates, states, embeddings. */
enum { NUMBERS_OF_A_STEP = 4096 };

/* How the importance samples of a bucket's items are cut into runs. */
typedef struct sample_plan {
    int64_t group;             /* items in a run */
    int64_t chunk, chunk_rest; /* samples of an item in a whole run, and in the last short one; 0: there is none */
    int64_t chunks;            /* runs of a group */
} sample_plan;

typedef struct evaluator {
    const vae_instance *model;
    const vae_sequence_evaluation_setup *setup;
    vae_dataset items; /* the first setup->count of the data set's; borrowed */
    vae_column column;
    vae_batch_plan plan;
    vae_data *data;
    double *reconstruction, *kl, *log_likelihood; /* [count], in the order of the data set */
    double steps;
    float *ll, *row_kl, *row_steps, *codes; /* of a batch */
    float *log_weight;                      /* of a run */
    vae_log_sum *sums;                      /* of a run's items */
    vae_sequence_batch batch;               /* of a run */
    int64_t done;
} evaluator;

static const vae_backend *backend_of(const evaluator *e)
{
    return e->model->device->backend;
}

/* ---- Plans ---- */

static sample_plan plan_samples(const evaluator *e, const vae_bucket *bucket)
{
    const int64_t wanted = e->setup->samples, vocabulary = e->model->design->input.vocabulary;
    const int64_t rows = NUMBERS_OF_A_RUN / (bucket->steps * (vocabulary + NUMBERS_OF_A_STEP));
    const int64_t most = rows > 0 ? rows : 1, chunk = wanted < most ? wanted : most;
    sample_plan p = {.group = 1, .chunk = chunk};
    if (chunk == 0) return p;
    p.chunk_rest = wanted % chunk;
    p.chunks = (wanted + chunk - 1) / chunk;
    if (chunk == wanted) p.group = most / chunk;
    if (p.group > bucket->count) p.group = bucket->count;
    return p;
}

static vae_build bound_build(const vae_bucket *bucket, const sample_plan *p, int64_t samples)
{
    return (vae_build){
        .role = VAE_ROLE_BOUND, .rows = samples > 0 ? p->group : 0, .samples = samples, .steps = bucket->steps};
}

/* Room for all programs, before the first of them is made. */
static vae_status reserve(const evaluator *e)
{
    vae_build builds[3 * VAE_MAX_BUCKETS];
    int count = 0;
    for (int32_t i = 0; i < e->plan.count; ++i) {
        const vae_bucket *bucket = &e->plan.buckets.bucket[i];
        const sample_plan p = plan_samples(e, bucket);
        builds[count++] = e->plan.groups[i].build;
        builds[count++] = bound_build(bucket, &p, p.chunk);
        builds[count++] = bound_build(bucket, &p, p.chunk_rest);
    }
    return vae_instance_reserve(e->model, builds, count);
}

static vae_status allocate(evaluator *e)
{
    const size_t count = (size_t)e->setup->count, latent = (size_t)e->model->design->traits.latent;
    int64_t rows = 1, group = 1, weights = 1;
    for (int32_t i = 0; i < e->plan.count; ++i) {
        const sample_plan p = plan_samples(e, &e->plan.buckets.bucket[i]);
        rows = e->plan.groups[i].build.rows > rows ? e->plan.groups[i].build.rows : rows;
        group = p.group > group ? p.group : group;
        weights = p.group * p.chunk > weights ? p.group * p.chunk : weights;
    }
    e->reconstruction = calloc(count, sizeof *e->reconstruction);
    e->kl = calloc(count, sizeof *e->kl);
    e->log_likelihood = calloc(count, sizeof *e->log_likelihood);
    e->ll = calloc((size_t)rows, sizeof *e->ll);
    e->row_kl = calloc((size_t)rows, sizeof *e->row_kl);
    e->row_steps = calloc((size_t)rows, sizeof *e->row_steps);
    e->codes = calloc((size_t)rows * 2 * latent, sizeof *e->codes);
    e->log_weight = calloc((size_t)weights, sizeof *e->log_weight);
    e->sums = calloc((size_t)group, sizeof *e->sums);
    const bool there = e->reconstruction && e->kl && e->log_likelihood && e->ll && e->row_kl && e->row_steps &&
                       e->codes && e->log_weight && e->sums;
    if (!there) return vae_error_set(VAE_ERROR_MEMORY, "evaluation: out of memory");
    const int64_t longest = e->plan.buckets.bucket[e->plan.buckets.count - 1].steps;
    return vae_sequence_batch_create(group, longest, e->column.elements, &e->batch);
}

static vae_status open_evaluator(evaluator *e)
{
    const vae_sequence_evaluation_setup *s = e->setup;
    if (s->count < 1 || s->batch_size < 1) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "evaluation: there are no items");
    }
    if (s->samples > 0 && !e->model->design->traits.has_posterior) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "log P(X) of a decoder only is no sum over codes: its negative "
                                                 "log-likelihood is exact");
    }
    e->items = *s->items;
    e->items.count = s->count;
    const int64_t batch = s->batch_size < s->count ? s->batch_size : s->count;
    VAE_TRY(vae_batch_plan_make(e->model->design, &e->items, batch, VAE_ROLE_EVALUATE, &e->plan));
    e->column = vae_dataset_images(&e->items);
    e->column.order = e->plan.buckets.order;
    VAE_TRY(allocate(e));
    VAE_TRY(reserve(e));
    return backend_of(e)->data_create(e->model->device, &e->column, &e->data);
}

static void close_evaluator(evaluator *e)
{
    if (e->data) backend_of(e)->data_destroy(e->data);
    vae_batch_plan_free(&e->plan);
    vae_sequence_batch_free(&e->batch);
    free(e->reconstruction);
    free(e->kl);
    free(e->log_likelihood);
    free(e->ll);
    free(e->row_kl);
    free(e->row_steps);
    free(e->codes);
    free(e->log_weight);
    free(e->sums);
}

static vae_status report(evaluator *e, int64_t items)
{
    e->done += items;
    return e->setup->progress ? e->setup->progress(e->setup->progress_context, e->done) : VAE_OK;
}

/* ---- Negative ELBO ---- */

static vae_status add_codes(const evaluator *e, const vae_runner *runner, int64_t rows)
{
    if (!e->setup->latent || !e->model->design->traits.has_posterior) return VAE_OK;
    VAE_TRY(vae_runner_read(runner, "code", e->codes));
    vae_latent_statistics_add_posterior(e->setup->latent, e->codes, rows, vae_runner_columns(runner, "code"));
    return VAE_OK;
}

static vae_status run_batch(evaluator *e, const vae_runner *runner, const vae_batch_group *group, const vae_step *step)
{
    const int64_t *items = e->plan.buckets.order + group->build.first + step->first;
    VAE_TRY(vae_runner_run(runner, step));
    VAE_TRY(vae_runner_read(runner, "ll", e->ll));
    VAE_TRY(vae_runner_read(runner, "steps", e->row_steps));
    if (e->model->design->traits.has_posterior) VAE_TRY(vae_runner_read(runner, "kl", e->row_kl));
    for (int64_t r = 0; r < step->rows; ++r) {
        e->reconstruction[items[r]] = -(double)e->ll[r];
        e->kl[items[r]] = (double)e->row_kl[r];
        e->steps += (double)e->row_steps[r];
    }
    VAE_TRY(add_codes(e, runner, step->rows));
    return report(e, step->rows);
}

/* Batches follow each other group by group. */
static vae_status run_group(evaluator *e, const vae_batch_group *group)
{
    vae_runner runner;
    VAE_TRY(vae_runner_create(&runner, e->model, group->build, e->data));
    vae_status status = VAE_OK;
    for (int64_t i = 0; !status && i < group->batches; ++i) {
        int64_t rows;
        vae_step step = {.seed = e->setup->seed, .step = (uint64_t)(group->first_batch + i), .beta = 1.0};
        vae_batch_plan_select(&e->plan, group->first_batch + i, &step, &rows);
        status = run_batch(e, &runner, group, &step);
    }
    vae_runner_destroy(&runner);
    return status;
}

/* ---- Importance sampling ---- */

/* The programs of a bucket. */
typedef struct bucket_run {
    const vae_bucket *bucket;
    sample_plan plan;
    vae_runner whole, rest;
} bucket_run;

static vae_status run_samples(evaluator *e, const bucket_run *b, int64_t chunk, uint64_t step_number)
{
    const bool last = chunk == b->plan.chunks - 1 && b->plan.chunk_rest > 0;
    const vae_runner *runner = last ? &b->rest : &b->whole;
    const int64_t samples = last ? b->plan.chunk_rest : b->plan.chunk;
    const vae_step step = {.seed = e->setup->seed, .step = step_number, .beta = 1.0};
    VAE_TRY(vae_runner_write(runner, "x", e->batch.x));
    VAE_TRY(vae_runner_write(runner, "lengths", e->batch.lengths));
    VAE_TRY(vae_runner_run(runner, &step));
    VAE_TRY(vae_runner_read(runner, "log_weight", e->log_weight));
    for (int64_t i = 0; i < b->plan.group * samples; ++i)
        vae_log_sum_add(&e->sums[i / samples], (double)e->log_weight[i]);
    return VAE_OK;
}

/* All samples of the items at places first … first + count - 1; the last group of a bucket is filled up with copies. */
static vae_status run_items(evaluator *e, const bucket_run *b, int64_t first, int64_t count)
{
    const int64_t *items = e->plan.buckets.order + first;
    for (int64_t r = 0; r < b->plan.group; ++r) {
        vae_sequence_batch_set(&e->batch, r, &e->column, items[r < count ? r : count - 1]);
        e->sums[r] = vae_log_sum_start();
    }
    for (int64_t chunk = 0; chunk < b->plan.chunks; ++chunk) {
        VAE_TRY(run_samples(e, b, chunk, (uint64_t)(first * b->plan.chunks + chunk)));
        VAE_TRY(report(e, 0));
    }
    for (int64_t r = 0; r < count; ++r)
        e->log_likelihood[items[r]] = vae_log_sum_value(&e->sums[r]) - log((double)e->setup->samples);
    return report(e, count);
}

static vae_status run_all_items(evaluator *e, bucket_run *b)
{
    const vae_build whole = bound_build(b->bucket, &b->plan, b->plan.chunk);
    const vae_build rest = bound_build(b->bucket, &b->plan, b->plan.chunk_rest);
    VAE_TRY(vae_runner_create(&b->whole, e->model, whole, NULL));
    if (rest.rows > 0) VAE_TRY(vae_runner_create(&b->rest, e->model, rest, NULL));
    e->batch.rows = b->plan.group;
    e->batch.steps = b->bucket->steps;
    for (int64_t done = 0; done < b->bucket->count; done += b->plan.group) {
        const int64_t left = b->bucket->count - done;
        VAE_TRY(run_items(e, b, b->bucket->first + done, left < b->plan.group ? left : b->plan.group));
    }
    return VAE_OK;
}

static vae_status run_importance(evaluator *e, const vae_bucket *bucket)
{
    bucket_run b = {.bucket = bucket, .plan = plan_samples(e, bucket)};
    const vae_status status = run_all_items(e, &b);
    vae_runner_destroy(&b.whole);
    vae_runner_destroy(&b.rest);
    return status;
}

/* ---- All of it ---- */

/* Mean and standard error of values, or of their sums with others, which may be NULL. */
static double mean_of(const double *values, const double *others, int64_t count, double *error)
{
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < count; ++i) {
        const double value = values[i] + (others ? others[i] : 0.0);
        sum += value;
        squares += value * value;
    }
    const double mean = sum / (double)count;
    const double variance = count > 1 ? (squares - mean * sum) / (double)(count - 1) : NAN;
    *error = sqrt(fmax(variance, 0.0) / (double)count);
    if (count < 2) *error = NAN;
    return mean;
}

static void summarise(const evaluator *e, double *per_item, vae_sequence_evaluation *result)
{
    const int64_t count = e->setup->count;
    const double items_per_step = (double)count / e->steps;
    double unused;
    *result = (vae_sequence_evaluation){.count = count, .steps = (int64_t)e->steps, .log_likelihood = NAN};
    result->log_likelihood_error = NAN;
    result->reconstruction = mean_of(e->reconstruction, NULL, count, &unused);
    result->kl = e->model->design->traits.has_posterior ? mean_of(e->kl, NULL, count, &unused) : NAN;
    result->neg_elbo = mean_of(e->reconstruction, e->kl, count, &result->neg_elbo_error);
    if (e->setup->samples > 0) {
        result->log_likelihood = mean_of(e->log_likelihood, NULL, count, &result->log_likelihood_error);
    }
    result->neg_elbo_per_step = result->neg_elbo * items_per_step;
    result->log_likelihood_per_step = result->log_likelihood * items_per_step;
    for (int64_t i = 0; per_item && i < count; ++i)
        per_item[i] = e->setup->samples > 0 ? e->log_likelihood[i] : e->reconstruction[i] + e->kl[i];
}

static vae_status evaluate(evaluator *e, double *per_item, vae_sequence_evaluation *result)
{
    VAE_TRY(open_evaluator(e));
    for (int32_t i = 0; i < e->plan.count; ++i)
        VAE_TRY(run_group(e, &e->plan.groups[i]));
    for (int32_t i = 0; e->setup->samples > 0 && i < e->plan.buckets.count; ++i)
        VAE_TRY(run_importance(e, &e->plan.buckets.bucket[i]));
    summarise(e, per_item, result);
    return VAE_OK;
}

vae_status vae_evaluate_sequences(const vae_instance *model, const vae_sequence_evaluation_setup *setup,
                                  double *per_item, vae_sequence_evaluation *evaluation)
{
    evaluator e = {.model = model, .setup = setup};
    const vae_status status = evaluate(&e, per_item, evaluation);
    close_evaluator(&e);
    return status;
}
