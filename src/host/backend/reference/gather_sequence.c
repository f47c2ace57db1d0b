/* gather_sequence: sequences of the data set, time-major, drawings varied where asked for. */
#include "backend/host/sequence.h"
#include "backend/reference/kernels.h"
#include "program/stroke.h"

static double number(const vae_host_sequence *sequence, int64_t at)
{
    return sequence->ids ? (double)sequence->ids[at] : (double)sequence->numbers[at];
}

/* Writes step t of row r at `row` of x; the offsets of a point that is left out go to the one before it. */
static void take_row(const vae_call *call, const vae_host_sequence *sequence, int64_t i, bool merged, double *row)
{
    const int64_t elements = call->data->column.elements;
    for (int64_t c = 0; c < (merged ? 2 : elements); ++c) {
        const bool is_offset = elements == VAE_STROKE_NUMBERS && c < 2;
        const double scale = is_offset ? (double)vae_host_sequence_scale(call, sequence, (int)c) : 1.0;
        const double value = number(sequence, i * elements + c) * scale;
        row[c] = merged ? row[c] + value : value;
    }
}

vae_status vae_reference_gather_sequence(vae_call *call)
{
    const int64_t steps = call->op->attributes.gather_sequence.steps, elements = call->data->column.elements;
    const int64_t rows = vae_call_output_shape(call, 1)->size[0], stride = rows * elements;
    double *x = call->outputs[0], *lengths = call->outputs[1];
    for (int64_t r = 0; r < rows; ++r) {
        const vae_host_sequence sequence = vae_host_sequence_of(call, r);
        double *to = x + r * elements;
        int64_t length = 0;
        for (int64_t i = 0; i < sequence.length; ++i) {
            const bool merged = vae_host_sequence_merges(call, &sequence, i);
            length += !merged;
            take_row(call, &sequence, i, merged, to + (length - 1) * stride);
        }
        lengths[r] = (double)length;
        for (int64_t t = length; t < steps; ++t)
            for (int64_t c = 0; c < elements; ++c)
                to[t * stride + c] = length > 0 ? to[(length - 1) * stride + c] : 0.0;
    }
    return VAE_OK;
}
