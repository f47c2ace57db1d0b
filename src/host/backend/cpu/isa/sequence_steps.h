/* What the likelihoods of sequences share: log p of each step, in double, until a row's are added up in their order.
 * The state of a call is one number a step. */
#ifndef VAE_BACKEND_CPU_ISA_SEQUENCE_STEPS_H
#define VAE_BACKEND_CPU_ISA_SEQUENCE_STEPS_H

#include <stdlib.h>

#include "backend/cpu/isa/level.h"

static inline vae_status vae_cpu_steps_prepare(vae_call *call)
{
    const int64_t count = vae_call_input_shape(call, 0)->size[0];
    call->state = calloc((size_t)count, sizeof(double));
    return call->state ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "out of memory");
}

static inline void vae_cpu_steps_release(vae_call *call)
{
    free(call->state);
}

/* ll [rows], unless that is NULL. */
static inline void vae_cpu_steps_add_up(const vae_call *call, float *ll)
{
    const int64_t rows = vae_call_input_shape(call, 2)->size[0], count = vae_call_input_shape(call, 0)->size[0];
    const double *steps = call->state;
    for (int64_t row = 0; ll && row < rows; ++row) {
        double sum = 0.0;
        for (int64_t i = row; i < count; i += rows)
            sum += steps[i];
        ll[row] = (float)sum;
    }
}

#endif
