/* From times of single steps to a measurement. */
#include "backend/measurement.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

typedef struct timed {
    double seconds;
    int64_t index;
} timed;

vae_status vae_step_times_create(int64_t wholes, int64_t repeats, int32_t parts, vae_step_times *times)
{
    *times = (vae_step_times){.wholes = wholes, .repeats = repeats, .parts = parts};
    times->whole = calloc((size_t)wholes, sizeof *times->whole);
    times->replays = calloc((size_t)wholes, sizeof *times->replays);
    times->each = calloc((size_t)repeats * (size_t)parts, sizeof *times->each);
    if (!times->whole || !times->replays || !times->each) {
        vae_step_times_free(times);
        return vae_error_set(VAE_ERROR_MEMORY, "measuring: out of memory");
    }
    for (int64_t i = 0; i < wholes; ++i)
        times->replays[i] = NAN;
    return VAE_OK;
}

void vae_step_times_free(vae_step_times *times)
{
    free(times->whole);
    free(times->replays);
    free(times->each);
    *times = (vae_step_times){0};
}

void vae_measurement_free(vae_measurement *measurement)
{
    free(measurement->parts);
    *measurement = (vae_measurement){0};
}

static int compare(const void *a, const void *b)
{
    const double x = ((const timed *)a)->seconds, y = ((const timed *)b)->seconds;
    return (x > y) - (x < y);
}

/* values[count], `stride` apart, in order. */
static void sort(const double *values, int64_t count, int32_t stride, timed *sorted)
{
    for (int64_t i = 0; i < count; ++i)
        sorted[i] = (timed){values[i * stride], i};
    qsort(sorted, (size_t)count, sizeof *sorted, compare);
}

static double median(const timed *sorted, int64_t count)
{
    return 0.5 * (sorted[(count - 1) / 2].seconds + sorted[count / 2].seconds);
}

static double sum_of_parts(const vae_step_times *times, int64_t step)
{
    double sum = 0.0;
    for (int32_t k = 0; k < times->parts; ++k)
        sum += times->each[step * times->parts + k];
    return sum;
}

/* The mean of the middle half. */
static double middle(const timed *sorted, int64_t count)
{
    const int64_t first = count / 4, end = count - first;
    double sum = 0.0;
    for (int64_t i = first; i < end; ++i)
        sum += sorted[i].seconds;
    return sum / (double)(end - first);
}

static void take_steps(const vae_step_times *times, timed *sorted, vae_measurement *m)
{
    sort(times->whole, times->wholes, 1, sorted);
    m->step_seconds = middle(sorted, times->wholes);
    m->step_median_seconds = median(sorted, times->wholes);
    m->replay_seconds = NAN;
    if (isnan(times->replays[0])) return;
    sort(times->replays, times->wholes, 1, sorted);
    m->replay_seconds = middle(sorted, times->wholes);
}

static void take_parts(const vae_step_times *times, timed *sorted, vae_measurement *m)
{
    const int64_t first = times->repeats / 4, end = times->repeats - first;
    for (int32_t k = 0; k < times->parts; ++k) {
        sort(times->each + k, times->repeats, times->parts, sorted);
        m->parts[k].median_seconds = median(sorted, times->repeats);
    }
    for (int64_t i = 0; i < times->repeats; ++i)
        sorted[i] = (timed){sum_of_parts(times, i), i};
    qsort(sorted, (size_t)times->repeats, sizeof *sorted, compare);
    for (int64_t i = first; i < end; ++i) {
        for (int32_t k = 0; k < times->parts; ++k)
            m->parts[k].seconds += times->each[sorted[i].index * times->parts + k] / (double)(end - first);
    }
}

vae_status vae_measurement_create(const vae_step_times *times, vae_measurement *measurement)
{
    const int64_t most = times->wholes > times->repeats ? times->wholes : times->repeats;
    timed *sorted = malloc((size_t)most * sizeof *sorted);
    *measurement = (vae_measurement){.count = times->parts, .repeats = times->repeats, .event_seconds = NAN};
    measurement->parts = calloc((size_t)times->parts, sizeof *measurement->parts);
    const bool allocated = sorted && measurement->parts;
    if (allocated) {
        take_steps(times, sorted, measurement);
        take_parts(times, sorted, measurement);
    } else {
        vae_measurement_free(measurement);
    }
    free(sorted);
    return allocated ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "measuring: out of memory");
}

vae_status vae_measurement_check(const double sums[VAE_METRIC_COUNT], const vae_step *step)
{
    if (vae_metrics_finite(sums)) return VAE_OK;
    return vae_error_set(VAE_ERROR_NUMERIC,
                         "the loss of step %" PRIu64 " is not finite, so times would be those of a model that has "
                         "diverged; try a lower learning_rate",
                         step->step);
}
