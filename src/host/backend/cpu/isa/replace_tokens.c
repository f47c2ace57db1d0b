/* replace_tokens: which ids go is a function of seed, step and place. A row's ids share blocks of four numbers. */
#include "backend/cpu/isa/level.h"
#include "core/random.h"
#include "program/sequence.h"

static void replace_row(const vae_call *call, int64_t row, int64_t rows, int64_t steps)
{
    const float rate = (float)call->op->attributes.replace_tokens.rate;
    const float token = (float)call->op->attributes.replace_tokens.token;
    const float *ids = (const float *)call->inputs[0] + row;
    float *y = (float *)call->outputs[0] + row;
    vae_philox random = {{0}};
    for (int64_t t = 0; t < steps; ++t) {
        const uint64_t element = (uint64_t)vae_sequence_element(call->step->first_row + row, t);
        if (element % 4 == 0) {
            random = vae_random_block(call->step->seed, call->op->attributes.replace_tokens.stream, call->step->step,
                                      element / 4);
        }
        const bool goes = t > 0 && vae_random_uniform(random.word[element % 4]) <= rate;
        y[t * rows] = goes ? token : ids[t * rows];
    }
}

static vae_status run(vae_call *call)
{
    const int64_t rows = call->op->attributes.replace_tokens.rows;
    const int64_t steps = vae_shape_elements(vae_call_output_shape(call, 0)) / rows;
    for (int64_t row = 0; row < rows; ++row)
        replace_row(call, row, rows, steps);
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_replace_tokens) = {.run = run};
