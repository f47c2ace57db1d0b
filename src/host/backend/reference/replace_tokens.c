/* replace_tokens: which ids go is a function of seed, step and place. */
#include "backend/reference/kernels.h"
#include "core/random.h"
#include "program/sequence.h"

vae_status vae_reference_replace_tokens(vae_call *call)
{
    const double *ids = call->inputs[0];
    const double rate = call->op->attributes.replace_tokens.rate;
    const int64_t rows = call->op->attributes.replace_tokens.rows, token = call->op->attributes.replace_tokens.token;
    const int64_t count = vae_shape_elements(vae_call_output_shape(call, 0));
    double *y = call->outputs[0];
    for (int64_t i = 0; i < count; ++i) {
        const uint64_t element = (uint64_t)vae_sequence_element(call->step->first_row + i % rows, i / rows);
        const vae_philox random = vae_random_block(call->step->seed, call->op->attributes.replace_tokens.stream,
                                                   call->step->step, element / 4);
        const bool goes = i >= rows && vae_random_uniform(random.word[element % 4]) <= (float)rate;
        y[i] = goes ? (double)token : ids[i];
    }
    return VAE_OK;
}
