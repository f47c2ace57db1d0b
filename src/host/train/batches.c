/* Makes the programs of a plan, selects the one of a batch, and adds up the metrics of all. */
#include "train/batches.h"

#include <stdlib.h>
#include <string.h>

static vae_status create_runners(vae_batches *batches, const vae_instance *instance, vae_part part)
{
    const vae_batch_plan *plan = &batches->plan;
    batches->runners = calloc((size_t)plan->count, sizeof *batches->runners);
    if (!batches->runners) return vae_error_set(VAE_ERROR_MEMORY, "batches: out of memory");
    /* The largest first, as it makes the memory that all take in turns (backend/workspace.h): of images that is the
     * first, of sequences the last, which are the longest. */
    const bool grows = plan->count > 0 && plan->groups[plan->count - 1].build.steps > plan->groups[0].build.steps;
    for (int32_t i = 0; i < plan->count; ++i) {
        const int32_t group = grows ? plan->count - 1 - i : i;
        vae_build build = plan->groups[group].build;
        build.part = part;
        VAE_TRY(vae_runner_create(&batches->runners[group], instance, build, batches->data));
    }
    return VAE_OK;
}

static vae_status allocate_codes(vae_batches *batches)
{
    int64_t most = 0;
    for (int32_t i = 0; i < batches->plan.count; ++i) {
        const int64_t rows = batches->runners[i].rows;
        most = rows > most ? rows : most;
    }
    const int64_t columns = vae_runner_columns(&batches->runners[0], "code");
    if (columns == 0) return VAE_OK;
    batches->codes = calloc((size_t)(most * columns), sizeof *batches->codes);
    return batches->codes ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "evaluation: out of memory");
}

vae_status vae_batches_create(vae_batches *batches, const vae_instance *instance, const vae_dataset *dataset,
                              vae_batch_plan *plan)
{
    *batches = (vae_batches){.backend = instance->device->backend, .plan = *plan};
    *plan = (vae_batch_plan){0};
    vae_column items = vae_dataset_images(dataset);
    items.order = batches->plan.buckets.order;
    vae_status status;
    VAE_TRY_GOTO(status, failure, batches->backend->data_create(instance->device, &items, &batches->data));
    VAE_TRY_GOTO(status, failure, create_runners(batches, instance, VAE_PART_ALL));
    VAE_TRY_GOTO(status, failure, allocate_codes(batches));
    return VAE_OK;
failure:
    vae_batches_destroy(batches);
    return status;
}

vae_status vae_batches_create_part(vae_batches *batches, const vae_instance *instance, const vae_batches *of,
                                   vae_part part)
{
    *batches = (vae_batches){.backend = of->backend, .plan = of->plan, .data = of->data, .borrows = true};
    const vae_status status = create_runners(batches, instance, part);
    if (status) vae_batches_destroy(batches);
    return status;
}

void vae_batches_destroy(vae_batches *batches)
{
    if (!batches->backend) return;
    for (int32_t i = 0; batches->runners && i < batches->plan.count; ++i)
        vae_runner_destroy(&batches->runners[i]);
    free(batches->runners);
    if (!batches->borrows) {
        batches->backend->data_destroy(batches->data);
        vae_batch_plan_free(&batches->plan);
    }
    free(batches->codes);
    *batches = (vae_batches){0};
}

const vae_runner *vae_batches_select(const vae_batches *batches, int64_t index, vae_step *step, int64_t *rows)
{
    const vae_batch_group *group = vae_batch_plan_select(&batches->plan, index, step, rows);
    return &batches->runners[group - batches->plan.groups];
}

vae_status vae_batches_take(const vae_batches *batches, double sums[VAE_METRIC_COUNT])
{
    for (int32_t i = 0; i < batches->plan.count; ++i) {
        double part[VAE_METRIC_COUNT];
        VAE_TRY(batches->backend->metrics_take(batches->runners[i].executable, part));
        for (int k = 0; k < VAE_METRIC_COUNT; ++k)
            sums[k] += part[k];
    }
    return VAE_OK;
}

/* Reads the codes of the batch that ran last. */
static vae_status add_codes(const vae_batches *batches, const vae_runner *runner, int64_t rows,
                            vae_latent_statistics *latent, vae_posterior_sample *sample)
{
    const int64_t columns = vae_runner_columns(runner, "code");
    if (columns == 0) return VAE_OK;
    VAE_TRY(vae_runner_read(runner, "code", batches->codes));
    vae_latent_statistics_add_posterior(latent, batches->codes, rows, columns);
    vae_posterior_sample_add(sample, batches->codes, rows, columns);
    return VAE_OK;
}

vae_status vae_batches_evaluate(const vae_batches *batches, uint64_t seed, double sums[VAE_METRIC_COUNT],
                                vae_latent_statistics *latent, vae_posterior_sample *sample,
                                const volatile sig_atomic_t *stop)
{
    memset(sums, 0, VAE_METRIC_COUNT * sizeof *sums);
    double stale[VAE_METRIC_COUNT] = {0}; /* of a pass that was stopped before */
    VAE_TRY(vae_batches_take(batches, stale));
    vae_latent_statistics_reset(latent);
    vae_posterior_sample_reset(sample);
    for (int64_t i = 0; i < batches->plan.batches; ++i) {
        if (stop && *stop) return vae_error_set(VAE_ERROR_INTERRUPTED, "evaluation was asked to stop");
        int64_t rows;
        vae_step step = {.seed = seed, .step = (uint64_t)i, .beta = 1.0};
        const vae_runner *runner = vae_batches_select(batches, i, &step, &rows);
        VAE_TRY(vae_runner_run(runner, &step));
        VAE_TRY(add_codes(batches, runner, rows, latent, sample));
    }
    return vae_batches_take(batches, sums);
}
