/* The cell of gru, forward and backward. */
#include <string.h>

#include "backend/cpu/isa/recurrent.h"
#include "backend/cpu/isa/simd_math.h"

/* Inlined with a constant count where all lanes are units. */
#define INLINED static inline __attribute__((always_inline))

/* ---- Forward ---- */

/* What a row of the batch has at a step, from a unit on. */
typedef struct forward_row {
    const float *gates, *per_sequence, *bias; /* gates H apart */
    const float *sums;                        /* of gates, LANES apart */
    const float *state;
    float *activated; /* may be gates */
    float *product, *h;
} forward_row;

INLINED void run_units(const forward_row *row, int64_t hidden, const int64_t count)
{
    const float *gates = row->gates, *per_sequence = row->per_sequence, *bias = row->bias, *sums = row->sums;
    const float *state = row->state;
    float *activated = row->activated, *product = row->product, *h = row->h;
#pragma omp simd
    for (int64_t j = 0; j < count; ++j) {
        const float r_sum = gates[j] + per_sequence[j] + sums[j];
        const float z_sum = gates[hidden + j] + per_sequence[hidden + j] + sums[LANES + j];
        /* The two quotients share a division, as their divisors lie in [1, 2]. */
        const float e_r = simd_exp(-fabsf(r_sum)), e_z = simd_exp(-fabsf(z_sum));
        const float d_r = 1.0f + e_r, d_z = 1.0f + e_z, inverse = 1.0f / (d_r * d_z);
        const float r = (r_sum >= 0.0f ? 1.0f : e_r) * (d_z * inverse);
        const float z = (z_sum >= 0.0f ? 1.0f : e_z) * (d_r * inverse);
        const float p = sums[2 * LANES + j] + bias[j];
        const float n = simd_tanh(gates[2 * hidden + j] + per_sequence[2 * hidden + j] + r * p);
        activated[j] = r;
        activated[hidden + j] = z;
        activated[2 * hidden + j] = n;
        product[j] = p;
        h[j] = n + z * (state[j] - n);
    }
}

static forward_row row_forward(const vae_recurrent_share *share, int64_t active, int64_t unit)
{
    const vae_recurrent_pass *pass = share->pass;
    const vae_recurrent_options *o = &pass->options;
    const int64_t hidden = o->hidden, row = share->active[active], place = vae_recurrent_place(share, row);
    const float *bias = o->inputs[VAE_GRU_HIDDEN_BIAS];
    float *product = o->outputs[VAE_GRU_PRODUCT];
    return (forward_row){
        .gates = o->inputs[VAE_RECURRENT_GATES] + place * pass->columns + unit,
        .per_sequence =
            vae_recurrent_row(o->inputs[VAE_RECURRENT_PER_SEQUENCE], row, pass->columns, pass->zeros) + unit,
        .bias = (bias ? bias : pass->zeros) + unit,
        .state = o->outputs[VAE_RECURRENT_LAST_H] + row * hidden + unit,
        .activated = o->outputs[VAE_RECURRENT_ACTIVATED] + place * pass->columns + unit,
        .product = product ? product + place * hidden + unit : share->row,
        .h = o->outputs[VAE_RECURRENT_H] + place * hidden + unit,
    };
}

static void run_block(const vae_recurrent_share *share, int64_t first, int64_t count, int64_t unit)
{
    const int64_t hidden = share->pass->options.hidden;
    for (int64_t j = 0; j < count; ++j) {
        forward_row r = row_forward(share, first + j, unit);
        r.sums = share->sums + j * VAE_GRU_GATES * LANES;
        if (hidden - unit >= LANES) {
            run_units(&r, hidden, LANES);
        } else {
            run_units(&r, hidden, hidden - unit);
        }
    }
}

static void begin(const vae_recurrent_share *share)
{
    const vae_recurrent_options *o = &share->pass->options;
    VAE_ISA_NAME(vae_cpu_recurrent_copy)
    (share, o->inputs[VAE_RECURRENT_INITIAL_H], o->outputs[VAE_RECURRENT_LAST_H], o->hidden);
}

static void step(vae_recurrent_share *share, bool first)
{
    const vae_recurrent_options *o = &share->pass->options;
    VAE_ISA_NAME(vae_cpu_recurrent_blocks)(share, first && !o->inputs[VAE_RECURRENT_INITIAL_H], run_block);
    VAE_ISA_NAME(vae_cpu_recurrent_take_state)(share);
    VAE_ISA_NAME(vae_cpu_recurrent_clear)(share, o->outputs[VAE_RECURRENT_H], o->hidden);
    VAE_ISA_NAME(vae_cpu_recurrent_clear)(share, o->outputs[VAE_GRU_PRODUCT], o->hidden);
    VAE_ISA_NAME(vae_cpu_recurrent_clear)(share, o->outputs[VAE_RECURRENT_ACTIVATED], share->pass->columns);
}

