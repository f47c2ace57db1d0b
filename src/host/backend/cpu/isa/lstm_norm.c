/* Layer norms of lstm: of i, f, g and o before they are activated, and of c before its tanh. */
#include <math.h>
#include <string.h>

#include "backend/cpu/isa/lstm.h"
#include "backend/cpu/isa/row_sum.h"
#include "backend/cpu/isa/simd_math.h"

/* ---- One run of numbers ---- */

/* x becomes x̂; gives the inverse deviation. */
static float normalise(float *x, int64_t count)
{
    const float mean = (float)(vae_cpu_row_sum(x, count) / (double)count);
    double squares = 0.0;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < count; ++i) {
        x[i] -= mean;
        squares += (double)(x[i] * x[i]);
    }
    const float inverse_deviation = (float)(1.0 / sqrt(squares / (double)count + VAE_RECURRENT_EPSILON));
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        x[i] *= inverse_deviation;
    return inverse_deviation;
}

/* d, by scale·x̂ + shift, becomes the gradient by what x̂ was made of; d_scale and d_shift are added to. */
static void normalise_back(float *restrict d, const float *restrict normalised, float inverse_deviation,
                           const float *restrict scale, int64_t count, double *restrict d_scale,
                           double *restrict d_shift)
{
    double sum = 0.0, product = 0.0;
#pragma omp simd reduction(+ : sum, product)
    for (int64_t i = 0; i < count; ++i) {
        const float by_normalised = d[i] * normalised[i];
        d_scale[i] += (double)by_normalised;
        d_shift[i] += (double)d[i];
        sum += (double)(scale[i] * d[i]);
        product += (double)(scale[i] * by_normalised);
    }
    const float mean = (float)(sum / (double)count), mean_product = (float)(product / (double)count);
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        d[i] = inverse_deviation * (scale[i] * d[i] - mean - normalised[i] * mean_product);
}

static void scale_and_shift(float *x, const float *scale, const float *shift, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        x[i] = scale[i] * x[i] + shift[i];
}

/* ---- Forward ---- */

static void step_row(const vae_recurrent_share *share, int64_t active)
{
    const vae_recurrent_pass *pass = share->pass;
    const vae_recurrent_options *o = &pass->options;
    const int64_t hidden = o->hidden, columns = pass->columns;
    const int64_t row = share->active[active], place = vae_recurrent_place(share, row);
    const float *scale = o->inputs[VAE_LSTM_NORM_SCALE], *shift = o->inputs[VAE_LSTM_NORM_SHIFT];
    const float *mask = o->attributes.dropout > 0 ? share->masks + active * pass->mask_stride : pass->ones;
    float *gates = o->outputs[VAE_RECURRENT_ACTIVATED] + place * columns, *kept = o->outputs[VAE_LSTM_NORMALISED];
    float *c = o->outputs[VAE_LSTM_C] + place * hidden, *h = o->outputs[VAE_RECURRENT_H] + place * hidden;
    float inverses[VAE_LSTM_NORMS], *inverse_deviation = o->outputs[VAE_LSTM_INVERSE_DEVIATION];
    for (int64_t g = 0; g < VAE_LSTM_GATES; ++g)
        inverses[g] = normalise(gates + g * hidden, hidden);
    if (kept) memcpy(kept + place * columns, gates, (size_t)columns * sizeof *kept);
    scale_and_shift(gates, scale, shift, columns);
    VAE_ISA_NAME(vae_cpu_lstm_cell_row)
    ((float)o->attributes.forget_bias, hidden, mask, gates, o->outputs[VAE_LSTM_LAST_C] + row * hidden, c);
    memcpy(h, c, (size_t)hidden * sizeof *h);
    inverses[VAE_LSTM_GATES] = normalise(h, hidden);
    scale_and_shift(h, scale + columns, shift + columns, hidden);
#pragma omp simd
    for (int64_t j = 0; j < hidden; ++j)
        h[j] = gates[3 * hidden + j] * simd_tanh(h[j]);
    if (inverse_deviation) memcpy(inverse_deviation + place * VAE_LSTM_NORMS, inverses, sizeof inverses);
}

void VAE_ISA_NAME(vae_cpu_lstm_norm_step)(const vae_recurrent_share *share)
{
    for (int64_t j = 0; j < share->count; ++j)
        step_row(share, j);
}

/* ---- Backward ---- */

static double *sums_of(const vae_recurrent_pass *pass, int64_t row)
{
    return pass->norm_sums + row / VAE_RECURRENT_PIECE * 2 * VAE_LSTM_NORMS * pass->options.hidden;
}

void VAE_ISA_NAME(vae_cpu_lstm_norm_begin_back)(const vae_recurrent_share *share)
{
    const size_t piece = (size_t)(2 * VAE_LSTM_NORMS * share->pass->options.hidden);
    for (int64_t r = share->begin; r < share->end; r += VAE_RECURRENT_PIECE)
        memset(sums_of(share->pass, r), 0, piece * sizeof(double));
}

void VAE_ISA_NAME(vae_cpu_lstm_norm_back)(const vae_recurrent_share *share, int64_t row, const vae_lstm_row_back *back)
{
    const vae_recurrent_pass *pass = share->pass;
    const vae_recurrent_options *o = &pass->options;
    const int64_t hidden = o->hidden, columns = pass->columns, place = vae_recurrent_place(share, row);
    const float *scale = o->inputs[VAE_LSTM_BACKWARD_NORM_SCALE], *shift = o->inputs[VAE_LSTM_BACKWARD_NORM_SHIFT];
    const float *normalised = o->inputs[VAE_LSTM_BACKWARD_NORMALISED] + place * columns;
    const float *inverses = o->inputs[VAE_LSTM_BACKWARD_INVERSE_DEVIATION] + place * VAE_LSTM_NORMS;
    const float *c_scale = scale + columns, *c_shift = shift + columns, *d_h = back->d_h, *d_y = back->d_y;
    float *gates = back->gates, *output = gates + 3 * hidden;
    float *normalised_c = share->row, *d_cell = normalised_c + pass->mask_stride;
    double *d_scale = sums_of(pass, row), *d_shift = d_scale + VAE_LSTM_NORMS * hidden;
    memcpy(normalised_c, back->c, (size_t)hidden * sizeof *normalised_c);
    normalise(normalised_c, hidden);
#pragma omp simd
    for (int64_t j = 0; j < hidden; ++j) {
        const float y = simd_tanh(c_scale[j] * normalised_c[j] + c_shift[j]), d = d_h[j] + d_y[j], gate = output[j];
        d_cell[j] = d * gate * (1.0f - y * y);
        output[j] = d * y * gate * (1.0f - gate);
    }
    normalise_back(d_cell, normalised_c, inverses[VAE_LSTM_GATES], c_scale, hidden, d_scale + columns,
                   d_shift + columns);
    vae_lstm_row_back cell = *back;
    cell.d_cell = d_cell;
    VAE_ISA_NAME(vae_cpu_lstm_cell_row_back)(&cell, hidden);
    for (int64_t g = 0; g < VAE_LSTM_GATES; ++g) {
        const int64_t at = g * hidden;
        normalise_back(gates + at, normalised + at, inverses[g], scale + at, hidden, d_scale + at, d_shift + at);
    }
}
