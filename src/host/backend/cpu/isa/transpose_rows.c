/* transpose_rows: rows of groups, with the place in the group before the group. */
#include <string.h>

#include "backend/cpu/isa/level.h"

enum { PARALLEL_ELEMENTS = 8192 };

static vae_status run(vae_call *call)
{
    const vae_shape *shape = vae_call_output_shape(call, 0);
    const int64_t rows = shape->size[0], columns = vae_shape_columns(shape);
    const int64_t count = call->op->attributes.group.count, groups = rows / count;
    const float *x = call->inputs[0];
    float *y = call->outputs[0];
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * columns >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows; ++r)
        memcpy(y + r * columns, x + (r % groups * count + r / groups) * columns, (size_t)columns * sizeof *y);
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_transpose_rows) = {.run = run};
