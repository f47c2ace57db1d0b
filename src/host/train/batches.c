/* Makes the two executables, selects one by the rows that are left, and adds up the metrics of both. */
#include "train/batches.h"

#include <stdlib.h>
#include <string.h>

static vae_status create_one(vae_batches *batches, const vae_batches_place *place, int which, int64_t rows,
                             vae_build_function *build)
{
    if (rows == 0) return VAE_OK;
    VAE_TRY(build(place->config, place->input, place->layout, rows, &batches->programs[which]));
    return batches->backend->executable_create(place->device, &batches->programs[which], place->store, batches->data,
                                               &batches->executables[which]);
}

static vae_status allocate_codes(vae_batches *batches)
{
    const vae_program *program = &batches->programs[batches->executables[0] ? 0 : 1];
    const vae_tensor code = vae_program_port(program, "code");
    if (code == VAE_NO_TENSOR) return VAE_OK;
    batches->codes = calloc((size_t)program->tensors[code].elements, sizeof *batches->codes);
    return batches->codes ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "evaluation: out of memory");
}

vae_status vae_batches_create(vae_batches *batches, const vae_batches_place *place, const vae_dataset *dataset,
                              int64_t batch, vae_build_function *build)
{
    const int64_t rows = dataset->count;
    *batches = (vae_batches){.backend = place->device->backend, .rows = rows, .batch = batch};
    batches->steps = (rows + batch - 1) / batch;
    const vae_column images = vae_dataset_images(dataset);
    vae_status status;
    VAE_TRY_GOTO(status, failure, batches->backend->data_create(place->device, &images, &batches->data));
    VAE_TRY_GOTO(status, failure, create_one(batches, place, 0, rows >= batch ? batch : 0, build));
    VAE_TRY_GOTO(status, failure, create_one(batches, place, 1, rows % batch, build));
    VAE_TRY_GOTO(status, failure, allocate_codes(batches));
    return VAE_OK;
failure:
    vae_batches_destroy(batches);
    return status;
}

void vae_batches_destroy(vae_batches *batches)
{
    if (!batches->backend) return;
    for (int i = 0; i < 2; ++i) {
        batches->backend->executable_destroy(batches->executables[i]);
        vae_program_free(&batches->programs[i]);
    }
    batches->backend->data_destroy(batches->data);
    free(batches->codes);
    *batches = (vae_batches){0};
}

vae_executable *vae_batches_select(const vae_batches *batches, int64_t index, vae_step *step, int64_t *rows)
{
    step->first = index * batches->batch;
    const int64_t left = batches->rows - step->first;
    *rows = left < batches->batch ? left : batches->batch;
    return batches->executables[*rows < batches->batch];
}

vae_status vae_batches_take(const vae_batches *batches, double sums[VAE_METRIC_COUNT])
{
    for (int i = 0; i < 2; ++i) {
        if (!batches->executables[i]) continue;
        double part[VAE_METRIC_COUNT];
        VAE_TRY(batches->backend->metrics_take(batches->executables[i], part));
        for (int k = 0; k < VAE_METRIC_COUNT; ++k)
            sums[k] += part[k];
    }
    return VAE_OK;
}

/* Reads the codes of the batch that ran last. */
static vae_status add_codes(const vae_batches *batches, const vae_executable *executable, vae_latent_statistics *latent)
{
    const int which = executable == batches->executables[1];
    const vae_program *program = &batches->programs[which];
    const vae_tensor code = vae_program_port(program, "code");
    const vae_shape *shape = &program->tensors[code].shape;
    VAE_TRY(batches->backend->tensor_read(batches->executables[which], code, VAE_FLOAT32, batches->codes));
    vae_latent_statistics_add_posterior(latent, batches->codes, shape->size[0], shape->size[1]);
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
        vae_executable *executable = vae_batches_select(batches, i, &step, &rows);
        VAE_TRY(batches->backend->executable_run(executable, &step));
        if (latent) VAE_TRY(add_codes(batches, executable, latent));
    }
    return vae_batches_take(batches, sums);
}
