/* permute_columns: columns in another order, by a table made when the program is built. */
#include <stdlib.h>

#include "backend/cpu/isa/level.h"

enum { PARALLEL_ELEMENTS = 8192 };

static void release(vae_call *call)
{
    free(call->state);
}

static vae_status prepare(vae_call *call)
{
    const int64_t columns = vae_shape_columns(vae_call_output_shape(call, 0));
    int32_t *sources = malloc((size_t)columns * sizeof *sources);
    if (!sources) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    for (int64_t c = 0; c < columns; ++c)
        sources[c] = (int32_t)vae_column_source(&call->op->attributes.order, c);
    call->state = sources;
    return VAE_OK;
}

static void permute_row(const float *restrict x, const int32_t *restrict sources, float *restrict y, int64_t columns)
{
    for (int64_t c = 0; c < columns; ++c)
        y[c] = x[sources[c]];
}

static vae_status run(vae_call *call)
{
    const int64_t rows = vae_call_output_shape(call, 0)->size[0];
    const int64_t columns = vae_shape_columns(vae_call_output_shape(call, 0));
    const float *x = call->inputs[0];
    float *y = call->outputs[0];
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * columns >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows; ++r)
        permute_row(x + r * columns, call->state, y + r * columns, columns);
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_permute_columns) = {prepare, run, release};
