/* What the backends' kernels of sequences agree on. Plain C that kernels include, too. */
#ifndef VAE_PROGRAM_SEQUENCE_H
#define VAE_PROGRAM_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/host_device.h"

/* A step of a drawing: dx, dy, and of three states of the pen one that is 1: down, the line goes on to the next point;
 * up, it ends here; end, of the drawing. The first row of a drawing is its begin, (0, 0, 1, 0, 0). */
enum { VAE_STROKE_NUMBERS = 5, VAE_STROKE_DOWN = 2, VAE_STROKE_UP = 3, VAE_STROKE_END = 4 };

/* The element of noise at a place of a sequence, which is row `row` of the whole batch: the same however long the
 * others of its batch are. */
VAE_HOST_DEVICE static inline int64_t vae_sequence_element(int64_t row, int64_t place)
{
    return (int64_t)((uint64_t)row << 32 | (uint64_t)place);
}

/* Places of a drawing's noise: the factors of dx and dy, and point i. */
enum { VAE_AUGMENT_SCALE = 0, VAE_AUGMENT_POINT = 4 };

/* Whether row i of a drawing may be left out: the pen is down there and in the three points before it, of which the
 * begin is none. */
VAE_HOST_DEVICE static inline bool vae_stroke_may_merge(const float *drawing, int64_t i)
{
    if (i < 4) return false;
    for (int64_t k = i - 3; k <= i; ++k)
        if (drawing[k * VAE_STROKE_NUMBERS + VAE_STROKE_DOWN] != 1.0f) return false;
    return true;
}

#endif
