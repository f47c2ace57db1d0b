/* Timing a step launch by launch, by events in its graph, and whole, as a trainer runs it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/cuda/internal.h"
#include "backend/measurement.h"
#include "core/clock.h"

/* A trainer lets steps run up to where it reads metrics; at least so many of these intervals are timed. */
enum { LEAST_INTERVALS = 8 };

typedef struct session {
    vae_executable *executable;
    const vae_measure_plan *plan;
    int32_t count;         /* launches */
    cudaEvent_t *events;   /* [count + 2], as vae_cuda_capture has them */
    cudaEvent_t around[2]; /* of an interval */
    cudaGraphExec_t timed; /* the step with those events */
    vae_step_times times;  /* parts: a pair of events with nothing between them, then the launches */
} session;

/* ---- Making ---- */

static vae_status make_events(session *s)
{
    s->events = calloc((size_t)s->count + 2, sizeof(cudaEvent_t));
    if (!s->events) return vae_error_set(VAE_ERROR_MEMORY, "measuring: out of memory");
    for (int32_t i = 0; i < s->count + 2; ++i) {
        VAE_CUDA_TRY("measuring", cudaEventCreateWithFlags, &s->events[i], cudaEventDefault);
    }
    for (int i = 0; i < 2; ++i) {
        VAE_CUDA_TRY("measuring", cudaEventCreateWithFlags, &s->around[i], cudaEventDefault);
    }
    return VAE_OK;
}

static vae_status make_graph(session *s)
{
    cudaGraph_t graph;
    VAE_TRY(vae_cuda_capture(s->executable, 0, s->count, s->events, &graph));
    const cudaError_t error = cudaGraphInstantiate(&s->timed, graph, 0);
    cudaGraphDestroy(graph);
    return error ? vae_cuda_failure(error, "cudaGraphInstantiate", "measuring") : VAE_OK;
}

static vae_status make_session(session *s)
{
    const int64_t interval = s->plan->read_interval, intervals = s->plan->repeats / interval;
    VAE_TRY(make_events(s));
    VAE_TRY(make_graph(s));
    return vae_step_times_create(intervals > LEAST_INTERVALS ? intervals : LEAST_INTERVALS, s->plan->repeats,
                                 s->count + 1, &s->times);
}

static void free_session(session *s)
{
    /* Nothing that the device still uses may go. */
    cudaStreamSynchronize(s->executable->device->stream);
    if (s->timed) cudaGraphExecDestroy(s->timed);
    for (int32_t i = 0; s->events && i < s->count + 2; ++i) {
        if (s->events[i]) cudaEventDestroy(s->events[i]);
    }
    for (int i = 0; i < 2; ++i) {
        if (s->around[i]) cudaEventDestroy(s->around[i]);
    }
    free(s->events);
    vae_step_times_free(&s->times);
}

/* ---- Timing ---- */

static vae_status elapsed(cudaEvent_t from, cudaEvent_t to, double *seconds)
{
    float milliseconds;
    VAE_CUDA_TRY("measuring", cudaEventElapsedTime, &milliseconds, from, to);
    *seconds = 1e-3 * (double)milliseconds;
    return VAE_OK;
}

static vae_status check_metrics(session *s, const vae_step *step)
{
    double sums[VAE_METRIC_COUNT];
    VAE_TRY(vae_cuda_metrics_take(s->executable, sums));
    return vae_measurement_check(sums, step);
}

/* As many steps as a trainer runs before it reads metrics. Events stand in front of the first and behind the last. */
static vae_status time_interval(session *s, int64_t at)
{
    const cudaStream_t stream = s->executable->device->stream;
    const int64_t steps = s->plan->read_interval;
    vae_step step;
    const double start = vae_clock_seconds();
    VAE_CUDA_TRY("measuring", cudaEventRecord, s->around[0], stream);
    for (int64_t i = 0; i < steps; ++i) {
        step = s->plan->next_step(s->plan->context);
        VAE_TRY(vae_cuda_executable_run(s->executable, &step));
    }
    VAE_CUDA_TRY("measuring", cudaEventRecord, s->around[1], stream);
    VAE_TRY(check_metrics(s, &step));
    s->times.whole[at] = (vae_clock_seconds() - start) / (double)steps;
    VAE_TRY(elapsed(s->around[0], s->around[1], &s->times.replays[at]));
    s->times.replays[at] /= (double)steps;
    return VAE_OK;
}

/* A step of its own batch, so that launches find in the caches what the launches before them left, as in training. */
static vae_status time_launches(session *s, double *each)
{
    const vae_step step = s->plan->next_step(s->plan->context);
    VAE_TRY(vae_cuda_executable_stage(s->executable, &step));
    VAE_CUDA_TRY("measuring", cudaGraphLaunch, s->timed, s->executable->device->stream);
    if (s->executable->staging) VAE_TRY(vae_cuda_staging_release(s->executable));
    VAE_TRY(check_metrics(s, &step));
    for (int32_t i = 0; i <= s->count; ++i)
        VAE_TRY(elapsed(s->events[i], s->events[i + 1], &each[i]));
    return VAE_OK;
}

static vae_status warm_up(session *s)
{
    for (int64_t i = 0; i < s->plan->warm_up; ++i)
        VAE_TRY(time_launches(s, s->times.each));
    return time_interval(s, 0);
}

