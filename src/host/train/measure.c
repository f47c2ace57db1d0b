/* How long a training step takes, part by part. */
#include "train/measure.h"

#include <math.h>
#include <stdlib.h>

#include "core/clock.h"
#include "model/batch_plan.h"
#include "train/initialise.h"
#include "train/schedule.h"

/* Timed steps take about SECONDS; up to PATIENCE where that makes them enough for a steady mean. */
static const double SECONDS = 3.0, PATIENCE = 12.0;
enum { LEAST_REPEATS = 5, STEADY_REPEATS = 32, MOST_REPEATS = 4000, PROBES = 4 };
/* On a device that runs beside the host, whose clocks are not the host's. */
enum { DEFERRED_REPEATS = 200, LONGEST_INTERVAL = 100 };

/* What is needed to run steps. */
typedef struct session {
    const vae_measure_options *options;
    const vae_traits *traits;
    const vae_backend *backend;
    vae_store *store;
    vae_data *data;
    vae_executable *executable;
    vae_batch_plan plan; /* of sequences */
    vae_build build;
    vae_column items; /* that batches are taken from */
    int64_t batch;    /* rows */
    int64_t next;     /* the step that comes next */
} session;

/* ---- What a step is ---- */

/* All images are alike. Sequences are not: the bucket with the most steps in an epoch stands for the rest. */
static vae_status choose_items(session *s, const vae_design *design)
{
    const vae_measure_options *options = s->options;
    const int64_t wanted = options->config->train.batch_size, images = options->images.count;
    s->items = options->images;
    s->build = (vae_build){.role = VAE_ROLE_TRAIN, .rows = wanted < images ? wanted : images};
    if (!options->images.offsets) return VAE_OK;
    VAE_TRY(vae_batch_plan_make(design, &options->splits->train, wanted, VAE_ROLE_TRAIN, &s->plan));
    const vae_batch_group *most = s->plan.groups;
    for (int32_t i = 1; i < s->plan.count; ++i) {
        const vae_batch_group *group = &s->plan.groups[i];
        if (group->batches * group->build.steps > most->batches * most->build.steps) most = group;
    }
    s->build = most->build;
    s->items.order = s->plan.buckets.order;
    return VAE_OK;
}

static int64_t item_count(const session *s)
{
    return s->build.count > 0 ? s->build.count : s->items.count;
}

/* As a trainer has it, but that only full batches are taken, and that a run begins anew where its epochs end. */
static vae_step next_step(void *context)
{
    session *s = context;
    const vae_config *config = s->options->config;
    const int64_t index = s->next++, steps = item_count(s) / s->batch;
    const int64_t epochs = config->train.epochs > 0 ? config->train.epochs : 1, planned = index % (steps * epochs);
    return (vae_step){
        .seed = (uint64_t)config->train.seed,
        .step = (uint64_t)index,
        .epoch = (uint64_t)(index / steps),
        .first = index % steps * s->batch,
        .rows = s->batch,
        .share = 1.0,
        .beta = vae_schedule_beta(config, steps, planned),
        .sampling = vae_schedule_sampling(s->traits, steps, planned),
        .learning_rate = vae_schedule_learning_rate(config, steps, planned, 0),
        .adam_step = (uint64_t)index + 1,
    };
}

/* The seconds of a step: the shortest of a few. */
static vae_status probe(session *s, double *seconds)
{
    *seconds = INFINITY;
    for (int i = 0; i < PROBES; ++i) {
        double sums[VAE_METRIC_COUNT];
        const vae_step step = next_step(s);
        const double start = vae_clock_seconds();
        VAE_TRY(s->backend->executable_run(s->executable, &step));
        VAE_TRY(s->backend->metrics_take(s->executable, sums));
        *seconds = fmin(*seconds, vae_clock_seconds() - start);
    }
    return VAE_OK;
}

static vae_status choose_repeats(session *s, int64_t *repeats)
{
    double seconds;
    *repeats = s->options->repeats;
    if (*repeats > 0) return VAE_OK;
    VAE_TRY(probe(s, &seconds));
    const double steady = fmin(STEADY_REPEATS, PATIENCE / (2.0 * seconds));
    const double wanted = fmax(LEAST_REPEATS, fmax(steady, SECONDS / (2.0 * seconds)));
    *repeats = s->backend->deferred_metrics ? DEFERRED_REPEATS : (int64_t)fmin(wanted, MOST_REPEATS);
    return VAE_OK;
}

static vae_status run(session *s, vae_measurement *measurement)
{
    /* Metrics are read at an epoch's end as well; a longer interval would show nothing more. */
    const int64_t log = s->options->config->train.log_interval, epoch = item_count(s) / s->batch;
    const int64_t interval = log < epoch ? log : epoch;
    vae_measure_plan plan = {.next_step = next_step,
                             .context = s,
                             .read_interval = interval < LONGEST_INTERVAL ? interval : LONGEST_INTERVAL};
    VAE_TRY(choose_repeats(s, &plan.repeats));
    plan.warm_up = 1 + plan.repeats / 20;
    return s->backend->executable_measure(s->executable, &plan, measurement);
}

static vae_status prepare(session *s, vae_measured_step *m)
{
    const vae_measure_options *options = s->options;
    const vae_config *config = options->config;
    const vae_device_options device = {.threads = (int)config->run.threads,
                                       .precision = config->run.precision,
                                       .remarks = options->remarks,
                                       .choices = options->choices};
    VAE_TRY(vae_design_create(config, &options->input, &m->design));
    s->traits = &m->design.traits;
    VAE_TRY(choose_items(s, &m->design));
    s->batch = m->batch = s->build.rows;
    m->items = item_count(s);
    m->steps = s->build.steps;
    VAE_TRY(vae_design_build(&m->design, s->build, &m->program));
    VAE_TRY(vae_device_open(config->run.device, &device, &m->device));
    s->backend = m->device->backend;
    VAE_TRY(s->backend->store_create(m->device, &m->design.layout, true, &s->store));
    VAE_TRY(
        vae_initialise_store(m->device, s->store, &m->design.layout, options->splits, (uint64_t)config->train.seed));
    VAE_TRY(s->backend->data_create(m->device, &s->items, &s->data));
    return s->backend->executable_create(m->device, &m->program, s->store, s->data, &s->executable);
}

static void close_session(session *s)
{
    vae_batch_plan_free(&s->plan);
    if (!s->backend) return;
    s->backend->executable_destroy(s->executable);
    s->backend->data_destroy(s->data);
    if (s->store) s->backend->store_destroy(s->store);
}

vae_status vae_measure_step(const vae_measure_options *options, vae_measured_step *measured)
{
    session s = {.options = options};
    *measured = (vae_measured_step){.batch = 0};
    vae_status status = prepare(&s, measured);
    if (!status) status = run(&s, &measured->measurement);
    close_session(&s);
    if (status) vae_measured_step_free(measured);
    return status;
}

void vae_measured_step_free(vae_measured_step *measured)
{
    if (measured->device) measured->device->backend->device_close(measured->device);
    vae_measurement_free(&measured->measurement);
    vae_program_free(&measured->program);
    vae_design_free(&measured->design);
    *measured = (vae_measured_step){0};
}
