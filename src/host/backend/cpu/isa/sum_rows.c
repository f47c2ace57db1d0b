/* sum_rows: sums over groups of consecutive rows. */
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/isa/level.h"

/* Threads share pieces of rows by columns. What these are, and with it the order of sums, depends on the shape alone.
 * Few columns are taken several rows at a time, as one wide row. */
enum { WIDTH = 256, PIECE_ELEMENTS = 16384, PARALLEL_ELEMENTS = 8192 };

typedef struct sum_plan {
    int64_t count, columns, groups;
    int64_t width;              /* of sums that are taken side by side */
    int64_t piece_rows, pieces; /* of a group */
    int64_t blocks;             /* of columns */
    double *partial;            /* [groups, pieces, columns] where there are several pieces, else NULL */
} sum_plan;

static int64_t quotient_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static void release(vae_call *call)
{
    sum_plan *plan = call->state;
    if (plan) free(plan->partial);
    free(plan);
}

static vae_status prepare(vae_call *call)
{
    sum_plan *plan = calloc(1, sizeof *plan);
    call->state = plan;
    if (!plan) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    plan->count = call->op->attributes.group.count;
    plan->columns = vae_shape_columns(vae_call_input_shape(call, 0));
    plan->groups = vae_shape_elements(vae_call_output_shape(call, 0)) / plan->columns;
    plan->blocks = quotient_up(plan->columns, WIDTH);
    plan->piece_rows = quotient_up(PIECE_ELEMENTS, plan->columns < WIDTH ? plan->columns : WIDTH);
    plan->pieces = quotient_up(plan->count, plan->piece_rows);
    const int64_t rows = plan->pieces > 1 ? plan->piece_rows : plan->count, fit = WIDTH / plan->columns;
    plan->width = plan->blocks > 1 ? WIDTH : plan->columns * (rows < fit ? rows : fit);
    if (plan->pieces == 1) return VAE_OK;
    plan->partial = calloc((size_t)(plan->groups * plan->pieces * plan->columns), sizeof *plan->partial);
    if (plan->partial) return VAE_OK;
    release(call);
    call->state = NULL;
    return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
}

static void add_four(const float *x, int64_t stride, int64_t width, double *sums)
{
    const float *x1 = x + stride, *x2 = x1 + stride, *x3 = x2 + stride;
#pragma omp simd
    for (int64_t i = 0; i < width; ++i)
        sums[i] += (double)((x[i] + x1[i]) + (x2[i] + x3[i]));
}

static void add_one(const float *x, int64_t width, double *sums)
{
#pragma omp simd
    for (int64_t i = 0; i < width; ++i)
        sums[i] += (double)x[i];
}

/* Lines of `width` numbers, of which the last may be cut: `elements` in all where they lie without gaps. */
static void add_lines(const float *x, int64_t stride, int64_t width, int64_t elements, double *sums)
{
    for (; elements >= 4 * width; elements -= 4 * width, x += 4 * stride)
        add_four(x, stride, width, sums);
    for (; elements > 0; elements -= width, x += stride)
        add_one(x, elements < width ? elements : width, sums);
}

/* The sums of a piece of a group over a block of columns. */
static void sum_piece(const sum_plan *plan, const float *x, int64_t group, int64_t piece, int64_t block, double *sums)
{
    const int64_t begin = piece * plan->piece_rows, left = plan->count - begin;
    const int64_t rows = left < plan->piece_rows ? left : plan->piece_rows;
    x += (group * plan->count + begin) * plan->columns + block * WIDTH;
    memset(sums, 0, WIDTH * sizeof *sums);
    if (plan->blocks > 1) {
        const int64_t rest = plan->columns - block * WIDTH, width = rest < WIDTH ? rest : WIDTH;
        add_lines(x, plan->columns, width, rows * width, sums);
        return;
    }
    add_lines(x, plan->width, plan->width, rows * plan->columns, sums);
    for (int64_t at = plan->columns; at < plan->width; at += plan->columns)
        for (int64_t c = 0; c < plan->columns; ++c)
            sums[c] += sums[at + c];
}

static void store(const sum_plan *plan, const double *sums, int64_t group, int64_t piece, int64_t block, float *y)
{
    const int64_t first = block * WIDTH, rest = plan->columns - first, width = rest < WIDTH ? rest : WIDTH;
    for (int64_t c = 0; c < width; ++c) {
        if (plan->partial) plan->partial[(group * plan->pieces + piece) * plan->columns + first + c] = sums[c];
        if (!plan->partial) y[group * plan->columns + first + c] = (float)sums[c];
    }
}

static void add_pieces(const sum_plan *plan, float *y)
{
    for (int64_t i = 0; i < plan->groups * plan->columns; ++i) {
        const double *partial = plan->partial + i / plan->columns * plan->pieces * plan->columns + i % plan->columns;
        double sum = 0.0;
        for (int64_t p = 0; p < plan->pieces; ++p)
            sum += partial[p * plan->columns];
        y[i] = (float)sum;
    }
}

static vae_status run(vae_call *call)
{
    const sum_plan *plan = call->state;
    const int64_t units = plan->groups * plan->pieces * plan->blocks;
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static)                                                                              \
    num_threads(threads) if (plan->groups * plan->count * plan->columns >= PARALLEL_ELEMENTS)
    for (int64_t unit = 0; unit < units; ++unit) {
        const int64_t block = unit % plan->blocks, rest = unit / plan->blocks;
        const int64_t piece = rest % plan->pieces, group = rest / plan->pieces;
        double sums[WIDTH];
        sum_piece(plan, call->inputs[0], group, piece, block, sums);
        store(plan, sums, group, piece, block, call->outputs[0]);
    }
    if (plan->partial) add_pieces(plan, call->outputs[0]);
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_sum_rows) = {prepare, run, release};
