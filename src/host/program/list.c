/* Lists of instructions: how operands are broadcast, and where results are kept. */
#include "program/op.h"

#include <string.h>

void vae_shape_as_matrix(const vae_shape *shape, int64_t *rows, int64_t *columns)
{
    *rows = shape->size[0];
    *columns = shape->rank == 1 ? 1 : vae_shape_columns(shape);
}

vae_broadcast vae_elementwise_broadcast(const vae_elementwise *list, const vae_shape *operand)
{
    int64_t rows, columns;
    vae_shape_as_matrix(operand, &rows, &columns);
    return (vae_broadcast){list->rows / rows, columns, columns == 1 ? 0 : 1};
}

bool vae_elementwise_fits(const vae_elementwise *list, const vae_shape *operand)
{
    int64_t rows, columns;
    vae_shape_as_matrix(operand, &rows, &columns);
    return list->rows % rows == 0 && (columns == 1 || columns == list->columns);
}

bool vae_elementwise_is_whole(const vae_elementwise *list, const vae_shape *operand)
{
    int64_t rows, columns;
    vae_shape_as_matrix(operand, &rows, &columns);
    return list->rows == rows && list->columns == columns;
}

/* The last instruction that reads each result, itself where none does. */
static void find_last_readers(const vae_elementwise *list, int last[VAE_LIST_INSTRUCTIONS])
{
    for (int i = 0; i < list->count; ++i) {
        last[i] = i;
        for (int k = 0; k < VAE_LIST_OPERANDS; ++k) {
            const vae_list_operand operand = list->instructions[i].operands[k];
            if (operand.source == VAE_OPERAND_RESULT) last[operand.index] = i;
        }
    }
}

bool vae_elementwise_assign_slots(vae_elementwise *list)
{
    int last[VAE_LIST_INSTRUCTIONS], busy_until[VAE_LIST_SLOTS];
    find_last_readers(list, last);
    for (int s = 0; s < VAE_LIST_SLOTS; ++s)
        busy_until[s] = -1;
    list->slot_count = 0;
    for (int i = 0; i < list->count; ++i) {
        int slot = 0;
        /* A result may take the place of an operand that it is the last to read. */
        while (slot < VAE_LIST_SLOTS && busy_until[slot] > i)
            ++slot;
        if (slot == VAE_LIST_SLOTS) return false;
        busy_until[slot] = last[i];
        list->instructions[i].slot = (uint8_t)slot;
        if (slot >= list->slot_count) list->slot_count = (uint8_t)(slot + 1);
    }
    return true;
}
