/* Makes the two programs, selects one by the rows that are left, and adds up the metrics of both. */
#include "train/batches.h"

#include <stdlib.h>
#include <string.h>

void vae_batches_builds(int64_t rows, int64_t batch, vae_role role, vae_build builds[2])
{
    builds[0] = (vae_build){role, rows >= batch ? batch : 0, 0};
    builds[1] = (vae_build){role, rows % batch, 0};
}

static vae_status create_runners(vae_batches *batches, const vae_instance *instance, vae_role role)
{
    vae_build builds[2];
    vae_batches_builds(batches->rows, batches->batch, role, builds);
    for (int i = 0; i < 2; ++i) {
        if (builds[i].rows == 0) continue;
        VAE_TRY(vae_runner_create(&batches->runners[i], instance, builds[i], batches->data));
    }
    return VAE_OK;
}

static vae_status allocate_codes(vae_batches *batches)
{
    const vae_runner *largest = &batches->runners[batches->runners[0].executable ? 0 : 1];
    const int64_t columns = vae_runner_columns(largest, "code");
    if (columns == 0) return VAE_OK;
    batches->codes = calloc((size_t)(largest->rows * columns), sizeof *batches->codes);
    return batches->codes ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "evaluation: out of memory");
}

vae_status vae_batches_create(vae_batches *batches, const vae_instance *instance, const vae_dataset *dataset,
                              int64_t batch, vae_role role)
{
    const int64_t rows = dataset->count;
    *batches = (vae_batches){.backend = instance->device->backend, .rows = rows, .batch = batch};
    batches->steps = (rows + batch - 1) / batch;
    const vae_column images = vae_dataset_images(dataset);
    vae_status status;
    VAE_TRY_GOTO(status, failure, batches->backend->data_create(instance->device, &images, &batches->data));
    VAE_TRY_GOTO(status, failure, create_runners(batches, instance, role));
    VAE_TRY_GOTO(status, failure, allocate_codes(batches));
    return VAE_OK;
failure:
    vae_batches_destroy(batches);
    return status;
}

void vae_batches_destroy(vae_batches *batches)
{
    if (!batches->backend) return;
    for (int i = 0; i < 2; ++i)
        vae_runner_destroy(&batches->runners[i]);
    batches->backend->data_destroy(batches->data);
    free(batches->codes);
    *batches = (vae_batches){0};
}

const vae_runner *vae_batches_select(const vae_batches *batches, int64_t index, vae_step *step, int64_t *rows)
{
    step->first = index * batches->batch;
    const int64_t left = batches->rows - step->first;
    *rows = left < batches->batch ? left : batches->batch;
    return &batches->runners[*rows < batches->batch];
}

vae_status vae_batches_take(const vae_batches *batches, double sums[VAE_METRIC_COUNT])
{
    for (int i = 0; i < 2; ++i) {
        if (!batches->runners[i].executable) continue;
        double part[VAE_METRIC_COUNT];
        VAE_TRY(batches->backend->metrics_take(batches->runners[i].executable, part));
        for (int k = 0; k < VAE_METRIC_COUNT; ++k)
            sums[k] += part[k];
    }
    return VAE_OK;
}

/* Reads the codes of the batch that ran last. */
static vae_status add_codes(const vae_batches *batches, const vae_runner *runner, vae_latent_statistics *latent)
{
    VAE_TRY(vae_runner_read(runner, "code", batches->codes));
    vae_latent_statistics_add_posterior(latent, batches->codes, runner->rows, vae_runner_columns(runner, "code"));
    return VAE_OK;
}

vae_status vae_batches_evaluate(const vae_batches *batches, uint64_t seed, double sums[VAE_METRIC_COUNT],
                                vae_latent_statistics *latent, const volatile sig_atomic_t *stop)
{
    memset(sums, 0, VAE_METRIC_COUNT * sizeof *sums);
    double stale[VAE_METRIC_COUNT] = {0}; /* of a pass that was stopped before */
    VAE_TRY(vae_batches_take(batches, stale));
    if (latent) vae_latent_statistics_reset(latent);
    for (int64_t i = 0; i < batches->steps; ++i) {
        if (stop && *stop) return vae_error_set(VAE_ERROR_INTERRUPTED, "evaluation was asked to stop");
        int64_t rows;
        vae_step step = {.seed = seed, .step = (uint64_t)i, .beta = 1.0};
        const vae_runner *runner = vae_batches_select(batches, i, &step, &rows);
        VAE_TRY(vae_runner_run(runner, &step));
        if (latent) VAE_TRY(add_codes(batches, runner, latent));
    }
    return vae_batches_take(batches, sums);
}
