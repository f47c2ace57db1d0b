/* lstm and its backward pass, a sequence at a time. */
#include <math.h>
#include <stdlib.h>

#include "backend/reference/recurrent.h"
#include "core/random.h"

enum { PARTS = VAE_LSTM_GATES, NORMS = 5 }; /* i, f, g, o; and c */

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* What a new value of the cell is multiplied by: recurrent dropout. */
static double mask(const vae_call *call, const vae_reference_sequences *r, int64_t row, int64_t step, int64_t unit)
{
    const vae_recurrent *options = &call->op->attributes.recurrent;
    if (options->dropout == 0) return 1;
    const int64_t samples = vae_recurrent_samples(call->program, r->rows);
    const uint64_t element = vae_recurrent_element(call->step->first_row * samples + row, step, r->hidden, unit);
    const vae_philox random = vae_random_block(call->step->seed, options->stream, call->step->step, element / 4);
    return vae_random_uniform(random.word[element % 4]) > (float)options->dropout ? 1 / (1 - options->dropout) : 0;
}

/* ---- Layer norm of one row ---- */

static double mean(const double *x, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; ++i)
        sum += x[i];
    return sum / (double)count;
}

/* x becomes x̂ = (x - mean)·inverse deviation, which is returned. */
static double normalise(double *x, int64_t count)
{
    const double centre = mean(x, count);
    double squares = 0;
    for (int64_t i = 0; i < count; ++i) {
        x[i] -= centre;
        squares += x[i] * x[i];
    }
    const double inverse_deviation = 1 / sqrt(squares / (double)count + VAE_RECURRENT_EPSILON);
    for (int64_t i = 0; i < count; ++i)
        x[i] *= inverse_deviation;
    return inverse_deviation;
}

static void scale_and_shift(double *x, int64_t count, const double *scale, const double *shift)
{
    for (int64_t i = 0; i < count; ++i)
        x[i] = scale[i] * x[i] + shift[i];
}

/* The gradient by what was normalised to x̂, in place of that by scale·x̂ + shift. d_scale and d_shift may be NULL. */
static void normalise_backward(double *d, const double *normalised, double inverse_deviation, int64_t count,
                               const double *scale, double *d_scale, double *d_shift)
{
    double sum = 0, product = 0;
    for (int64_t i = 0; i < count; ++i) {
        if (d_scale) d_scale[i] += d[i] * normalised[i];
        if (d_shift) d_shift[i] += d[i];
        d[i] *= scale[i];
        sum += d[i] / (double)count;
        product += d[i] * normalised[i] / (double)count;
    }
    for (int64_t i = 0; i < count; ++i)
        d[i] = inverse_deviation * (d[i] - sum - normalised[i] * product);
}

/* ---- Forward ---- */

static void normalise_gates(const vae_call *call, const vae_reference_sequences *r, int64_t at, double *sums)
{
    const int64_t n = r->hidden;
    double *normalised = vae_reference_row(call->outputs[VAE_LSTM_NORMALISED], at, r->gates);
    double *inverse_deviation = vae_reference_row(call->outputs[VAE_LSTM_INVERSE_DEVIATION], at, NORMS);
    for (int part = 0; part < PARTS; ++part) {
        const double inverse = normalise(sums + part * n, n);
        if (inverse_deviation) inverse_deviation[part] = inverse;
    }
    vae_reference_set_row(sums, r->gates, normalised);
    scale_and_shift(sums, r->gates, call->inputs[VAE_LSTM_NORM_SCALE], call->inputs[VAE_LSTM_NORM_SHIFT]);
}

/* u, of which h = σ(o)·tanh(u): c or its layer norm. */
static void write_cell_input(const vae_call *call, const vae_reference_sequences *r, int64_t at, const double *c,
                             double *u)
{
    const int64_t n = r->hidden;
    vae_reference_set_row(c, n, u);
    if (!call->inputs[VAE_LSTM_NORM_SCALE]) return;
    double *inverse_deviation = vae_reference_row(call->outputs[VAE_LSTM_INVERSE_DEVIATION], at, NORMS);
    const double inverse = normalise(u, n);
    if (inverse_deviation) inverse_deviation[PARTS] = inverse;
    scale_and_shift(u, n, (double *)call->inputs[VAE_LSTM_NORM_SCALE] + PARTS * n,
                    (double *)call->inputs[VAE_LSTM_NORM_SHIFT] + PARTS * n);
}

