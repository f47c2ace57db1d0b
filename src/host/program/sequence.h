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

/* Places of a drawing's noise: the factors of dx and dy, and point i. */
enum { VAE_AUGMENT_SCALE = 0, VAE_AUGMENT_POINT = 4 };

#endif
