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

static vae_status run_all(vae_executable *executable, vae_host_run_timed *run, const vae_step *steps, int64_t warm_up,
                          const vae_step_times *times)
{
    /* Both ways of running a step touch the memory that they use. */
    for (int64_t i = 0; i < warm_up; ++i)
        VAE_TRY(i % 2 == 0 ? run_whole(executable, &steps[i], times->whole)
                           : run_by_op(executable, run, &steps[i], times->each));
    steps += warm_up;
    for (int64_t i = 0; i < times->repeats; ++i) {
        VAE_TRY(run_whole(executable, &steps[2 * i], &times->whole[i]));
        VAE_TRY(run_by_op(executable, run, &steps[2 * i + 1], &times->each[i * times->parts]));
    }
    return VAE_OK;
}

vae_status vae_host_executable_measure(vae_executable *executable, vae_host_run_timed *run, const vae_step *steps,
                                       int64_t warm_up, int64_t repeats, vae_measurement *measurement)
{
    const int32_t ops = vae_host_executable_program(executable)->op_count;
    vae_step_times times;
    VAE_TRY(vae_step_times_create(repeats, ops + 1, &times));
    vae_status status = run_all(executable, run, steps, warm_up, &times);
    if (!status) status = vae_measurement_create(&times, measurement);
    for (int32_t i = 0; !status && i <= ops; ++i)
        measurement->parts[i].op = i < ops ? i : -1;
    vae_step_times_free(&times);
    return status;
}
