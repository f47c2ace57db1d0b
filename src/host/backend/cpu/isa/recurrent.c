/* The way of a recurrent op through its steps, what is added up on the way back, and the memory for it. */
#include "backend/cpu/isa/recurrent.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backend/host/arena.h"
#include "core/random.h"

enum { LINE = 16 /* numbers in a cache line */ };

static int64_t ceiling(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int64_t whole_lines(int64_t numbers)
{
    return ceiling(numbers, LINE) * LINE;
}

/* ---- Rows ---- */

int64_t VAE_ISA_NAME(vae_cpu_recurrent_previous)(const vae_recurrent_share *share, int64_t row)
{
    const vae_recurrent_pass *pass = share->pass;
    if (!pass->options.attributes.reverse) return share->at - 1;
    return share->at + 1 < pass->lengths[row] ? share->at + 1 : -1;
}

void VAE_ISA_NAME(vae_cpu_recurrent_copy)(const vae_recurrent_share *share, const float *source, float *target,
                                          int64_t columns)
{
    const int64_t first = share->begin * columns;
    const size_t size = (size_t)((share->end - share->begin) * columns) * sizeof *target;
    if (!target || source == target) return;
    if (source) {
        memcpy(target + first, source + first, size);
    } else {
        memset(target + first, 0, size);
    }
}

void VAE_ISA_NAME(vae_cpu_recurrent_clear)(const vae_recurrent_share *share, float *values, int64_t columns)
{
    for (int64_t r = share->begin; r < share->end && values; ++r) {
        if (share->at < share->pass->lengths[r]) continue;
        memset(values + vae_recurrent_place(share, r) * columns, 0, (size_t)columns * sizeof *values);
    }
}

static void find_active(vae_recurrent_share *share)
{
    share->count = 0;
    for (int64_t r = share->begin; r < share->end; ++r)
        if (share->at < share->pass->lengths[r]) share->active[share->count++] = (int32_t)r;
}

void VAE_ISA_NAME(vae_cpu_recurrent_draw)(const vae_recurrent_share *share)
{
    const vae_recurrent_options *o = &share->pass->options;
    const int64_t stride = share->pass->mask_stride;
    const uint64_t seed = share->step->seed, step = share->step->step;
    const uint32_t stream = o->attributes.stream;
    const float rate = (float)o->attributes.dropout, scale = (float)(1.0 / (1.0 - o->attributes.dropout));
    for (int64_t j = 0; j < share->count; ++j) {
        const int64_t row = share->step->first_row * o->samples + share->active[j];
        const uint64_t block = vae_recurrent_element(row, share->at, o->hidden, 0) / 4;
        float *mask = share->masks + j * stride;
#pragma omp simd
        for (int64_t b = 0; b < stride / 4; ++b) {
            const vae_philox random = vae_random_block(seed, stream, step, block + (uint64_t)b);
            mask[4 * b] = vae_random_uniform(random.word[0]) > rate ? scale : 0.0f;
            mask[4 * b + 1] = vae_random_uniform(random.word[1]) > rate ? scale : 0.0f;
            mask[4 * b + 2] = vae_random_uniform(random.word[2]) > rate ? scale : 0.0f;
            mask[4 * b + 3] = vae_random_uniform(random.word[3]) > rate ? scale : 0.0f;
        }
    }
}

void VAE_ISA_NAME(vae_cpu_recurrent_take_state)(const vae_recurrent_share *share)
{
    const vae_recurrent_options *o = &share->pass->options;
    const float *h = o->outputs[VAE_RECURRENT_H];
    float *last_h = o->outputs[VAE_RECURRENT_LAST_H];
    for (int64_t j = 0; j < share->count; ++j) {
        const int64_t row = share->active[j];
        memcpy(last_h + row * o->hidden, h + vae_recurrent_place(share, row) * o->hidden,
               (size_t)o->hidden * sizeof *last_h);
    }
}

/* ---- What is kept on the way back ---- */

/* The gradients of the last steps, up to VAE_RECURRENT_SUMMED_STEPS of them, become part of the sums. */
static void add_steps(const vae_recurrent_share *share, const float *d_gates, int64_t count)
{
    const vae_recurrent_pass *pass = share->pass;
    const int64_t columns = pass->columns, stride = pass->options.rows * columns;
    const int64_t back = pass->options.attributes.reverse ? -stride : stride;
    for (int64_t r = share->begin; r < share->end; ++r) {
        const float *d = d_gates + vae_recurrent_place(share, r) * columns;
        const float *second = count > 1 ? d + back : pass->zeros, *third = count > 2 ? d + 2 * back : pass->zeros;
        const float *fourth = count > 3 ? d + 3 * back : pass->zeros;
        double *sums = pass->row_sums + r * columns;
#pragma omp simd
        for (int64_t c = 0; c < columns; ++c)
            sums[c] += (double)((d[c] + second[c]) + (third[c] + fourth[c]));
    }
}

/* After `done` steps. */
static void keep_steps(const vae_recurrent_share *share, int64_t done)
{
    const vae_recurrent_options *o = &share->pass->options;
    const int64_t last = (done - 1) % VAE_RECURRENT_SUMMED_STEPS + 1;
    if (last < VAE_RECURRENT_SUMMED_STEPS && done < o->attributes.steps) return;
    add_steps(share, o->outputs[VAE_RECURRENT_BACKWARD_D_GATES], last);
}

void VAE_ISA_NAME(vae_cpu_recurrent_keep_first)(const vae_recurrent_share *share, int64_t row, const float *d_sums)
{
    const vae_recurrent_pass *pass = share->pass;
    if (!pass->options.first || VAE_ISA_NAME(vae_cpu_recurrent_previous)(share, row) >= 0) return;
    memcpy(pass->options.first + row * pass->columns, d_sums, (size_t)pass->columns * sizeof *d_sums);
}

static void round_row_sums(const vae_recurrent_share *share, float *d_per_sequence)
{
    const int64_t columns = share->pass->columns;
    for (int64_t i = share->begin * columns; i < share->end * columns; ++i)
        d_per_sequence[i] = (float)share->pass->row_sums[i];
}

/* ---- Runs ---- */

static void run_share(vae_recurrent_share *share)
{
    const vae_recurrent_pass *pass = share->pass;
    const vae_recurrent *a = &pass->options.attributes;
    const bool down = pass->cell->backward != a->reverse;
    const int64_t columns = pass->columns;
    if (pass->row_sums) {
        memset(pass->row_sums + share->begin * columns, 0,
               (size_t)((share->end - share->begin) * columns) * sizeof *pass->row_sums);
    }
    VAE_ISA_NAME(vae_cpu_recurrent_copy)(share, NULL, pass->options.first, columns);
    pass->cell->begin(share);
    for (int64_t i = 0; i < a->steps; ++i) {
        share->at = down ? a->steps - 1 - i : i;
        find_active(share);
        if (a->dropout > 0) VAE_ISA_NAME(vae_cpu_recurrent_draw)(share);
        pass->cell->step(share, i == 0);
        if (pass->row_sums) keep_steps(share, i + 1);
    }
    if (pass->cell->end) pass->cell->end(share);
    if (pass->row_sums) round_row_sums(share, pass->options.outputs[VAE_RECURRENT_BACKWARD_D_PER_SEQUENCE]);
}

static vae_recurrent_share make_share(const vae_recurrent_pass *pass, const vae_step *step, int part)
{
    const vae_recurrent_options *o = &pass->options;
    vae_recurrent_share share = {.pass = pass, .step = step};
    int64_t begin, end;
    vae_cpu_share(pass->pieces, 1, part, o->threads, &begin, &end);
    share.begin = begin * VAE_RECURRENT_PIECE;
    share.end = end * VAE_RECURRENT_PIECE < o->rows ? end * VAE_RECURRENT_PIECE : o->rows;
    share.active = pass->row_lists + 2 * part * o->rows;
    share.offsets = share.active + o->rows;
    share.sums = pass->scratch + part * pass->scratch_size;
    share.row = share.sums + VAE_RECURRENT_ROWS * 2 * PANEL;
    share.masks = share.row + 3 * pass->mask_stride;
    share.d_sums = share.masks + (o->attributes.dropout > 0 ? o->rows * pass->mask_stride : 0);
    return share;
}

static void read_lengths(vae_recurrent_pass *pass)
{
    const vae_recurrent_options *o = &pass->options;
    const float *lengths = o->inputs[pass->cell->backward ? VAE_RECURRENT_BACKWARD_LENGTHS : VAE_RECURRENT_LENGTHS];
    const int64_t steps = o->attributes.steps;
    for (int64_t r = 0; r < o->rows; ++r)
        pass->lengths[r] = (int32_t)(lengths ? vae_recurrent_length((double)lengths[r], steps) : steps);
}

/* Sums of pieces, in their order. */
static void add_norm_sums(const vae_recurrent_pass *pass)
{
    const int64_t count = VAE_LSTM_NORMS * pass->options.hidden;
    float *outputs[] = {pass->options.outputs[VAE_LSTM_BACKWARD_D_NORM_SCALE],
                        pass->options.outputs[VAE_LSTM_BACKWARD_D_NORM_SHIFT]};
    for (int side = 0; side < 2; ++side) {
        for (int64_t i = 0; i < count && outputs[side]; ++i) {
            double sum = 0.0;
            for (int64_t p = 0; p < pass->pieces; ++p)
                sum += pass->norm_sums[(2 * p + side) * count + i];
            outputs[side][i] = (float)sum;
        }
    }
}

void VAE_ISA_NAME(vae_cpu_recurrent_run)(vae_recurrent_pass *pass, const vae_step *step)
{
    const int threads = pass->options.threads;
    read_lengths(pass);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int part = 0; part < threads; ++part)
        VAE_ISA_NAME(vae_cpu_recurrent_pack)(pass, part);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int part = 0; part < threads; ++part) {
        vae_recurrent_share share = make_share(pass, step, part);
        run_share(&share);
    }
    if (pass->norm_sums) add_norm_sums(pass);
}

