#include "train/diagnose.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Puts the name of the first parameter whose gradient is not finite into `name`, "" if there is none. */
static vae_status find_gradient(const vae_batches_place *place, char *name, size_t size)
{
    name[0] = '\0';
    const vae_layout *layout = place->layout;
    double *gradients = malloc((size_t)layout->elements * sizeof *gradients);
    if (!gradients) return vae_error_set(VAE_ERROR_MEMORY, "gradients: out of memory");
    const vae_status status =
        place->device->backend->store_read(place->store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, gradients);
    for (int32_t p = 0; !status && p < layout->count && !name[0]; ++p) {
        const vae_parameter *parameter = &layout->parameters[p];
        const int64_t elements = vae_shape_elements(&parameter->shape);
        for (int64_t i = 0; i < elements; ++i) {
            if (isfinite(gradients[parameter->offset + i])) continue;
            snprintf(name, size, "the gradient of %s", parameter->name);
            break;
        }
    }
    free(gradients);
    return status;
}

static vae_status report_step(const vae_step *step, const char *name, const double sums[VAE_METRIC_COUNT])
{
    const double rows = fmax(sums[VAE_METRIC_ROWS], 1.0), steps = fmax(sums[VAE_METRIC_STEPS], 1.0);
    return vae_error_set(VAE_ERROR_NUMERIC,
                         "step %llu (epoch %llu): %s is not finite (reconstruction %g, KL %g, gradient norm %g, "
                         "learning rate %g)",
                         (unsigned long long)step->step + 1, (unsigned long long)step->epoch + 1,
                         name[0] ? name : "the loss", sums[VAE_METRIC_RECONSTRUCTION] / rows,
                         sums[VAE_METRIC_KL] / rows, sums[VAE_METRIC_GRADIENT_NORM] / steps, step->learning_rate);
}

vae_status vae_diagnose_step(const vae_batches *batches, const vae_batches_place *place, const vae_step *step,
                             int64_t index, int64_t count, const double sums[VAE_METRIC_COUNT])
{
    char name[VAE_NAME_SIZE + 32] = "";
    /* With a finite loss the gradient is at fault. It is looked at first: running a step again overwrites it, and the
     * update has already carried it into the parameters. */
    if (isfinite(sums[VAE_METRIC_RECONSTRUCTION]) && isfinite(sums[VAE_METRIC_KL])) {
        VAE_TRY(find_gradient(place, name, sizeof name));
        if (name[0]) return report_step(step, name, sums);
    }
    vae_step again = *step;
    for (int64_t back = count - 1; back >= 0; --back) {
        int64_t rows;
        again.step = step->step - (uint64_t)back;
        again.adam_step = step->adam_step - (uint64_t)back;
        vae_executable *executable = vae_batches_select(batches, index - back, &again, &rows);
        VAE_TRY(batches->backend->executable_find_nonfinite(executable, &again, name, sizeof name));
        if (name[0]) return report_step(&again, name, sums);
    }
    /* The forward pass is finite when run again, so only the backward pass can have failed. */
    VAE_TRY(find_gradient(place, name, sizeof name));
    return report_step(step, name, sums);
}

vae_status vae_diagnose_evaluation(const vae_batches *batches, const char *split, int64_t epoch, uint64_t seed)
{
    char name[VAE_NAME_SIZE] = "";
    for (int64_t i = 0; i < batches->steps && !name[0]; ++i) {
        int64_t rows;
        vae_step step = {.seed = seed, .step = (uint64_t)i, .beta = 1.0};
        vae_executable *executable = vae_batches_select(batches, i, &step, &rows);
        VAE_TRY(batches->backend->executable_find_nonfinite(executable, &step, name, sizeof name));
    }
    return vae_error_set(VAE_ERROR_NUMERIC, "after epoch %lld: %s is not finite on the %s images", (long long)epoch,
                         name[0] ? name : "the loss", split);
}
