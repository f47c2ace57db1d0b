/* The negative ELBO batch by batch; importance samples in runs of some hundred rows, added up as log Σ exp. */
#include "model/evaluate.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of one importance run: enough for efficient products, few enough for the caches. */
enum { ROWS_PER_RUN = 512 };

/* ---- log Σ exp ---- */

vae_log_sum vae_log_sum_start(void)
{
    return (vae_log_sum){.largest = -INFINITY};
}

void vae_log_sum_add(vae_log_sum *sum, double value)
{
    sum->count++;
    if (value > sum->largest) {
        sum->scaled_sum = sum->scaled_sum * exp(sum->largest - value) + 1.0;
        sum->largest = value;
    } else if (isnan(value)) {
        sum->scaled_sum = value;
    } else if (value > -INFINITY) {
        sum->scaled_sum += exp(value - sum->largest);
    }
}

double vae_log_sum_value(const vae_log_sum *sum)
{
    return sum->largest + log(sum->scaled_sum);
}

/* ---- Programs ---- */

typedef struct evaluator {
    const vae_evaluation_setup *setup;
    const vae_backend *backend;
    vae_data *data;
    vae_runner full, rest;        /* negative ELBO of a whole batch, and of the last short one */
    vae_runner bound, bound_rest; /* a whole run of importance samples, and the last short one */
    int64_t chunk, chunk_rest;    /* samples of an image in each of these */
    int64_t group;                /* images in an importance run */
    int64_t chunks;               /* importance runs of an image group */
    float *x, *codes;             /* of a batch */
    float *ll, *kl;               /* likewise */
    float *log_weight;            /* of a run's samples */
    double *per_image;
    double sum, squares; /* of log P(x) */
    double elbo_sum, elbo_squares;
} evaluator;

static int64_t elements_of(const evaluator *e)
{
    return vae_input_elements(&e->setup->model.design->input);
}

static vae_status open_runners(evaluator *e, int64_t batch)
{
    const vae_instance *model = &e->setup->model;
    const vae_build builds[] = {
        {.role = VAE_ROLE_EVALUATE, .rows = batch},
        {.role = VAE_ROLE_EVALUATE, .rows = e->setup->images.count % batch},
        {.role = VAE_ROLE_BOUND, .rows = e->chunk > 0 ? e->group : 0, .samples = e->chunk},
        {.role = VAE_ROLE_BOUND, .rows = e->chunk_rest > 0 ? e->group : 0, .samples = e->chunk_rest},
    };
    enum { RUNNERS = sizeof builds / sizeof *builds };
    vae_runner *const runners[RUNNERS] = {&e->full, &e->rest, &e->bound, &e->bound_rest};
    VAE_TRY(vae_instance_reserve(model, builds, RUNNERS));
    for (int i = 0; i < RUNNERS; ++i) {
        vae_data *data = builds[i].role == VAE_ROLE_EVALUATE ? e->data : NULL;
        if (builds[i].rows > 0) VAE_TRY(vae_runner_create(runners[i], model, builds[i], data));
    }
    return VAE_OK;
}

static vae_status allocate(evaluator *e, int64_t batch)
{
    /* A last group is filled up with copies, so there is room for one group more. */
    e->x = calloc((size_t)((batch + e->group) * elements_of(e)), sizeof *e->x);
    e->codes = calloc((size_t)(2 * batch * e->setup->model.design->traits.latent), sizeof *e->codes);
    e->ll = calloc((size_t)batch, sizeof *e->ll);
    e->kl = calloc((size_t)batch, sizeof *e->kl);
    e->log_weight = calloc((size_t)(e->group * ROWS_PER_RUN), sizeof *e->log_weight);
    if (e->x && e->codes && e->ll && e->kl && e->log_weight) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "evaluation: out of memory");
}

