/* gather_rows and scatter_rows: rows by their numbers, there and back. */
#include <stdlib.h>
#include <string.h>

#include "backend/check.h"
#include "backend/cpu/isa/level.h"

enum { PARALLEL_ELEMENTS = 8192, TILE = 64, BLOCK = 32 };

static vae_status check_all(const float *index, int64_t count, int64_t rows)
{
    for (int64_t r = 0; r < count; ++r)
        VAE_TRY(vae_check_index((double)index[r], r, rows));
    return VAE_OK;
}

static vae_status run(vae_call *call)
{
    const int64_t count = vae_call_output_shape(call, 0)->size[0], rows = vae_call_input_shape(call, 0)->size[0];
    const int64_t columns = vae_shape_columns(vae_call_output_shape(call, 0));
    const float *x = call->inputs[0], *index = call->inputs[1];
    float *y = call->outputs[0];
    const int threads = vae_call_threads(call);
    VAE_TRY(check_all(index, count, rows));
#pragma omp parallel for schedule(static) num_threads(threads) if (count * columns >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < count; ++r)
        memcpy(y + r * columns, x + (int64_t)index[r] * columns, (size_t)columns * sizeof *y);
    return VAE_OK;
}

/* ---- Back ---- */

/* Which rows of d_y belong to each row of d_x, in their order: those of row n are order[first[n]] … order[first[n + 1]
 * - 1]. */
typedef struct row_lists {
    int64_t *first; /* [rows + 1] */
    int64_t *order; /* [count] */
} row_lists;

static void release(vae_call *call)
{
    row_lists *lists = call->state;
    if (!lists) return;
    free(lists->first);
    free(lists->order);
    free(lists);
}

static vae_status prepare(vae_call *call)
{
    const int64_t count = vae_call_input_shape(call, 0)->size[0], rows = vae_call_output_shape(call, 0)->size[0];
    row_lists *lists = calloc(1, sizeof *lists);
    call->state = lists;
    if (lists) lists->first = calloc((size_t)rows + 1, sizeof *lists->first);
    if (lists) lists->order = calloc((size_t)count, sizeof *lists->order);
    if (lists && lists->first && lists->order) return VAE_OK;
    release(call);
    return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
}

/* A counting sort. */
static void sort_rows(const row_lists *lists, const float *index, int64_t count, int64_t rows)
{
    memset(lists->first, 0, (size_t)(rows + 1) * sizeof *lists->first);
    for (int64_t r = 0; r < count; ++r)
        lists->first[(int64_t)index[r] + 1]++;
    for (int64_t n = 0; n < rows; ++n)
        lists->first[n + 1] += lists->first[n];
    for (int64_t r = 0; r < count; ++r)
        lists->order[lists->first[(int64_t)index[r]]++] = r;
    /* Each now begins where it ended. */
    memmove(lists->first + 1, lists->first, (size_t)rows * sizeof *lists->first);
    lists->first[0] = 0;
}

/* Up to TILE columns of one row of d_x. */
static void sum_rows_of(const float *d_y, const int64_t *order, int64_t count, int64_t stride, float *d_x,
                        int64_t columns)
{
    double sums[TILE] = {0};
    for (int64_t i = 0; i < count; ++i) {
        const float *row = d_y + order[i] * stride;
        for (int64_t c = 0; c < columns; ++c)
            sums[c] += (double)row[c];
    }
    for (int64_t c = 0; c < columns; ++c)
        d_x[c] = (float)sums[c];
}

/* Rows begin … end - 1 of d_x. Of a large table most belong to no row of d_y, so whole runs of them are cleared. */
static void scatter_rows(const row_lists *lists, const float *d_y, float *d_x, int64_t begin, int64_t end,
                         int64_t columns)
{
    int64_t clear = begin;
    for (int64_t row = begin; row <= end; ++row) {
        const int64_t first = lists->first[row], count = row < end ? lists->first[row + 1] - first : 0;
        if (row < end && count == 0) continue;
        memset(d_x + clear * columns, 0, (size_t)((row - clear) * columns) * sizeof *d_x);
        clear = row + 1;
        for (int64_t column = 0; row < end && column < columns; column += TILE) {
            sum_rows_of(d_y + column, lists->order + first, count, columns, d_x + row * columns + column,
                        columns - column < TILE ? columns - column : TILE);
        }
    }
}

/* Threads take blocks of rows in turn, as a vocabulary's most frequent words stand together. */
static vae_status run_scatter(vae_call *call)
{
    const int64_t count = vae_call_input_shape(call, 0)->size[0], rows = vae_call_output_shape(call, 0)->size[0];
    const int64_t columns = vae_shape_columns(vae_call_output_shape(call, 0));
    const float *d_y = call->inputs[0], *index = call->inputs[1];
    float *d_x = call->outputs[0];
    const row_lists *lists = call->state;
    const int threads = vae_call_threads(call);
    VAE_TRY(check_all(index, count, rows));
    sort_rows(lists, index, count, rows);
#pragma omp parallel for schedule(static, 1) num_threads(threads) if ((count + rows) * columns >= PARALLEL_ELEMENTS)
    for (int64_t first = 0; first < rows; first += BLOCK)
        scatter_rows(lists, d_y, d_x, first, rows - first < BLOCK ? rows : first + BLOCK, columns);
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_gather_rows) = {.run = run};
const vae_kernel VAE_ISA_NAME(vae_cpu_scatter_rows) = {prepare, run_scatter, release};
