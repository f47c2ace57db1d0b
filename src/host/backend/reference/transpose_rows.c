/* transpose_rows: rows of groups, with the place in the group before the group. */
#include <string.h>

#include "backend/reference/kernels.h"

vae_status vae_reference_transpose_rows(vae_call *call)
{
    const vae_shape *shape = vae_call_output_shape(call, 0);
    const int64_t rows = shape->size[0], columns = vae_shape_columns(shape);
    const int64_t count = call->op->attributes.group.count, groups = rows / count;
    const double *x = call->inputs[0];
    double *y = call->outputs[0];
    for (int64_t r = 0; r < rows; ++r) {
        const int64_t to = r % count * groups + r / count;
        memcpy(y + to * columns, x + r * columns, (size_t)columns * sizeof *y);
    }
    return VAE_OK;
}
