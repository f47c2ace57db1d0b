/* lstm and gru over whole sequences, float32: what the loops of isa/ offer to the ops. */
#ifndef VAE_BACKEND_CPU_RECURRENT_PASS_H
#define VAE_BACKEND_CPU_RECURRENT_PASS_H

#include "program/program.h"

/* An op of `kind`, lstm, gru or the backward op of one, bound to memory that is borrowed. Operands are by position as
 * program/recurrent.h has them, NULL where absent. The gradient by the weight is no part of the pass: it is a product
 * of what the pass leaves. */
typedef struct vae_recurrent_options {
    vae_op_kind kind;
    vae_recurrent attributes;
    int64_t rows, hidden;
    int64_t samples; /* vae_recurrent_samples() */
    float *const *inputs, *const *outputs;
    /* Backward, [rows, columns of the weight], or NULL: receives of each sequence the gradient by the sums of the first
     * step that was read, 0 of an empty one. What the initial state is multiplied by for the weight's gradient. */
    float *first;
    int threads;
} vae_recurrent_options;

/* Nothing is allocated in a run. */
typedef struct vae_recurrent_pass vae_recurrent_pass;

#endif