/* ---- Life ---- */

static const vae_recurrent_cell *cell_of(vae_op_kind kind)
{
    switch (kind) {
    case VAE_OP_LSTM: return &VAE_ISA_NAME(vae_cpu_lstm_cell);
    case VAE_OP_LSTM_BACKWARD: return &VAE_ISA_NAME(vae_cpu_lstm_backward_cell);
    case VAE_OP_GRU: return &VAE_ISA_NAME(vae_cpu_gru_cell);
    default: return &VAE_ISA_NAME(vae_cpu_gru_backward_cell);
    }
}

/* Takes `count` numbers of the memory from *at on, in whole cache lines. */
static float *take(float *memory, int64_t *at, int64_t count)
{
    float *taken = memory ? memory + *at : NULL;
    *at += whole_lines(count);
    return taken;
}

/* Lays the pass's memory out; gives how much it is. Called with NULL first. */
static int64_t lay_out(vae_recurrent_pass *pass, float *memory)
{
    const vae_recurrent_options *o = &pass->options;
    const bool backward = pass->cell->backward;
    const bool norms = backward && pass->cell->gates == VAE_LSTM_GATES && o->inputs[VAE_LSTM_BACKWARD_NORM_SCALE];
    const int64_t hidden = o->hidden, state = backward ? o->rows * hidden : 0;
    const int64_t units = vae_panels_width(hidden), row_sums = o->rows * pass->columns;
    int64_t at = 0;
    pass->packed = take(memory, &at, backward ? units * pass->columns : units * pass->cell->gates * hidden);
    pass->zeros = take(memory, &at, pass->columns);
    pass->ones = take(memory, &at, pass->columns);
    pass->d_h = take(memory, &at, state);
    pass->d_c = take(memory, &at, state);
    if (backward && o->outputs[VAE_RECURRENT_BACKWARD_D_PER_SEQUENCE])
        pass->row_sums = (double *)take(memory, &at, 2 * row_sums);
    if (norms) pass->norm_sums = (double *)take(memory, &at, 4 * pass->pieces * VAE_LSTM_NORMS * hidden);
    pass->scratch = take(memory, &at, o->threads * pass->scratch_size);
    pass->lengths = (int32_t *)take(memory, &at, o->rows);
    pass->row_lists = (int32_t *)take(memory, &at, 2 * o->threads * o->rows);
    return at;
}

