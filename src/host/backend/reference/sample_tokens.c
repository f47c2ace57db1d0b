/* sample_tokens: which ids are drawn, and what, is a function of seed, step and place. */
#include <math.h>

#include "backend/reference/kernels.h"
#include "core/random.h"
#include "program/sequence.h"

static float uniform(const vae_call *call, int64_t element)
{
    const vae_philox random = vae_random_block(call->step->seed, call->op->attributes.sample_tokens.stream,
                                               call->step->step, (uint64_t)element / 4);
    return vae_random_uniform(random.word[element % 4]);
}

static int64_t draw(const vae_call *call, const double *logits, int64_t vocabulary, int64_t first_element)
{
    const int64_t never = call->op->attributes.sample_tokens.never;
    int64_t best = never == 0;
    double largest = -INFINITY;
    for (int64_t v = 0; v < vocabulary; ++v) {
        const double u = (double)fminf(uniform(call, first_element + v), VAE_UNIFORM_BELOW_ONE);
        const double score = logits[v] - log(-log1p(-u));
        if (v == never || !(score > largest)) continue;
        largest = score;
        best = v;
    }
    return best;
}

vae_status vae_reference_sample_tokens(vae_call *call)
{
    const double *logits = call->inputs[0], *ids = call->inputs[1], *lengths = call->inputs[2];
    const int64_t rows = vae_call_input_shape(call, 2)->size[0], count = vae_call_input_shape(call, 0)->size[0];
    const int64_t vocabulary = vae_shape_columns(vae_call_input_shape(call, 0));
    double *y = call->outputs[0];
    for (int64_t i = 0; i < count; ++i) {
        const int64_t row = i % rows, step = i / rows;
        const int64_t element = vae_sequence_element(call->step->first_row + row, vae_sample_place(step, vocabulary));
        const bool counts = step > 0 && (double)step < lengths[row];
        y[i] = ids[i];
        if (!counts || uniform(call, element) > (float)call->step->sampling) continue;
        y[i] = (double)draw(call, logits + (i - rows) * vocabulary, vocabulary, element + VAE_SAMPLE_DRAW);
    }
    return VAE_OK;
}
