/* The cell of lstm, forward and backward. */
#include "backend/cpu/isa/lstm.h"
#include "backend/cpu/isa/simd_math.h"

/* Inlined with a constant count where all lanes are units. */
#define INLINED static inline __attribute__((always_inline))

/* ---- Forward ---- */

/* What a row of the batch has at a step, from a unit on. */
typedef struct forward_row {
    const float *gates, *per_sequence, *mask; /* of gates, H apart */
    float *sums;                              /* of gates, LANES apart; c and σ(o) are left there */
    float *activated;                         /* may be gates */
    float *state_c, *c, *h;
} forward_row;

/* σ and tanh of four sums. Each is a quotient whose divisor lies in [1, 2], so one division serves all four. */
INLINED void activate(float *i, float *f, float *g, float *o)
{
    const float e_i = simd_exp(-fabsf(*i)), e_f = simd_exp(-fabsf(*f)), e_o = simd_exp(-fabsf(*o));
    const float e_g = simd_expm1_negative(-2.0f * fabsf(*g));
    const float d_i = 1.0f + e_i, d_f = 1.0f + e_f, d_o = 1.0f + e_o, d_g = 2.0f + e_g;
    const float first = d_i * d_f, second = d_o * d_g, inverse = 1.0f / (first * second);
    const float inverse_first = second * inverse, inverse_second = first * inverse;
    *i = (*i >= 0.0f ? 1.0f : e_i) * (d_f * inverse_first);
    *f = (*f >= 0.0f ? 1.0f : e_f) * (d_i * inverse_first);
    *o = (*o >= 0.0f ? 1.0f : e_o) * (d_g * inverse_second);
    const float t = e_g * (d_o * inverse_second);
    *g = *g < 0.0f ? t : -t;
}

INLINED void run_units(const forward_row *r, int64_t hidden, float forget_bias, const int64_t count)
{
    const float *gates = r->gates, *per_sequence = r->per_sequence, *mask = r->mask;
    float *sums = r->sums, *activated = r->activated, *state_c = r->state_c, *c = r->c;
#pragma omp simd
    for (int64_t j = 0; j < count; ++j) {
        float i = gates[j] + per_sequence[j] + sums[j];
        float f = gates[hidden + j] + per_sequence[hidden + j] + sums[LANES + j] + forget_bias;
        float g = gates[2 * hidden + j] + per_sequence[2 * hidden + j] + sums[2 * LANES + j];
        float o = gates[3 * hidden + j] + per_sequence[3 * hidden + j] + sums[3 * LANES + j];
        activate(&i, &f, &g, &o);
        const float cell = f * state_c[j] + i * g * mask[j];
        activated[j] = i;
        activated[hidden + j] = f;
        activated[2 * hidden + j] = g;
        activated[3 * hidden + j] = o;
        state_c[j] = c[j] = sums[j] = cell;
        sums[3 * LANES + j] = o;
    }
}

/* h, in a loop of its own: a processor looks a loop or two ahead, which is too little for one that waits for c. */
INLINED void output_units(const forward_row *r, const int64_t count)
{
    const float *c = r->sums, *o = r->sums + 3 * LANES;
    float *h = r->h;
#pragma omp simd
    for (int64_t j = 0; j < count; ++j)
        h[j] = o[j] * simd_tanh(c[j]);
}

static forward_row row_forward(const vae_recurrent_share *share, int64_t active, int64_t unit)
{
    const vae_recurrent_pass *pass = share->pass;
    const vae_recurrent_options *o = &pass->options;
    const int64_t hidden = o->hidden, row = share->active[active], place = vae_recurrent_place(share, row);
    return (forward_row){
        .gates = o->inputs[VAE_RECURRENT_GATES] + place * pass->columns + unit,
        .per_sequence =
            vae_recurrent_row(o->inputs[VAE_RECURRENT_PER_SEQUENCE], row, pass->columns, pass->zeros) + unit,
        .mask = (o->attributes.dropout > 0 ? share->masks + active * pass->mask_stride : pass->ones) + unit,
        .activated = o->outputs[VAE_RECURRENT_ACTIVATED] + place * pass->columns + unit,
        .state_c = o->outputs[VAE_LSTM_LAST_C] + row * hidden + unit,
        .c = o->outputs[VAE_LSTM_C] + place * hidden + unit,
        .h = o->outputs[VAE_RECURRENT_H] + place * hidden + unit,
    };
}

static void run_block(const vae_recurrent_share *share, int64_t first, int64_t count, int64_t unit)
{
    const vae_recurrent_options *o = &share->pass->options;
    const float forget_bias = (float)o->attributes.forget_bias;
    const bool is_full = o->hidden - unit >= LANES;
    for (int64_t j = 0; j < count; ++j) {
        forward_row r = row_forward(share, first + j, unit);
        r.sums = share->sums + j * VAE_LSTM_GATES * LANES;
        if (is_full) {
            run_units(&r, o->hidden, forget_bias, LANES);
        } else {
            run_units(&r, o->hidden, forget_bias, o->hidden - unit);
        }
    }
    for (int64_t j = 0; j < count; ++j) {
        forward_row r = row_forward(share, first + j, unit);
        r.sums = share->sums + j * VAE_LSTM_GATES * LANES;
        if (is_full) {
            output_units(&r, LANES);
        } else {
            output_units(&r, o->hidden - unit);
        }
    }
}