static void plan(vae_recurrent_pass *pass)
{
    const vae_recurrent_options *o = &pass->options;
    pass->cell = cell_of(o->kind);
    pass->columns = pass->cell->gates * o->hidden;
    pass->mask_stride = whole_lines(o->hidden);
    pass->pieces = ceiling(o->rows, VAE_RECURRENT_PIECE);
    pass->scratch_size = VAE_RECURRENT_ROWS * 2 * PANEL + 3 * pass->mask_stride;
    if (o->attributes.dropout > 0) pass->scratch_size += o->rows * pass->mask_stride;
    if (o->kind == VAE_OP_GRU_BACKWARD) pass->scratch_size += o->rows * pass->columns;
    pass->scratch_size = whole_lines(pass->scratch_size);
}

vae_status VAE_ISA_NAME(vae_cpu_recurrent_create)(const vae_recurrent_options *options, vae_recurrent_pass **pass)
{
    if (options->rows > INT32_MAX / (VAE_LSTM_GATES * options->hidden)) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "%" PRId64 " sequences of %" PRId64 " hidden units are more than a step can hold",
                             options->rows, options->hidden);
    }
    vae_recurrent_pass *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "recurrent op: out of memory");
    made->options = *options;
    plan(made);
    void *memory;
    const vae_status status = vae_arena_create("recurrent op", lay_out(made, NULL), sizeof(float), &memory);
    if (status) {
        free(made);
        return status;
    }
    lay_out(made, memory);
    for (int64_t i = 0; i < made->columns; ++i)
        made->ones[i] = 1.0f;
    *pass = made;
    return VAE_OK;
}

void VAE_ISA_NAME(vae_cpu_recurrent_destroy)(vae_recurrent_pass *pass)
{
    if (!pass) return;
    free(pass->packed);
    free(pass);
}
