/* gather_sequence: sequences of the data set, time-major, drawings varied where asked for. */
#include <string.h>

#include "backend/cpu/isa/level.h"
#include "backend/host/sequence.h"
#include "program/stroke.h"

enum { PARALLEL_ELEMENTS = 8192 };

/* What a sequence becomes: step t is at to + t·stride. */
typedef struct placed {
    float *to;
    int64_t steps, stride, elements;
} placed;

static int64_t take_ids(const vae_host_sequence *sequence, const placed *at)
{
    for (int64_t t = 0; t < sequence->length; ++t)
        for (int64_t c = 0; c < at->elements; ++c)
            at->to[t * at->stride + c] = (float)sequence->ids[t * at->elements + c];
    return sequence->length;
}

static int64_t take_numbers(const vae_host_sequence *sequence, const placed *at)
{
    for (int64_t t = 0; t < sequence->length; ++t) {
        memcpy(at->to + t * at->stride, sequence->numbers + t * at->elements, (size_t)at->elements * sizeof *at->to);
    }
    return sequence->length;
}

/* The offsets of a point that is left out go to the one before it. */
static int64_t take_drawing(const vae_call *call, const vae_host_sequence *sequence, const placed *at)
{
    const float dx = vae_host_sequence_scale(call, sequence, 0), dy = vae_host_sequence_scale(call, sequence, 1);
    int64_t length = 0;
    for (int64_t i = 0; i < sequence->length; ++i) {
        const float *from = sequence->numbers + i * VAE_STROKE_NUMBERS;
        if (vae_host_sequence_merges(call, sequence, i)) {
            float *last = at->to + (length - 1) * at->stride;
            last[0] += from[0] * dx;
            last[1] += from[1] * dy;
            continue;
        }
        float *to = at->to + length++ * at->stride;
        memcpy(to, from, VAE_STROKE_NUMBERS * sizeof *to);
        to[0] *= dx;
        to[1] *= dy;
    }
    return length;
}

static int64_t take_sequence(const vae_call *call, int64_t r, const placed *at)
{
    const vae_gather_sequence *gather = &call->op->attributes.gather_sequence;
    const vae_host_sequence sequence = vae_host_sequence_of(call, r);
    if (sequence.ids) return take_ids(&sequence, at);
    const bool varied = gather->scale_jitter != 0.0 || gather->point_dropout != 0.0;
    return varied ? take_drawing(call, &sequence, at) : take_numbers(&sequence, at);
}

/* Repeats the last row up to the end. */
static void fill_up(const placed *at, int64_t length)
{
    for (int64_t t = length; t < at->steps; ++t) {
        float *to = at->to + t * at->stride;
        for (int64_t c = 0; c < at->elements; ++c)
            to[c] = length > 0 ? to[c - at->stride] : 0.0f;
    }
}

static vae_status run(vae_call *call)
{
    const int64_t steps = call->op->attributes.gather_sequence.steps, elements = call->data->column.elements;
    const int64_t rows = vae_call_output_shape(call, 1)->size[0];
    float *x = call->outputs[0], *lengths = call->outputs[1];
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads) if (steps * rows * elements >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows; ++r) {
        const placed at = {x + r * elements, steps, rows * elements, elements};
        const int64_t length = take_sequence(call, r, &at);
        fill_up(&at, length);
        lengths[r] = (float)length;
    }
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_gather_sequence) = {.run = run};