/* What layer norms take: the sums alone, in the place of the activated gates. */
static void store_block(const vae_recurrent_share *share, int64_t first, int64_t count, int64_t unit)
{
    const int64_t hidden = share->pass->options.hidden, units = hidden - unit < LANES ? hidden - unit : LANES;
    for (int64_t j = 0; j < count; ++j) {
        const forward_row r = row_forward(share, first + j, unit);
        for (int64_t g = 0; g < VAE_LSTM_GATES; ++g) {
            const float *gates = r.gates + g * hidden, *per_sequence = r.per_sequence + g * hidden;
            const float *sums = share->sums + (j * VAE_LSTM_GATES + g) * LANES;
            float *total = r.activated + g * hidden;
#pragma omp simd
            for (int64_t k = 0; k < units; ++k)
                total[k] = gates[k] + per_sequence[k] + sums[k];
        }
    }
}

void VAE_ISA_NAME(vae_cpu_lstm_cell_row)(float forget_bias, int64_t hidden, const float *mask, float *gates,
                                         float *state_c, float *c)
{
#pragma omp simd
    for (int64_t j = 0; j < hidden; ++j) {
        float i = gates[j], f = gates[hidden + j] + forget_bias, g = gates[2 * hidden + j], o = gates[3 * hidden + j];
        activate(&i, &f, &g, &o);
        state_c[j] = c[j] = f * state_c[j] + i * g * mask[j];
        gates[j] = i;
        gates[hidden + j] = f;
        gates[2 * hidden + j] = g;
        gates[3 * hidden + j] = o;
    }
}

static void clear_ended(const vae_recurrent_share *share)
{
    float *const *outputs = share->pass->options.outputs;
    const int64_t hidden = share->pass->options.hidden, columns = share->pass->columns;
    VAE_ISA_NAME(vae_cpu_recurrent_clear)(share, outputs[VAE_RECURRENT_H], hidden);
    VAE_ISA_NAME(vae_cpu_recurrent_clear)(share, outputs[VAE_LSTM_C], hidden);
    VAE_ISA_NAME(vae_cpu_recurrent_clear)(share, outputs[VAE_RECURRENT_ACTIVATED], columns);
    VAE_ISA_NAME(vae_cpu_recurrent_clear)(share, outputs[VAE_LSTM_NORMALISED], columns);
    VAE_ISA_NAME(vae_cpu_recurrent_clear)(share, outputs[VAE_LSTM_INVERSE_DEVIATION], VAE_LSTM_NORMS);
}

static void begin(const vae_recurrent_share *share)
{
    const vae_recurrent_options *o = &share->pass->options;
    VAE_ISA_NAME(vae_cpu_recurrent_copy)
    (share, o->inputs[VAE_RECURRENT_INITIAL_H], o->outputs[VAE_RECURRENT_LAST_H], o->hidden);
    VAE_ISA_NAME(vae_cpu_recurrent_copy)
    (share, o->inputs[VAE_LSTM_INITIAL_C], o->outputs[VAE_LSTM_LAST_C], o->hidden);
}

static void step(vae_recurrent_share *share, bool first)
{
    const vae_recurrent_options *o = &share->pass->options;
    const bool norms = o->inputs[VAE_LSTM_NORM_SCALE] != NULL, is_zero = first && !o->inputs[VAE_RECURRENT_INITIAL_H];
    VAE_ISA_NAME(vae_cpu_recurrent_blocks)(share, is_zero, norms ? store_block : run_block);
    if (norms) VAE_ISA_NAME(vae_cpu_lstm_norm_step)(share);
    VAE_ISA_NAME(vae_cpu_recurrent_take_state)(share);
    clear_ended(share);
}

const vae_recurrent_cell VAE_ISA_NAME(vae_cpu_lstm_cell) = {.gates = VAE_LSTM_GATES, .begin = begin, .step = step};

/* ---- Backward ---- */

void VAE_ISA_NAME(vae_cpu_lstm_cell_row_back)(const vae_lstm_row_back *r, int64_t hidden)
{
    const float *c_before = r->c_before, *d_cell = r->d_cell, *mask = r->mask;
    float *gates = r->gates, *d_c = r->d_c;
#pragma omp simd
    for (int64_t j = 0; j < hidden; ++j) {
        const float i = gates[j], f = gates[hidden + j], g = gates[2 * hidden + j], d = d_c[j] + d_cell[j];
        const float update = d * mask[j];
        gates[j] = update * g * i * (1.0f - i);
        gates[hidden + j] = d * c_before[j] * f * (1.0f - f);
        gates[2 * hidden + j] = update * i * (1.0f - g * g);
        d_c[j] = d * f;
    }
}

