/* accumulate: the sum of a batch's losses, added to a metric. */
#include "backend/reference/kernels.h"

vae_status vae_reference_accumulate(vae_call *call)
{
    const double *rows = call->inputs[0];
    const int64_t count = vae_shape_elements(vae_call_input_shape(call, 0));
    double sum = 0;
    for (int64_t r = 0; r < count; ++r)
        sum += rows[r];
    call->metrics[call->op->attributes.accumulate.target] += call->op->attributes.accumulate.sign * sum;
    call->metrics[VAE_METRIC_ROWS] += (double)call->op->attributes.accumulate.counted;
    return VAE_OK;
}