const vae_recurrent_cell VAE_ISA_NAME(vae_cpu_gru_cell) = {.gates = VAE_GRU_GATES, .begin = begin, .step = step};

/* ---- Backward ---- */

/* A row on its way back. */
typedef struct backward_row {
    const float *before, *d_y; /* h_(t-1); the gradient by this step's h */
    float *d_h;                /* from later steps; what passes the products by is left there */
    float *gates, *product;    /* activated, and the product; become gradients by their sums */
    float *d_sums;             /* gradients by the products with the weight: r's, z's, and n's own */
} backward_row;

static void row_back(const backward_row *b, int64_t hidden)
{
    const float *before = b->before, *d_y = b->d_y;
    float *d_h = b->d_h, *gates = b->gates, *product = b->product, *d_sums = b->d_sums;
#pragma omp simd
    for (int64_t j = 0; j < hidden; ++j) {
        const float r = gates[j], z = gates[hidden + j], n = gates[2 * hidden + j], d = d_h[j] + d_y[j];
        const float d_n = d * (1.0f - z) * (1.0f - n * n), d_product = d_n * r;
        const float d_r = d_n * product[j] * r * (1.0f - r), d_z = d * (before[j] - n) * z * (1.0f - z);
        gates[j] = d_sums[j] = d_r;
        gates[hidden + j] = d_sums[hidden + j] = d_z;
        gates[2 * hidden + j] = d_n;
        product[j] = d_sums[2 * hidden + j] = d_product;
        d_h[j] = d * z;
    }
}

static backward_row row_of(const vae_recurrent_share *share, int64_t active)
{
    const vae_recurrent_pass *pass = share->pass;
    const vae_recurrent_options *o = &pass->options;
    const int64_t hidden = o->hidden, row = share->active[active], place = vae_recurrent_place(share, row);
    const int64_t before = VAE_ISA_NAME(vae_cpu_recurrent_previous)(share, row);
    return (backward_row){
        .before = before >= 0
                      ? o->inputs[VAE_RECURRENT_BACKWARD_H] + (before * o->rows + row) * hidden
                      : vae_recurrent_row(o->inputs[VAE_RECURRENT_BACKWARD_INITIAL_H], row, hidden, pass->zeros),
        .d_y = vae_recurrent_row(o->inputs[VAE_RECURRENT_BACKWARD_D_H], place, hidden, pass->zeros),
        .d_h = pass->d_h + row * hidden,
        .gates = o->outputs[VAE_RECURRENT_BACKWARD_D_GATES] + place * pass->columns,
        .product = o->inputs[VAE_GRU_BACKWARD_PRODUCT] + place * hidden,
        .d_sums = share->d_sums + active * pass->columns,
    };
}

static void begin_back(const vae_recurrent_share *share)
{
    const vae_recurrent_pass *pass = share->pass;
    const float *d_last_h = pass->options.inputs[VAE_RECURRENT_BACKWARD_D_LAST_H];
    VAE_ISA_NAME(vae_cpu_recurrent_copy)(share, d_last_h, pass->d_h, pass->options.hidden);
}

static void step_back(vae_recurrent_share *share, bool first)
{
    (void)first;
    for (int64_t j = 0; j < share->count; ++j) {
        const backward_row row = row_of(share, j);
        row_back(&row, share->pass->options.hidden);
        VAE_ISA_NAME(vae_cpu_recurrent_keep_first)(share, share->active[j], row.d_sums);
    }
    VAE_ISA_NAME(vae_cpu_recurrent_product_back)(share, share->d_sums, true, true);
}

static void end_back(const vae_recurrent_share *share)
{
    const vae_recurrent_options *o = &share->pass->options;
    float *d_initial_h = o->outputs[VAE_RECURRENT_BACKWARD_D_INITIAL_H];
    VAE_ISA_NAME(vae_cpu_recurrent_copy)(share, share->pass->d_h, d_initial_h, o->hidden);
}

const vae_recurrent_cell VAE_ISA_NAME(vae_cpu_gru_backward_cell) = {
    .backward = true, .gates = VAE_GRU_GATES, .begin = begin_back, .step = step_back, .end = end_back};
