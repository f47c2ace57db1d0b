/* Walks an array by strides. */
#include "core/array_order.h"

#include <string.h>

vae_array_order vae_array_order_make(int rank, const int64_t *sizes, bool fortran)
{
    vae_array_order order = {.rank = rank};
    int64_t stride = 1;
    memcpy(order.sizes, sizes, (size_t)rank * sizeof *sizes);
    for (int i = 0; i < rank; ++i) {
        const int dimension = fortran ? i : rank - 1 - i;
        order.strides[dimension] = stride;
        stride *= sizes[dimension];
    }
    return order;
}

static void move(int64_t *values, int from, int to)
{
    const int64_t moved = values[from];
    const int step = from < to ? 1 : -1;
    for (int i = from; i != to; i += step)
        values[i] = values[i + step];
    values[to] = moved;
}

void vae_array_order_move(vae_array_order *order, int from, int to)
{
    move(order->sizes, from, to);
    move(order->strides, from, to);
}

int64_t vae_array_order_next(vae_array_order *order)
{
    const int64_t offset = order->offset;
    for (int i = order->rank - 1; i >= 0; --i) {
        order->offset += order->strides[i];
        if (++order->index[i] < order->sizes[i]) break;
        order->offset -= order->sizes[i] * order->strides[i];
        order->index[i] = 0;
    }
    return offset;
}
