/* slice, pad and concat: runs of columns copied. Rows follow one another, so the runs of all rows are one list. */
#include <string.h>

#include "backend/cpu/isa/level.h"

enum { PARALLEL_ELEMENTS = 8192, LONG_RUN = 16 };

/* Of each run, `count` columns from one place to another, where zeros go beside them. The pointers are to the first
 * run.
 */
typedef struct column_copy {
    const float *from;
    float *to;
    int64_t from_width, to_width; /* from one run to the next */
    int64_t count;
    int64_t zeros_before, zeros_after;
} column_copy;

/* A short run costs less than a call. */
static void copy_run(const float *restrict from, float *restrict to, int64_t count)
{
    if (count >= LONG_RUN) {
        memcpy(to, from, (size_t)count * sizeof *to);
        return;
    }
    for (int64_t c = 0; c < count; ++c)
        to[c] = from[c];
}

static void clear_run(float *to, int64_t count)
{
    for (int64_t c = 0; c < count; ++c)
        to[c] = 0.0f;
}

static void copy_columns(const column_copy *copy, int64_t begin, int64_t end)
{
    for (int64_t run = begin; run < end; ++run) {
        float *to = copy->to + run * copy->to_width;
        clear_run(to, copy->zeros_before);
        copy_run(copy->from + run * copy->from_width, to + copy->zeros_before, copy->count);
        clear_run(to + copy->zeros_before + copy->count, copy->zeros_after);
    }
}

/* `width` is that of a run of y. */
static vae_status copy_all(const vae_call *call, const column_copy *copies, int count, int64_t width)
{
    const int64_t elements = vae_shape_elements(vae_call_output_shape(call, 0));
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads) if (elements >= PARALLEL_ELEMENTS)
    for (int part = 0; part < threads; ++part) {
        int64_t begin, end;
        vae_cpu_share(elements / width, 1, part, threads, &begin, &end);
        for (int i = 0; i < count; ++i)
            copy_columns(&copies[i], begin, end);
    }
    return VAE_OK;
}

static vae_status run_slice(vae_call *call)
{
    const int64_t width = call->op->attributes.slice.width, count = call->op->attributes.slice.count;
    const column_copy copy = {
        .from = (const float *)call->inputs[0] + call->op->attributes.slice.begin,
        .to = call->outputs[0],
        .from_width = width,
        .to_width = count,
        .count = count,
    };
    return copy_all(call, &copy, 1, count);
}

static vae_status run_pad(vae_call *call)
{
    const int64_t width = call->op->attributes.slice.width, count = call->op->attributes.slice.count;
    const int64_t begin = call->op->attributes.slice.begin;
    const column_copy copy = {
        .from = call->inputs[0],
        .to = call->outputs[0],
        .from_width = count,
        .to_width = width,
        .count = count,
        .zeros_before = begin,
        .zeros_after = width - begin - count,
    };
    return copy_all(call, &copy, 1, width);
}

static vae_status run_concat(vae_call *call)
{
    const int64_t a_width = call->op->attributes.concat.a_width, b_width = call->op->attributes.concat.b_width;
    const int64_t width = a_width + b_width;
    float *y = call->outputs[0];
    const column_copy copies[] = {
        {.from = call->inputs[0], .to = y, .from_width = a_width, .to_width = width, .count = a_width},
        {.from = call->inputs[1], .to = y + a_width, .from_width = b_width, .to_width = width, .count = b_width},
    };
    return copy_all(call, copies, 2, width);
}

const vae_kernel VAE_ISA_NAME(vae_cpu_slice) = {.run = run_slice};
const vae_kernel VAE_ISA_NAME(vae_cpu_pad) = {.run = run_pad};
const vae_kernel VAE_ISA_NAME(vae_cpu_concat) = {.run = run_concat};