static void activate(const vae_call *call, const vae_reference_sequences *r, double *sums)
{
    const int64_t n = r->hidden;
    for (int64_t j = 0; j < n; ++j) {
        sums[j] = sigmoid(sums[j]);
        sums[n + j] = sigmoid(sums[n + j] + call->op->attributes.recurrent.forget_bias);
        sums[2 * n + j] = tanh(sums[2 * n + j]);
        sums[3 * n + j] = sigmoid(sums[3 * n + j]);
    }
}

/* One step of sequence `row`; previous states are NULL where they are zero. */
static void run_step(const vae_call *call, const vae_reference_sequences *r, int64_t row, int64_t at,
                     const double *previous_h, const double *previous_c)
{
    const int64_t n = r->hidden;
    double *h = vae_reference_row(call->outputs[VAE_RECURRENT_H], at, n);
    double *c = vae_reference_row(call->outputs[VAE_LSTM_C], at, n);
    double *gate = vae_reference_row(call->outputs[VAE_RECURRENT_ACTIVATED], at, r->gates);
    vae_reference_set_row(vae_reference_row(call->inputs[VAE_RECURRENT_GATES], at, r->gates), r->gates, gate);
    vae_reference_add_row(vae_reference_row(call->inputs[VAE_RECURRENT_PER_SEQUENCE], row, r->gates), r->gates, gate);
    if (previous_h) vae_reference_add_product(previous_h, call->inputs[VAE_RECURRENT_WEIGHT], n, r->gates, gate);
    if (call->inputs[VAE_LSTM_NORM_SCALE]) normalise_gates(call, r, at, gate);
    activate(call, r, gate);
    for (int64_t j = 0; j < n; ++j) {
        const double kept = previous_c ? gate[n + j] * previous_c[j] : 0;
        c[j] = kept + gate[j] * gate[2 * n + j] * mask(call, r, row, at / r->rows, j);
    }
    write_cell_input(call, r, at, c, h);
    for (int64_t j = 0; j < n; ++j)
        h[j] = gate[3 * n + j] * tanh(h[j]);
}

/* Steps behind the end of a sequence. */
static void clear_step(const vae_call *call, const vae_reference_sequences *r, int64_t at)
{
    vae_reference_set_row(NULL, r->hidden, vae_reference_row(call->outputs[VAE_RECURRENT_H], at, r->hidden));
    vae_reference_set_row(NULL, r->hidden, vae_reference_row(call->outputs[VAE_LSTM_C], at, r->hidden));
    vae_reference_set_row(NULL, r->gates, vae_reference_row(call->outputs[VAE_RECURRENT_ACTIVATED], at, r->gates));
    vae_reference_set_row(NULL, r->gates, vae_reference_row(call->outputs[VAE_LSTM_NORMALISED], at, r->gates));
    vae_reference_set_row(NULL, NORMS, vae_reference_row(call->outputs[VAE_LSTM_INVERSE_DEVIATION], at, NORMS));
}

vae_status vae_reference_lstm(vae_call *call)
{
    const vae_reference_sequences r = vae_reference_sequences_of(call, VAE_RECURRENT_GATES, VAE_RECURRENT_LENGTHS);
    for (int64_t row = 0; row < r.rows; ++row) {
        const int64_t n = r.hidden, length = vae_reference_recurrent_length(&r, row);
        const double *h = vae_reference_row(call->inputs[VAE_RECURRENT_INITIAL_H], row, n);
        const double *c = vae_reference_row(call->inputs[VAE_LSTM_INITIAL_C], row, n);
        for (int64_t order = 0; order < length; ++order) {
            const int64_t at = vae_reference_recurrent_at(&r, row, length, order);
            run_step(call, &r, row, at, h, c);
            h = vae_reference_row(call->outputs[VAE_RECURRENT_H], at, n);
            c = vae_reference_row(call->outputs[VAE_LSTM_C], at, n);
        }
        for (int64_t step = length; step < r.steps; ++step)
            clear_step(call, &r, step * r.rows + row);
        vae_reference_set_row(h, n, vae_reference_row(call->outputs[VAE_RECURRENT_LAST_H], row, n));
        vae_reference_set_row(c, n, vae_reference_row(call->outputs[VAE_LSTM_LAST_C], row, n));
    }
    return VAE_OK;
}

