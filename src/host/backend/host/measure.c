/* Timing a step op by op, for backends whose ops run on the host. */
#include "backend/host/measure.h"

#include "backend/host/engine.h"
#include "backend/measurement.h"
#include "core/clock.h"

static vae_status run_whole(vae_executable *executable, const vae_step *step, double *seconds)
{
    double sums[VAE_METRIC_COUNT];
    const vae_backend *backend = vae_host_executable_device(executable)->backend;
    const double start = vae_clock_seconds();
    VAE_TRY(backend->executable_run(executable, step));
    VAE_TRY(backend->metrics_take(executable, sums));
    *seconds = vae_clock_seconds() - start;
    return vae_measurement_check(sums, step);
}

/* each[ops + 1]: behind the ops stands what is left of the step. */
static vae_status run_by_op(vae_executable *executable, vae_host_run_timed *run, const vae_step *step, double *each)
{
    double sums[VAE_METRIC_COUNT];
    const int32_t ops = vae_host_executable_program(executable)->op_count;
    const double start = vae_clock_seconds();
    VAE_TRY(run(executable, step, each));
    VAE_TRY(vae_host_metrics_take(executable, sums));
    each[ops] = vae_clock_seconds() - start;
    for (int32_t i = 0; i < ops; ++i)
        each[ops] -= each[i];
    return vae_measurement_check(sums, step);
}

static vae_status run_all(vae_executable *executable, vae_host_run_timed *run, const vae_measure_plan *plan,
                          const vae_step_times *times)
{
    for (int64_t i = -plan->warm_up; i < times->repeats; ++i) {
        const int64_t at = i < 0 ? 0 : i;
        vae_step step = plan->next_step(plan->context);
        VAE_TRY(run_whole(executable, &step, &times->whole[at]));
        step = plan->next_step(plan->context);
        VAE_TRY(run_by_op(executable, run, &step, &times->each[at * times->parts]));
    }
    return VAE_OK;
}

static void describe(const vae_program *program, vae_measured_part *parts)
{
    for (int32_t i = 0; i < program->op_count; ++i) {
        parts[i].op = i;
        parts[i].kind = vae_op_kind_name(program->ops[i].kind);
        parts[i].cost = vae_op_cost(program, &program->ops[i]);
    }
    parts[program->op_count].op = -1;
    parts[program->op_count].kind = "begin, end";
}

vae_status vae_host_executable_measure(vae_executable *executable, vae_host_run_timed *run,
                                       const vae_measure_plan *plan, vae_measurement *measurement)
{
    const vae_program *program = vae_host_executable_program(executable);
    vae_step_times times;
    VAE_TRY(vae_step_times_create(plan->repeats, plan->repeats, program->op_count + 1, &times));
    vae_status status = run_all(executable, run, plan, &times);
    if (!status) status = vae_measurement_create(&times, measurement);
    if (!status) describe(program, measurement->parts);
    vae_step_times_free(&times);
    return status;
}
