/* gru and its backward pass, a sequence at a time. */
#include <math.h>
#include <stdlib.h>

#include "backend/reference/recurrent.h"

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* The part of h·weight + hidden_bias that belongs to column `column` of the gates. */
static double product(const vae_call *call, const vae_reference_sequences *r, const double *h, int64_t column)
{
    const double *weight = call->inputs[VAE_RECURRENT_WEIGHT], *bias = call->inputs[VAE_GRU_HIDDEN_BIAS];
    double sum = column >= 2 * r->hidden && bias ? bias[column - 2 * r->hidden] : 0;
    for (int64_t k = 0; k < r->hidden && h; ++k)
        sum += h[k] * weight[k * r->gates + column];
    return sum;
}

/* One step of sequence `row`; the previous state is NULL where it is zero. */
static void run_step(const vae_call *call, const vae_reference_sequences *r, int64_t row, int64_t at,
                     const double *previous)
{
    const int64_t n = r->hidden;
    double *h = vae_reference_row(call->outputs[VAE_RECURRENT_H], at, n);
    double *kept = vae_reference_row(call->outputs[VAE_GRU_PRODUCT], at, n);
    double *gate = vae_reference_row(call->outputs[VAE_RECURRENT_ACTIVATED], at, r->gates);
    vae_reference_set_row(vae_reference_row(call->inputs[VAE_RECURRENT_GATES], at, r->gates), r->gates, gate);
    vae_reference_add_row(vae_reference_row(call->inputs[VAE_RECURRENT_PER_SEQUENCE], row, r->gates), r->gates, gate);
    for (int64_t j = 0; j < n; ++j) {
        const double p = product(call, r, previous, 2 * n + j);
        gate[j] = sigmoid(gate[j] + product(call, r, previous, j));
        gate[n + j] = sigmoid(gate[n + j] + product(call, r, previous, n + j));
        gate[2 * n + j] = tanh(gate[2 * n + j] + gate[j] * p);
        h[j] = (1 - gate[n + j]) * gate[2 * n + j] + (previous ? gate[n + j] * previous[j] : 0);
        if (kept) kept[j] = p;
    }
}

vae_status vae_reference_gru(vae_call *call)
{
    const vae_reference_sequences r = vae_reference_sequences_of(call, VAE_RECURRENT_GATES, VAE_RECURRENT_LENGTHS);
    const int64_t n = r.hidden;
    for (int64_t row = 0; row < r.rows; ++row) {
        const int64_t length = vae_reference_recurrent_length(&r, row);
        const double *h = vae_reference_row(call->inputs[VAE_RECURRENT_INITIAL_H], row, n);
        for (int64_t order = 0; order < length; ++order) {
            const int64_t at = vae_reference_recurrent_at(&r, row, length, order);
            run_step(call, &r, row, at, h);
            h = vae_reference_row(call->outputs[VAE_RECURRENT_H], at, n);
        }
        for (int64_t at = length * r.rows + row; at < r.steps * r.rows; at += r.rows) {
            vae_reference_set_row(NULL, n, vae_reference_row(call->outputs[VAE_RECURRENT_H], at, n));
            vae_reference_set_row(NULL, n, vae_reference_row(call->outputs[VAE_GRU_PRODUCT], at, n));
            vae_reference_set_row(NULL, r.gates,
                                  vae_reference_row(call->outputs[VAE_RECURRENT_ACTIVATED], at, r.gates));
        }
        vae_reference_set_row(h, n, vae_reference_row(call->outputs[VAE_RECURRENT_LAST_H], row, n));
    }
    return VAE_OK;
}

/* Gradients by the gates and the product replace these, and d_h becomes what reaches the previous state past them. */
static void leave_cell(const vae_reference_sequences *r, const double *previous, double *d_h, double *gate,
                       double *kept)
{
    const int64_t n = r->hidden;
    for (int64_t j = 0; j < n; ++j) {
        const double reset = gate[j], z = gate[n + j], value = gate[2 * n + j], d = d_h[j];
        const double d_value = d * (1 - z) * (1 - value * value);
        gate[j] = d_value * kept[j] * reset * (1 - reset);
        gate[n + j] = d * ((previous ? previous[j] : 0) - value) * z * (1 - z);
        gate[2 * n + j] = d_value;
        kept[j] = d_value * reset;
        d_h[j] = d * z;
    }
}

