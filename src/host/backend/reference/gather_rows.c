/* gather_rows and scatter_rows: rows by their numbers, there and back. */
#include "backend/check.h"
#include "backend/reference/kernels.h"

vae_status vae_reference_gather_rows(vae_call *call)
{
    const int64_t count = vae_call_output_shape(call, 0)->size[0], rows = vae_call_input_shape(call, 0)->size[0];
    const int64_t columns = vae_shape_columns(vae_call_output_shape(call, 0));
    const double *x = call->inputs[0], *index = call->inputs[1];
    double *y = call->outputs[0];
    for (int64_t r = 0; r < count; ++r) {
        VAE_TRY(vae_check_index(index[r], r, rows));
        for (int64_t c = 0; c < columns; ++c)
            y[r * columns + c] = x[(int64_t)index[r] * columns + c];
    }
    return VAE_OK;
}

vae_status vae_reference_scatter_rows(vae_call *call)
{
    const int64_t count = vae_call_input_shape(call, 0)->size[0], rows = vae_call_output_shape(call, 0)->size[0];
    const int64_t columns = vae_shape_columns(vae_call_output_shape(call, 0));
    const double *d_y = call->inputs[0], *index = call->inputs[1];
    double *d_x = call->outputs[0];
    for (int64_t i = 0; i < rows * columns; ++i)
        d_x[i] = 0;
    for (int64_t r = 0; r < count; ++r) {
        VAE_TRY(vae_check_index(index[r], r, rows));
        for (int64_t c = 0; c < columns; ++c)
            d_x[(int64_t)index[r] * columns + c] += d_y[r * columns + c];
    }
    return VAE_OK;
}
