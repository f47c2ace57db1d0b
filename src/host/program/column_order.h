/* An order of columns without storage: the reversal, or a keyed permutation, or the inverse of one.
 *
 * Plain C that kernels of all backends include. */
#ifndef VAE_PROGRAM_COLUMN_ORDER_H
#define VAE_PROGRAM_COLUMN_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/permutation.h"

/* Rows of which a GPU's thread takes one column at a time: finding out where it comes from takes longer than a copy. */
enum { VAE_PERMUTED_ROWS = 16 };

typedef struct vae_column_order {
    int64_t seed;                /* 0: the reversal, which is its own inverse */
    bool inverse;                /* of the permutation */
    vae_permutation permutation; /* of the columns, keyed by the seed */
} vae_column_order;

/* Which column goes to the place of `column`. */
VAE_HOST_DEVICE static inline int64_t vae_column_source(const vae_column_order *order, int64_t column)
{
    if (order->seed == 0) return (int64_t)order->permutation.count - 1 - column;
    return (int64_t)(order->inverse ? vae_permutation_invert(&order->permutation, (uint64_t)column)
                                    : vae_permutation_apply(&order->permutation, (uint64_t)column));
}

#endif
