/* sum_rows: sums over groups of consecutive rows. */
#include "backend/reference/kernels.h"

vae_status vae_reference_sum_rows(vae_call *call)
{
    const int64_t count = call->op->attributes.group.count;
    const int64_t elements = vae_shape_elements(vae_call_input_shape(call, 0));
    const int64_t columns = vae_shape_columns(vae_call_input_shape(call, 0));
    const double *x = call->inputs[0];
    double *y = call->outputs[0];
    for (int64_t i = 0; i < elements / count; ++i) {
        const int64_t group = i / columns, column = i % columns;
        y[i] = 0;
        for (int64_t r = 0; r < count; ++r)
            y[i] += x[(group * count + r) * columns + column];
    }
    return VAE_OK;
}