/* What the products with the weight give: their sums are the gates of r and z, and the product of n. */
static void leave_products(const vae_call *call, const vae_reference_sequences *r, const double *previous,
                           const double *gate, const double *kept, double *d_h)
{
    const int64_t n = r->hidden;
    const double *weight = call->inputs[VAE_RECURRENT_BACKWARD_WEIGHT];
    double *d_weight = call->outputs[VAE_RECURRENT_BACKWARD_D_WEIGHT];
    for (int64_t k = 0; k < n; ++k) {
        for (int64_t c = 0; c < r->gates; ++c) {
            const double d = c < 2 * n ? gate[c] : kept[c - 2 * n];
            if (d_weight && previous) d_weight[k * r->gates + c] += previous[k] * d;
            d_h[k] += d * weight[k * r->gates + c];
        }
    }
}

static void run_sequence_backward(const vae_call *call, const vae_reference_sequences *r, int64_t row, double *d_h)
{
    const int64_t n = r->hidden, length = vae_reference_recurrent_length(r, row);
    vae_reference_set_row(vae_reference_row(call->inputs[VAE_RECURRENT_BACKWARD_D_LAST_H], row, n), n, d_h);
    for (int64_t order = length - 1; order >= 0; --order) {
        const int64_t at = vae_reference_recurrent_at(r, row, length, order);
        const double *previous = vae_reference_row(call->inputs[VAE_RECURRENT_BACKWARD_INITIAL_H], row, n);
        double *gate = vae_reference_row(call->outputs[VAE_RECURRENT_BACKWARD_D_GATES], at, r->gates);
        double *kept = vae_reference_row(call->inputs[VAE_GRU_BACKWARD_PRODUCT], at, n);
        if (order > 0) {
            previous = vae_reference_row(call->inputs[VAE_RECURRENT_BACKWARD_H],
                                         vae_reference_recurrent_at(r, row, length, order - 1), n);
        }
        vae_reference_add_row(vae_reference_row(call->inputs[VAE_RECURRENT_BACKWARD_D_H], at, n), n, d_h);
        leave_cell(r, previous, d_h, gate, kept);
        leave_products(call, r, previous, gate, kept, d_h);
        vae_reference_add_row(gate, r->gates,
                              vae_reference_row(call->outputs[VAE_RECURRENT_BACKWARD_D_PER_SEQUENCE], row, r->gates));
        vae_reference_add_row(kept, n, call->outputs[VAE_GRU_BACKWARD_D_HIDDEN_BIAS]);
    }
    vae_reference_set_row(d_h, n, vae_reference_row(call->outputs[VAE_RECURRENT_BACKWARD_D_INITIAL_H], row, n));
}

vae_status vae_reference_gru_backward(vae_call *call)
{
    const vae_reference_sequences r =
        vae_reference_sequences_of(call, VAE_RECURRENT_BACKWARD_ACTIVATED, VAE_RECURRENT_BACKWARD_LENGTHS);
    double *d_h = calloc((size_t)r.hidden, sizeof *d_h);
    if (!d_h) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", call->op->name);
    vae_reference_set_row(NULL, r.hidden * r.gates, call->outputs[VAE_RECURRENT_BACKWARD_D_WEIGHT]);
    vae_reference_set_row(NULL, r.rows * r.gates, call->outputs[VAE_RECURRENT_BACKWARD_D_PER_SEQUENCE]);
    vae_reference_set_row(NULL, r.hidden, call->outputs[VAE_GRU_BACKWARD_D_HIDDEN_BIAS]);
    for (int64_t row = 0; row < r.rows; ++row)
        run_sequence_backward(call, &r, row, d_h);
    free(d_h);
    return VAE_OK;
}
