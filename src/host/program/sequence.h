/* Where the noise of sequences is drawn. Plain C that kernels include, too. */
#ifndef VAE_PROGRAM_SEQUENCE_H
#define VAE_PROGRAM_SEQUENCE_H

#include <stdint.h>

#include "core/host_device.h"

/* The element of noise at a place of a sequence, which is row `row` of the whole batch: the same however long the
 * others of its batch are. */
VAE_HOST_DEVICE static inline int64_t vae_sequence_element(int64_t row, int64_t place)
{
    return (int64_t)((uint64_t)row << 32 | (uint64_t)place);
}

/* Places of the noise of sample_tokens: each step has one that says whether a token is drawn, and from VAE_SAMPLE_DRAW
 * behind it one for each token of the vocabulary. Both begin a block of four. */
enum { VAE_SAMPLE_DRAW = 4 };
VAE_HOST_DEVICE static inline int64_t vae_sample_place(int64_t step, int64_t vocabulary)
{
    return step * (VAE_SAMPLE_DRAW + (vocabulary + 3) / 4 * 4);
}

/* Places of a drawing's noise: the factors of dx and dy, and point i. */
enum { VAE_AUGMENT_SCALE = 0, VAE_AUGMENT_POINT = 4 };

#endif