/* ---- Backward ---- */

/* A sequence on its way back: gradients by its state, and room for u. */
typedef struct carried {
    double *d_h, *d_c, *u; /* [H] */
} carried;

/* d_c += what comes through h = o·tanh(u); d_o replaces o. */
static void leave_output(const vae_call *call, const vae_reference_sequences *r, int64_t at, carried *k, double *gate)
{
    const int64_t n = r->hidden;
    const double *scale = call->inputs[VAE_LSTM_BACKWARD_NORM_SCALE];
    const double *shift = call->inputs[VAE_LSTM_BACKWARD_NORM_SHIFT];
    const double *inverse = vae_reference_row(call->inputs[VAE_LSTM_BACKWARD_INVERSE_DEVIATION], at, NORMS);
    double *d_scale = call->outputs[VAE_LSTM_BACKWARD_D_NORM_SCALE];
    double *d_shift = call->outputs[VAE_LSTM_BACKWARD_D_NORM_SHIFT];
    vae_reference_set_row(vae_reference_row(call->inputs[VAE_LSTM_BACKWARD_C], at, n), n, k->u);
    if (scale) normalise(k->u, n);
    for (int64_t j = 0; j < n; ++j) {
        const double y = tanh(scale ? scale[PARTS * n + j] * k->u[j] + shift[PARTS * n + j] : k->u[j]);
        const double o = gate[3 * n + j], d_h = k->d_h[j];
        gate[3 * n + j] = d_h * y * o * (1 - o);
        k->d_h[j] = d_h * o * (1 - y * y);
    }
    if (scale) {
        normalise_backward(k->d_h, k->u, inverse[PARTS], n, scale + PARTS * n, d_scale ? d_scale + PARTS * n : NULL,
                           d_shift ? d_shift + PARTS * n : NULL);
    }
    vae_reference_add_row(k->d_h, n, k->d_c);
}

/* d_i, d_f and d_g replace i, f and g, and d_c becomes that of the step before. */
static void leave_cell(const vae_call *call, const vae_reference_sequences *r, int64_t row, int64_t at,
                       const double *previous_c, carried *k, double *gate)
{
    const int64_t n = r->hidden;
    for (int64_t j = 0; j < n; ++j) {
        const double i = gate[j], f = gate[n + j], g = gate[2 * n + j], d_c = k->d_c[j];
        const double m = mask(call, r, row, at / r->rows, j);
        gate[j] = d_c * m * g * i * (1 - i);
        gate[n + j] = previous_c ? d_c * previous_c[j] * f * (1 - f) : 0;
        gate[2 * n + j] = d_c * m * i * (1 - g * g);
        k->d_c[j] = d_c * f;
    }
}

static void leave_norms(const vae_call *call, const vae_reference_sequences *r, int64_t at, double *gate)
{
    const int64_t n = r->hidden;
    const double *scale = call->inputs[VAE_LSTM_BACKWARD_NORM_SCALE];
    const double *normalised = vae_reference_row(call->inputs[VAE_LSTM_BACKWARD_NORMALISED], at, r->gates);
    const double *inverse = vae_reference_row(call->inputs[VAE_LSTM_BACKWARD_INVERSE_DEVIATION], at, NORMS);
    double *d_scale = call->outputs[VAE_LSTM_BACKWARD_D_NORM_SCALE];
    double *d_shift = call->outputs[VAE_LSTM_BACKWARD_D_NORM_SHIFT];
    for (int64_t part = 0; part < PARTS && scale; ++part) {
        const int64_t p = part * n;
        normalise_backward(gate + p, normalised + p, inverse[part], n, scale + p, d_scale ? d_scale + p : NULL,
                           d_shift ? d_shift + p : NULL);
    }
}

