/* Where the sequences of a batch lie, and how drawings are varied. */
#include "backend/host/sequence.h"

#include "core/random.h"
#include "program/sequence.h"
#include "program/stroke.h"

vae_host_sequence vae_host_sequence_of(const vae_call *call, int64_t r)
{
    const vae_gather_sequence *gather = &call->op->attributes.gather_sequence;
    const vae_column *column = &call->data->column;
    const vae_step *step = call->step;
    vae_host_sequence sequence = {.row = step->first_row + r};
    if (step->rows > 0 && r >= step->rows) return sequence;
    uint64_t place = (uint64_t)(step->first + r);
    if (gather->shuffle) place = vae_permutation_apply(call->permutation, place);
    const int64_t at = gather->first + (int64_t)place, item = column->order ? column->order[at] : at;
    const int64_t begin = column->offsets[item], length = column->offsets[item + 1] - begin;
    if (column->dtype == VAE_INT32) {
        sequence.ids = (const int32_t *)column->values + begin * column->elements;
    } else {
        sequence.numbers = (const float *)column->values + begin * column->elements;
    }
    sequence.length = length < gather->steps ? length : gather->steps;
    return sequence;
}

static float uniform_at(const vae_step *step, int64_t row, int64_t place)
{
    const uint64_t element = (uint64_t)vae_sequence_element(row, place);
    const vae_philox random = vae_random_block(step->seed, VAE_STREAM_AUGMENT, step->step, element / 4);
    return vae_random_uniform(random.word[element % 4]);
}

float vae_host_sequence_scale(const vae_call *call, const vae_host_sequence *sequence, int axis)
{
    const float jitter = (float)call->op->attributes.gather_sequence.scale_jitter;
    if (jitter == 0.0f) return 1.0f;
    return 1.0f + jitter * (2.0f * uniform_at(call->step, sequence->row, VAE_AUGMENT_SCALE + axis) - 1.0f);
}

bool vae_host_sequence_merges(const vae_call *call, const vae_host_sequence *sequence, int64_t i)
{
    const float rate = (float)call->op->attributes.gather_sequence.point_dropout;
    if (rate == 0.0f || !vae_stroke_may_merge(sequence->numbers, i)) return false;
    return uniform_at(call->step, sequence->row, VAE_AUGMENT_POINT + i) <= rate;
}