/* Intervals and steps with events take turns. */
static vae_status time_all(session *s)
{
    const vae_step_times *times = &s->times;
    int64_t done = 0;
    VAE_TRY(warm_up(s));
    for (int64_t i = 0; i < times->wholes; ++i) {
        VAE_TRY(time_interval(s, i));
        for (const int64_t until = (i + 1) * times->repeats / times->wholes; done < until; ++done)
            VAE_TRY(time_launches(s, &times->each[done * times->parts]));
    }
    return VAE_OK;
}

/* ---- What is known of each launch ---- */

/* A graph that holds this launch alone. */
static vae_status count_nodes(const session *s, int32_t index, int32_t *nodes)
{
    cudaGraph_t graph;
    size_t count = 0;
    VAE_TRY(vae_cuda_capture(s->executable, index, 1, NULL, &graph));
    const cudaError_t error = cudaGraphGetNodes(graph, NULL, &count);
    cudaGraphDestroy(graph);
    *nodes = (int32_t)count;
    return error ? vae_cuda_failure(error, "cudaGraphGetNodes", "measuring") : VAE_OK;
}

/* What the product would carry if no epilogue were refused. */
static const char *wanted_epilogue(const vae_lowering *full, const vae_launch *launch)
{
    for (int32_t i = 0; i < full->count; ++i) {
        const vae_launch *other = &full->launches[i];
        if (other->kind == VAE_LAUNCH_MATMUL && other->op == launch->op &&
            other->as.matmul.product == launch->as.matmul.product) {
            return vae_epilogue_name(other->as.matmul.epilogue);
        }
    }
    return "";
}

static vae_status describe_product(const session *s, int32_t index, const vae_lowering *full,
                                   vae_measured_product *product)
{
    const vae_launch *launch = &s->executable->lowering.launches[index];
    vae_cuda_choice choice;
    VAE_TRY(vae_cuda_matmul_choice(s->executable->matmuls[index], &choice));
    *product = (vae_measured_product){
        .product = vae_product_name(launch->as.matmul.product),
        .epilogue = vae_epilogue_name(choice.epilogue),
        .wanted = wanted_epilogue(full, launch),
        .m = launch->as.matmul.m,
        .n = launch->as.matmul.n,
        .k = launch->as.matmul.k,
        .algorithm = choice.algorithm,
        .tile = choice.tile,
        .stages = choice.stages,
        .split_k = choice.split_k,
        .passed_over = choice.passed_over,
        .workspace_bytes = (int64_t)choice.workspace_bytes,
    };
    return VAE_OK;
}

static vae_status describe_launches(const session *s, vae_measured_part *parts)
{
    const vae_lowering *lowering = &s->executable->lowering;
    const vae_lowering_options options = {.bf16 = lowering->bf16};
    vae_lowering full;
    vae_status status = vae_lowering_create(lowering->program, options, &full);
    if (status) return status;
    for (int32_t i = 0; !status && i < s->count; ++i) {
        const vae_launch *launch = &lowering->launches[i];
        parts[i].op = launch->op;
        parts[i].kind = vae_launch_name(lowering, launch);
        parts[i].cost = vae_launch_cost(lowering, launch);
        status = count_nodes(s, i, &parts[i].nodes);
        if (!status && launch->kind == VAE_LAUNCH_MATMUL) status = describe_product(s, i, &full, &parts[i].product);
    }
    vae_lowering_free(&full);
    return status;
}

/* One more step, launch by launch, so that each product's operands are as it found them. */
static vae_status compare_products(const session *s, vae_measured_part *parts)
{
    const vae_step step = s->plan->next_step(s->plan->context);
    VAE_TRY(vae_cuda_executable_stage(s->executable, &step));
    for (int32_t i = 0; i < s->count; ++i) {
        VAE_TRY(vae_cuda_launch_and_wait(s->executable, i));
        if (s->executable->matmuls[i]) VAE_TRY(vae_cuda_product_compare(s->executable, i, &parts[i].product));
    }
    return s->executable->staging ? vae_cuda_staging_release(s->executable) : VAE_OK;
}

/* ---- Measuring ---- */

/* The first part is the pair of events that has nothing between it: no launch, but what each one's time has in it. */
static void take_event_cost(vae_measurement *m)
{
    m->event_seconds = m->parts[0].seconds;
    m->count--;
    for (int32_t i = 0; i < m->count; ++i)
        m->parts[i] = m->parts[i + 1];
}

static vae_status measure(session *s, vae_measurement *m)
{
    struct cudaDeviceProp properties;
    VAE_TRY(make_session(s));
    VAE_TRY(time_all(s));
    VAE_TRY(vae_measurement_create(&s->times, m));
    take_event_cost(m);
    VAE_TRY(describe_launches(s, m->parts));
    VAE_TRY(compare_products(s, m->parts));
    VAE_CUDA_TRY("device 0", cudaGetDeviceProperties, &properties, 0);
    snprintf(m->hardware, sizeof m->hardware, "%.79s", properties.name);
    return VAE_OK;
}

vae_status vae_cuda_executable_measure(vae_executable *executable, const vae_measure_plan *plan,
                                       vae_measurement *measurement)
{
    session s = {.executable = executable, .plan = plan, .count = executable->lowering.count};
    *measurement = (vae_measurement){0};
    const vae_status status = measure(&s, measurement);
    free_session(&s);
    if (status) vae_measurement_free(measurement);
    return status;
}
