/* permute_columns: columns in another order. */
#include "backend/reference/kernels.h"

vae_status vae_reference_permute_columns(vae_call *call)
{
    const int64_t rows = vae_call_output_shape(call, 0)->size[0];
    const int64_t columns = vae_shape_columns(vae_call_output_shape(call, 0));
    const double *x = call->inputs[0];
    double *y = call->outputs[0];
    for (int64_t c = 0; c < columns; ++c) {
        const int64_t source = vae_column_source(&call->op->attributes.order, c);
        for (int64_t r = 0; r < rows; ++r)
            y[r * columns + c] = x[r * columns + source];
    }
    return VAE_OK;
}
