/* Runs the suspect steps again, or looks through the gradients, and names the first tensor that is not finite. */
#include "train/diagnose.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_SIZE = VAE_NAME_SIZE + 96 };

/* Writes into `text` which parameter's gradient is the first that is not finite; if all are finite, the norm itself may
 * have overflowed, and the largest gradient tells where. */
static vae_status find_gradient(const vae_instance *model, char *text, size_t size)
{
    const vae_layout *layout = &model->design->layout;
    double *gradients = malloc((size_t)layout->elements * sizeof *gradients);
    if (!gradients) return vae_error_set(VAE_ERROR_MEMORY, "gradients: out of memory");
    const vae_status status =
        model->device->backend->store_read(model->store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, gradients);
    double largest = -1.0;
    for (int32_t p = 0; !status && p < layout->count && largest < INFINITY; ++p) {
        const vae_parameter *parameter = &layout->parameters[p];
        const int64_t elements = vae_shape_elements(&parameter->shape);
        for (int64_t i = 0; i < elements && largest < INFINITY; ++i) {
            const double value = fabs(gradients[parameter->offset + i]);
            if (isfinite(value) && value <= largest) continue;
            largest = isfinite(value) ? value : INFINITY;
            if (isfinite(value)) {
                snprintf(text, size, "the gradient's norm, whose largest part of %g is that of %s,", value,
                         parameter->name);
            } else {
                snprintf(text, size, "the gradient of %s", parameter->name);
            }
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

vae_status vae_diagnose_step(const vae_batches *batches, const vae_instance *model, const vae_step *step, int64_t index,
                             int64_t count, const double sums[VAE_METRIC_COUNT])
{
    char name[NAME_SIZE] = "";
    /* With a finite loss the gradient is at fault. It is looked at first: running a step again overwrites it, and the
     * update has already carried it into the parameters. */
    if (vae_metrics_finite(sums)) {
        VAE_TRY(find_gradient(model, name, sizeof name));
        return report_step(step, name, sums);
    }
    vae_step again = *step;
    for (int64_t back = count - 1; back >= 0; --back) {
        int64_t rows;
        again.step = step->step - (uint64_t)back;
        again.adam_step = step->adam_step - (uint64_t)back;
        const vae_runner *runner = vae_batches_select(batches, index - back, &again, &rows);
        VAE_TRY(batches->backend->executable_find_nonfinite(runner->executable, &again, name, sizeof name));
        if (name[0]) return report_step(&again, name, sums);
    }
    /* The forward pass is finite when run again, so only the backward pass can have failed. */
    VAE_TRY(find_gradient(model, name, sizeof name));
    return report_step(step, name, sums);
}

vae_status vae_diagnose_evaluation(const vae_batches *batches, const char *split, int64_t epoch, uint64_t seed)
{
    char name[VAE_NAME_SIZE] = "";
    for (int64_t i = 0; i < batches->plan.batches && !name[0]; ++i) {
        int64_t rows;
        vae_step step = {.seed = seed, .step = (uint64_t)i, .beta = 1.0};
        const vae_runner *runner = vae_batches_select(batches, i, &step, &rows);
        VAE_TRY(batches->backend->executable_find_nonfinite(runner->executable, &step, name, sizeof name));
    }
    return vae_error_set(VAE_ERROR_NUMERIC, "after epoch %lld: %s is not finite on the %s images", (long long)epoch,
                         name[0] ? name : "the loss", split);
}
