/* dropout: what is kept grows by 1 / (1 - rate); the mask is a function of seed, step and element. */
#include "backend/reference/kernels.h"
#include "core/random.h"

vae_status vae_reference_dropout(vae_call *call)
{
    const double *x = call->inputs[0], rate = call->op->attributes.dropout.rate;
    const uint32_t stream = call->op->attributes.dropout.stream;
    double *y = call->outputs[0];
    const int64_t count = vae_shape_elements(vae_call_output_shape(call, 0));
    const int64_t per_row = vae_program_batch_row_elements(call->program, call->op->outputs[0]);
    for (int64_t i = 0; i < count; ++i) {
        const uint64_t element = vae_call_first_element(call, per_row) + (uint64_t)i;
        const vae_philox random = vae_random_block(call->step->seed, stream, call->step->step, element / 4);
        y[i] = vae_random_uniform(random.word[element % 4]) > (float)rate ? x[i] / (1 - rate) : 0;
    }
    return VAE_OK;
}