/* All of a row in one loop, where nothing has to be normalised in between. */
static void row_back(const vae_lstm_row_back *r, int64_t hidden)
{
    const float *c = r->c, *c_before = r->c_before, *d_h = r->d_h, *d_y = r->d_y, *mask = r->mask;
    float *gates = r->gates, *d_c = r->d_c;
#pragma omp simd
    for (int64_t j = 0; j < hidden; ++j) {
        const float i = gates[j], f = gates[hidden + j], g = gates[2 * hidden + j], o = gates[3 * hidden + j];
        const float y = simd_tanh(c[j]), d_output = d_h[j] + d_y[j];
        const float d = d_c[j] + d_output * o * (1.0f - y * y), update = d * mask[j];
        gates[j] = update * g * i * (1.0f - i);
        gates[hidden + j] = d * c_before[j] * f * (1.0f - f);
        gates[2 * hidden + j] = update * i * (1.0f - g * g);
        gates[3 * hidden + j] = d_output * y * o * (1.0f - o);
        d_c[j] = d * f;
    }
}

static vae_lstm_row_back row_of(const vae_recurrent_share *share, int64_t active)
{
    const vae_recurrent_pass *pass = share->pass;
    const vae_recurrent_options *o = &pass->options;
    const int64_t hidden = o->hidden, row = share->active[active], place = vae_recurrent_place(share, row);
    const int64_t before = VAE_ISA_NAME(vae_cpu_recurrent_previous)(share, row);
    const float *c = o->inputs[VAE_LSTM_BACKWARD_C];
    return (vae_lstm_row_back){
        .c = c + place * hidden,
        .c_before = before >= 0 ? c + (before * o->rows + row) * hidden
                                : vae_recurrent_row(o->inputs[VAE_LSTM_BACKWARD_INITIAL_C], row, hidden, pass->zeros),
        .d_h = pass->d_h + row * hidden,
        .d_y = vae_recurrent_row(o->inputs[VAE_RECURRENT_BACKWARD_D_H], place, hidden, pass->zeros),
        .mask = o->attributes.dropout > 0 ? share->masks + active * pass->mask_stride : pass->ones,
        .gates = o->outputs[VAE_RECURRENT_BACKWARD_D_GATES] + place * pass->columns,
        .d_c = pass->d_c + row * hidden,
    };
}

static void begin_back(const vae_recurrent_share *share)
{
    const vae_recurrent_pass *pass = share->pass;
    const vae_recurrent_options *o = &pass->options;
    VAE_ISA_NAME(vae_cpu_recurrent_copy)(share, o->inputs[VAE_RECURRENT_BACKWARD_D_LAST_H], pass->d_h, o->hidden);
    VAE_ISA_NAME(vae_cpu_recurrent_copy)(share, o->inputs[VAE_LSTM_BACKWARD_D_LAST_C], pass->d_c, o->hidden);
    if (pass->norm_sums) VAE_ISA_NAME(vae_cpu_lstm_norm_begin_back)(share);
}

static void step_back(vae_recurrent_share *share, bool first)
{
    (void)first;
    const vae_recurrent_pass *pass = share->pass;
    const vae_recurrent_options *o = &pass->options;
    float *d_gates = o->outputs[VAE_RECURRENT_BACKWARD_D_GATES];
    for (int64_t j = 0; j < share->count; ++j) {
        const vae_lstm_row_back row = row_of(share, j);
        if (pass->norm_sums) {
            VAE_ISA_NAME(vae_cpu_lstm_norm_back)(share, share->active[j], &row);
        } else {
            row_back(&row, o->hidden);
        }
        VAE_ISA_NAME(vae_cpu_recurrent_keep_first)(share, share->active[j], row.gates);
    }
    VAE_ISA_NAME(vae_cpu_recurrent_product_back)
    (share, d_gates + share->at * o->rows * pass->columns, false, false);
}

static void end_back(const vae_recurrent_share *share)
{
    const vae_recurrent_pass *pass = share->pass;
    const vae_recurrent_options *o = &pass->options;
    VAE_ISA_NAME(vae_cpu_recurrent_copy)(share, pass->d_h, o->outputs[VAE_RECURRENT_BACKWARD_D_INITIAL_H], o->hidden);
    VAE_ISA_NAME(vae_cpu_recurrent_copy)(share, pass->d_c, o->outputs[VAE_LSTM_BACKWARD_D_INITIAL_C], o->hidden);
}

const vae_recurrent_cell VAE_ISA_NAME(vae_cpu_lstm_backward_cell) = {
    .backward = true, .gates = VAE_LSTM_GATES, .begin = begin_back, .step = step_back, .end = end_back};