static vae_status open_evaluator(evaluator *e)
{
    const vae_evaluation_setup *s = e->setup;
    if (s->batch_size < 1 || s->images.count < 1) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "evaluation: there are no images");
    }
    const int64_t chunk = s->samples < ROWS_PER_RUN ? s->samples : ROWS_PER_RUN;
    e->chunk = chunk;
    e->chunk_rest = chunk > 0 ? s->samples % chunk : 0;
    e->group = chunk > 0 && chunk < ROWS_PER_RUN / 2 ? ROWS_PER_RUN / 2 / chunk : 1;
    /* Whole groups, so that which images share a run, and with that their noise, does not depend on the batch size. */
    const int64_t wanted = (s->batch_size + e->group - 1) / e->group * e->group;
    const int64_t batch = wanted < s->images.count ? wanted : s->images.count;
    e->chunks = chunk > 0 ? (s->samples + chunk - 1) / chunk : 0;
    VAE_TRY(allocate(e, batch));
    VAE_TRY(e->backend->data_create(s->model.device, &s->images, &e->data));
    return open_runners(e, batch);
}

static void close_evaluator(evaluator *e)
{
    vae_runner_destroy(&e->full);
    vae_runner_destroy(&e->rest);
    vae_runner_destroy(&e->bound);
    vae_runner_destroy(&e->bound_rest);
    e->backend->data_destroy(e->data);
    free(e->x);
    free(e->codes);
    free(e->ll);
    free(e->kl);
    free(e->log_weight);
}

/* ---- Negative ELBO ---- */

static vae_status add_codes(evaluator *e, const vae_runner *runner)
{
    VAE_TRY(vae_runner_read(runner, "code", e->codes));
    vae_latent_statistics_add_posterior(e->setup->latent, e->codes, runner->rows, vae_runner_columns(runner, "code"));
    return VAE_OK;
}

static vae_status run_elbo(evaluator *e, const vae_runner *runner, int64_t first)
{
    const vae_step step = {.seed = e->setup->seed, .step = (uint64_t)first, .first = first, .beta = 1.0};
    VAE_TRY(vae_runner_run(runner, &step));
    VAE_TRY(vae_runner_read(runner, "x", e->x));
    VAE_TRY(vae_runner_read(runner, "ll", e->ll));
    if (e->setup->model.design->traits.has_posterior) VAE_TRY(vae_runner_read(runner, "kl", e->kl));
    if (e->setup->latent) VAE_TRY(add_codes(e, runner));
    for (int64_t i = 0; i < runner->rows; ++i) {
        const double neg_elbo = (double)e->kl[i] - (double)e->ll[i];
        e->elbo_sum += neg_elbo;
        e->elbo_squares += neg_elbo * neg_elbo;
        if (e->per_image) e->per_image[first + i] = neg_elbo;
    }
    return VAE_OK;
}

static vae_status report(const evaluator *e, int64_t done)
{
    return e->setup->progress ? e->setup->progress(e->setup->progress_context, done) : VAE_OK;
}

/* ---- Importance sampling ---- */

static vae_status run_samples(evaluator *e, bool last, int64_t image, uint64_t step_number, vae_log_sum *sums)
{
    const vae_step step = {.seed = e->setup->seed, .step = step_number, .beta = 1.0};
    const vae_runner *runner = last ? &e->bound_rest : &e->bound;
    const int64_t samples = last ? e->chunk_rest : e->chunk;
    VAE_TRY(vae_runner_write(runner, "x", e->x + image * elements_of(e)));
    VAE_TRY(vae_runner_run(runner, &step));
    VAE_TRY(vae_runner_read(runner, "log_weight", e->log_weight));
    for (int64_t i = 0; i < e->group * samples; ++i)
        vae_log_sum_add(&sums[i / samples], (double)e->log_weight[i]);
    return VAE_OK;
}

/* All samples of the images [image, image + group) of the batch that begins with data set image `first`. */
static vae_status run_group(evaluator *e, int64_t first, int64_t image, int64_t in_batch)
{
    vae_log_sum sums[ROWS_PER_RUN] = {{0}};
    for (int64_t i = 0; i < e->group; ++i)
        sums[i] = vae_log_sum_start();
    for (int64_t chunk = 0; chunk < e->chunks; ++chunk) {
        const bool last = chunk == e->chunks - 1 && e->chunk_rest > 0;
        /* Noise is counted by image and run, whatever the batch size. */
        const uint64_t step = (uint64_t)((first + image) * e->chunks + chunk);
        VAE_TRY(run_samples(e, last, image, step, sums));
        VAE_TRY(report(e, first + image));
    }
    for (int64_t i = 0; i < e->group && image + i < in_batch; ++i) {
        const double log_likelihood = vae_log_sum_value(&sums[i]) - log((double)e->setup->samples);
        e->sum += log_likelihood;
        e->squares += log_likelihood * log_likelihood;
        if (e->per_image) e->per_image[first + image + i] = log_likelihood;
    }
    return VAE_OK;
}

