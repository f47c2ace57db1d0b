/* accumulate: adds a batch's losses to the metrics, summed in double. */
#include "backend/cpu/isa/level.h"

static vae_status run(vae_call *call)
{
    const float *rows = call->inputs[0];
    const int64_t count = vae_shape_elements(vae_call_input_shape(call, 0));
    double sum = 0.0;
    for (int64_t r = 0; r < count; ++r)
        sum += (double)rows[r];
    call->metrics[call->op->attributes.accumulate.target] += call->op->attributes.accumulate.sign * sum;
    call->metrics[VAE_METRIC_ROWS] += (double)call->op->attributes.accumulate.counted;
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_accumulate) = {.run = run};