static void run_step_backward(const vae_call *call, const vae_reference_sequences *r, int64_t row, int64_t at,
                              const double *h, const double *c, carried *k)
{
    const int64_t n = r->hidden;
    double *gate = vae_reference_row(call->outputs[VAE_RECURRENT_BACKWARD_D_GATES], at, r->gates);
    double *d_per_sequence = vae_reference_row(call->outputs[VAE_RECURRENT_BACKWARD_D_PER_SEQUENCE], row, r->gates);
    vae_reference_add_row(vae_reference_row(call->inputs[VAE_RECURRENT_BACKWARD_D_H], at, n), n, k->d_h);
    leave_output(call, r, at, k, gate);
    leave_cell(call, r, row, at, c, k, gate);
    leave_norms(call, r, at, gate);
    vae_reference_add_row(gate, r->gates, d_per_sequence);
    if (h) vae_reference_add_outer(h, gate, n, r->gates, call->outputs[VAE_RECURRENT_BACKWARD_D_WEIGHT]);
    vae_reference_set_row(NULL, n, k->d_h);
    vae_reference_add_transposed(gate, call->inputs[VAE_RECURRENT_BACKWARD_WEIGHT], n, r->gates, k->d_h);
}

static void run_sequence_backward(const vae_call *call, const vae_reference_sequences *r, int64_t row, carried *k)
{
    const int64_t n = r->hidden, length = vae_reference_recurrent_length(r, row);
    vae_reference_set_row(vae_reference_row(call->inputs[VAE_RECURRENT_BACKWARD_D_LAST_H], row, n), n, k->d_h);
    vae_reference_set_row(vae_reference_row(call->inputs[VAE_LSTM_BACKWARD_D_LAST_C], row, n), n, k->d_c);
    for (int64_t order = length - 1; order >= 0; --order) {
        const double *h = vae_reference_row(call->inputs[VAE_RECURRENT_BACKWARD_INITIAL_H], row, n);
        const double *c = vae_reference_row(call->inputs[VAE_LSTM_BACKWARD_INITIAL_C], row, n);
        if (order > 0) {
            const int64_t before = vae_reference_recurrent_at(r, row, length, order - 1);
            h = vae_reference_row(call->inputs[VAE_RECURRENT_BACKWARD_H], before, n);
            c = vae_reference_row(call->inputs[VAE_LSTM_BACKWARD_C], before, n);
        }
        run_step_backward(call, r, row, vae_reference_recurrent_at(r, row, length, order), h, c, k);
    }
    vae_reference_set_row(k->d_h, n, vae_reference_row(call->outputs[VAE_RECURRENT_BACKWARD_D_INITIAL_H], row, n));
    vae_reference_set_row(k->d_c, n, vae_reference_row(call->outputs[VAE_LSTM_BACKWARD_D_INITIAL_C], row, n));
}

vae_status vae_reference_lstm_backward(vae_call *call)
{
    const vae_reference_sequences r =
        vae_reference_sequences_of(call, VAE_RECURRENT_BACKWARD_ACTIVATED, VAE_RECURRENT_BACKWARD_LENGTHS);
    const int64_t n = r.hidden;
    double *room = calloc((size_t)(3 * n), sizeof *room);
    if (!room) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", call->op->name);
    carried k = {room, room + n, room + 2 * n};
    vae_reference_set_row(NULL, n * r.gates, call->outputs[VAE_RECURRENT_BACKWARD_D_WEIGHT]);
    vae_reference_set_row(NULL, r.rows * r.gates, call->outputs[VAE_RECURRENT_BACKWARD_D_PER_SEQUENCE]);
    vae_reference_set_row(NULL, NORMS * n, call->outputs[VAE_LSTM_BACKWARD_D_NORM_SCALE]);
    vae_reference_set_row(NULL, NORMS * n, call->outputs[VAE_LSTM_BACKWARD_D_NORM_SHIFT]);
    for (int64_t row = 0; row < r.rows; ++row)
        run_sequence_backward(call, &r, row, &k);
    free(room);
    return VAE_OK;
}
