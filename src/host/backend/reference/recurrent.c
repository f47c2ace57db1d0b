/* What the reference's recurrent cells share. */
#include "backend/reference/recurrent.h"

vae_reference_sequences vae_reference_sequences_of(const vae_call *call, int gates, int lengths)
{
    const vae_recurrent *options = &call->op->attributes.recurrent;
    const vae_shape *shape = vae_call_input_shape(call, gates);
    return (vae_reference_sequences){
        .steps = options->steps,
        .rows = shape->size[0] / options->steps,
        .hidden = vae_call_input_shape(call, VAE_RECURRENT_WEIGHT)->size[0],
        .gates = shape->size[1],
        .reverse = options->reverse,
        .lengths = call->inputs[lengths],
    };
}

int64_t vae_reference_recurrent_length(const vae_reference_sequences *r, int64_t row)
{
    return r->lengths ? vae_recurrent_length(r->lengths[row], r->steps) : r->steps;
}

int64_t vae_reference_recurrent_at(const vae_reference_sequences *r, int64_t row, int64_t length, int64_t order)
{
    return (r->reverse ? length - 1 - order : order) * r->rows + row;
}

double *vae_reference_row(void *values, int64_t row, int64_t columns)
{
    return values ? (double *)values + row * columns : NULL;
}

void vae_reference_add_product(const double *state, const double *weight, int64_t hidden, int64_t columns, double *sums)
{
    for (int64_t k = 0; k < hidden; ++k)
        for (int64_t c = 0; c < columns; ++c)
            sums[c] += state[k] * weight[k * columns + c];
}

void vae_reference_add_transposed(const double *sums, const double *weight, int64_t hidden, int64_t columns,
                                  double *state)
{
    for (int64_t k = 0; k < hidden; ++k)
        for (int64_t c = 0; c < columns; ++c)
            state[k] += sums[c] * weight[k * columns + c];
}

void vae_reference_add_outer(const double *state, const double *d_sums, int64_t hidden, int64_t columns,
                             double *d_weight)
{
    for (int64_t k = 0; k < hidden && d_weight; ++k)
        for (int64_t c = 0; c < columns; ++c)
            d_weight[k * columns + c] += state[k] * d_sums[c];
}

void vae_reference_add_row(const double *source, int64_t count, double *target)
{
    for (int64_t i = 0; i < count && source && target; ++i)
        target[i] += source[i];
}

void vae_reference_set_row(const double *source, int64_t count, double *target)
{
    for (int64_t i = 0; i < count && target; ++i)
        target[i] = source ? source[i] : 0;
}
