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

bool vae_elementwise_is_flat(const vae_program *program, const vae_op *op)
{
    const vae_elementwise *list = &op->attributes.elementwise;
    bool flat = true;
    for (int i = 0; i < list->output_count; ++i)
        flat = flat && !list->outputs[i].summed;
    for (int i = 0; i < VAE_LIST_INPUTS && op->inputs[i] != VAE_NO_TENSOR; ++i) {
        const vae_shape *shape = vae_tensor_shape(program, op->inputs[i]);
        flat = flat && (vae_shape_elements(shape) == 1 || vae_elementwise_is_whole(list, shape));
    }
    return flat;
}

vae_op vae_elementwise_part(const vae_op *op, int count)
{
    vae_op part = *op;
    vae_elementwise *list = &part.attributes.elementwise;
    vae_list_output output = {.instruction = (uint8_t)(count - 1)};
    for (int k = 0; k < list->output_count; ++k)
        if (list->outputs[k].instruction == output.instruction) output.summed = list->outputs[k].summed;
    list->count = (uint8_t)count;
    list->output_count = 1;
    list->outputs[0] = output;
    for (int k = 0; k < VAE_MAX_OUTPUTS; ++k)
        part.outputs[k] = VAE_NO_TENSOR;
    part.outputs[0] = list->instructions[count - 1].tensor;
    return part;
}

vae_cost vae_elementwise_traffic_apart(const vae_program *program, const vae_op *op)
{
    const vae_elementwise *list = &op->attributes.elementwise;
    vae_cost cost = {0};
    for (int i = 0; i < list->count; ++i) {
        vae_op alone = vae_op_make(VAE_OP_ELEMENTWISE, op->name);
        alone.outputs[0] = list->instructions[i].tensor;
        for (int k = 0; k < VAE_LIST_OPERANDS; ++k) {
            const vae_list_operand from = list->instructions[i].operands[k];
            vae_tensor read = VAE_NO_TENSOR;
            if (from.source == VAE_OPERAND_INPUT) read = op->inputs[from.index];
            if (from.source == VAE_OPERAND_RESULT) read = list->instructions[from.index].tensor;
            for (int before = 0; before < k; ++before)
                read = alone.inputs[before] == read ? VAE_NO_TENSOR : read;
            alone.inputs[k] = read;
        }
        const vae_cost traffic = vae_op_traffic(program, &alone);
        cost.bytes_read += traffic.bytes_read;
        cost.bytes_written += traffic.bytes_written;
    }
    return cost;
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
