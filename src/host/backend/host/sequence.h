/* The sequences of a batch as kernels in host memory find them (vae_gather_sequence). */
#ifndef VAE_BACKEND_HOST_SEQUENCE_H
#define VAE_BACKEND_HOST_SEQUENCE_H

#include "backend/host/engine.h"

/* Row r of a batch where it lies in the data set. */
typedef struct vae_host_sequence {
    const int32_t *ids;   /* [length, elements], NULL where the data set holds floats */
    const float *numbers; /* or these */
    int64_t length;       /* at most the program's steps; 0 where the step has no such row */
    int64_t row;          /* of the whole batch: counts noise */
} vae_host_sequence;

vae_host_sequence vae_host_sequence_of(const vae_call *call, int64_t r);
/* The factor of dx, axis 0, or dy, axis 1. */
float vae_host_sequence_scale(const vae_call *call, const vae_host_sequence *sequence, int axis);
/* Whether point i of a drawing is left out. */
bool vae_host_sequence_merges(const vae_call *call, const vae_host_sequence *sequence, int64_t i);

#endif
