/* An array's numbers in another order than the one they are stored in. */
#ifndef VAE_CORE_ARRAY_ORDER_H
#define VAE_CORE_ARRAY_ORDER_H

#include <stdbool.h>
#include <stdint.h>

enum { VAE_ARRAY_MAX_RANK = 8 };

typedef struct vae_array_order {
    int rank;
    int64_t sizes[VAE_ARRAY_MAX_RANK];
    int64_t strides[VAE_ARRAY_MAX_RANK]; /* from one index to the next, in stored numbers */
    int64_t index[VAE_ARRAY_MAX_RANK];   /* of the next number */
    int64_t offset;                      /* where that is stored */
} vae_array_order;

/* The array as it is stored: in C order, the last index fastest, or in Fortran order, the first index fastest. */
vae_array_order vae_array_order_make(int rank, const int64_t *sizes, bool fortran);
/* Moves dimension `from` to place `to`; those between move up. */
void vae_array_order_move(vae_array_order *order, int from, int to);
/* Where the next number is stored, the last index fastest; after the last comes the first. */
int64_t vae_array_order_next(vae_array_order *order);

#endif