static vae_status run_importance(evaluator *e, int64_t first, int64_t in_batch)
{
    for (int64_t image = 0; image < in_batch; image += e->group) {
        VAE_TRY(run_group(e, first, image, in_batch));
        const int64_t done = image + e->group < in_batch ? image + e->group : in_batch;
        VAE_TRY(report(e, first + done));
    }
    return VAE_OK;
}

/* ---- All of it ---- */

static double standard_error(double sum, double squares, int64_t count)
{
    if (count < 2) return NAN;
    const double mean = sum / (double)count;
    const double variance = (squares - mean * sum) / (double)(count - 1);
    return sqrt(fmax(variance, 0.0) / (double)count);
}

static double program_flops(const vae_program *program)
{
    double flops = 0;
    for (int32_t i = 0; i < program->op_count; ++i)
        flops += vae_op_cost(program, &program->ops[i]).flops;
    return flops;
}

static double importance_flops(const evaluator *e)
{
    if (e->chunks == 0) return 0;
    const double groups = ceil((double)e->setup->images.count / (double)e->group);
    const int64_t whole = e->chunks - (e->chunk_rest > 0);
    return groups * ((double)whole * program_flops(&e->bound.program) + program_flops(&e->bound_rest.program));
}

static vae_status summarise(evaluator *e, vae_evaluation *result)
{
    const int64_t count = e->setup->images.count;
    const bool weighted = e->setup->model.design->traits.is_weighted;
    double sums[VAE_METRIC_COUNT] = {0}, rest[VAE_METRIC_COUNT] = {0};
    VAE_TRY(e->backend->metrics_take(e->full.executable, sums));
    if (e->rest.executable) VAE_TRY(e->backend->metrics_take(e->rest.executable, rest));
    *result = (vae_evaluation){
        .count = count,
        .reconstruction = (sums[VAE_METRIC_RECONSTRUCTION] + rest[VAE_METRIC_RECONSTRUCTION]) / (double)count,
        .kl = (sums[VAE_METRIC_KL] + rest[VAE_METRIC_KL]) / (double)count,
        .bound = weighted ? (sums[VAE_METRIC_BOUND] + rest[VAE_METRIC_BOUND]) / (double)count : NAN,
        .neg_elbo_error = standard_error(e->elbo_sum, e->elbo_squares, count),
        .log_likelihood = e->setup->samples > 0 ? e->sum / (double)count : NAN,
        .log_likelihood_error = e->setup->samples > 0 ? standard_error(e->sum, e->squares, count) : NAN,
        .flops = importance_flops(e),
    };
    result->neg_elbo = result->reconstruction + result->kl;
    const vae_design *design = e->setup->model.design;
    result->bits_per_dimension = vae_design_bits_per_dimension(design, result->neg_elbo);
    result->log_likelihood_bits_per_dimension = vae_design_bits_per_dimension(design, -result->log_likelihood);
    return VAE_OK;
}

static vae_status evaluate(evaluator *e, vae_evaluation *result)
{
    const int64_t count = e->setup->images.count;
    VAE_TRY(open_evaluator(e));
    for (int64_t first = 0; first < count; first += e->full.rows) {
        const vae_runner *r = count - first < e->full.rows ? &e->rest : &e->full;
        VAE_TRY(run_elbo(e, r, first));
        VAE_TRY(e->setup->samples > 0 ? run_importance(e, first, r->rows) : report(e, first + r->rows));
    }
    return summarise(e, result);
}

vae_status vae_evaluate(const vae_evaluation_setup *setup, double *per_image, vae_evaluation *evaluation)
{
    evaluator e = {.setup = setup, .backend = setup->model.device->backend, .per_image = per_image};
    const vae_status status = evaluate(&e, evaluation);
    close_evaluator(&e);
    return status;
}
