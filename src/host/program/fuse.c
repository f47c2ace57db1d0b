/* Fusion of neighbours: `elementwise` ops over one domain become one op, whose results stay in registers or in the
 * cache.
 *
 * Ops work in place and read what others change, so an op moves past others only where none of them writes what it
 * reads or touches what it writes. Nothing that two ops share is computed in another order, so results keep their bits.
 * A tensor that only the joined op reads is gone from memory; it stays named by the instruction that makes it, for the
 * search for NaN. */
#include <stdlib.h>
#include <string.h>

#include "program/op.h"

/* How many ops back one looks for another to join: far enough for the terms of a bound, and the pass stays linear. */
enum { REACH = 32 };

typedef struct fusion {
    vae_program *program;
    bool *gone;       /* by op: joined to another */
    int32_t *readers; /* by tensor: ops that read it */
} fusion;

/* ---- What ops touch ---- */

static bool reads(const vae_op *op, vae_tensor tensor)
{
    for (int i = 0; i < VAE_MAX_INPUTS; ++i)
        if (op->inputs[i] == tensor) return true;
    return false;
}

/* The output that `tensor` is, or -1. */
static int find_output(const vae_op *op, vae_tensor tensor)
{
    for (int i = 0; i < VAE_MAX_OUTPUTS; ++i)
        if (op->outputs[i] == tensor) return i;
    return -1;
}

/* Whether two ops may change places. */
static bool are_independent(const vae_op *a, const vae_op *b)
{
    for (int i = 0; i < VAE_MAX_OUTPUTS; ++i) {
        const vae_tensor x = a->outputs[i], y = b->outputs[i];
        if (x != VAE_NO_TENSOR && (reads(b, x) || find_output(b, x) >= 0)) return false;
        if (y != VAE_NO_TENSOR && reads(a, y)) return false;
    }
    return true;
}

/* Whether `op` may change places with every op between two. */
static bool can_pass(const fusion *f, const vae_op *op, int32_t after, int32_t before)
{
    for (int32_t k = after + 1; k < before; ++k)
        if (!f->gone[k] && !are_independent(op, &f->program->ops[k])) return false;
    return true;
}

/* ---- Joining two lists ---- */

static bool add_input(vae_op *op, vae_tensor tensor, uint8_t *index)
{
    for (int i = 0; i < VAE_LIST_INPUTS; ++i) {
        if (op->inputs[i] != VAE_NO_TENSOR && op->inputs[i] != tensor) continue;
        op->inputs[i] = tensor;
        *index = (uint8_t)i;
        return true;
    }
    return false;
}

static bool add_constant(vae_elementwise *list, vae_weight constant, uint8_t *index)
{
    for (int i = 0; i < VAE_LIST_CONSTANTS; ++i) {
        const bool same = list->constants[i].factor == constant.factor && list->constants[i].scalar == constant.scalar;
        if (i < list->constant_count && !same) continue;
        if (i == list->constant_count) list->constants[list->constant_count++] = constant;
        *index = (uint8_t)i;
        return true;
    }
    return false;
}

/* An operand of the second op as one of both; false where there is no room, or where it is a sum of the first, which is
 * known only when a row has ended. */
static bool take_operand(const vae_op *first, const vae_op *second, vae_op *joined, vae_list_operand *operand)
{
    const vae_elementwise *a = &first->attributes.elementwise, *b = &second->attributes.elementwise;
    switch (operand->source) {
    case VAE_OPERAND_RESULT: operand->index = (uint8_t)(operand->index + a->count); return true;
    case VAE_OPERAND_CONSTANT:
        return add_constant(&joined->attributes.elementwise, b->constants[operand->index], &operand->index);
    case VAE_OPERAND_INPUT: {
        const vae_tensor tensor = second->inputs[operand->index];
        const int output = find_output(first, tensor);
        if (output < 0) return add_input(joined, tensor, &operand->index);
        *operand = (vae_list_operand){VAE_OPERAND_RESULT, a->outputs[output].instruction};
        return !a->outputs[output].summed;
    }
    default: return true;
    }
}

static bool take_instructions(const vae_op *first, const vae_op *second, vae_op *joined)
{
    const vae_elementwise *b = &second->attributes.elementwise;
    vae_elementwise *list = &joined->attributes.elementwise;
    if (list->count + b->count > VAE_LIST_INSTRUCTIONS) return false;
    for (int i = 0; i < b->count; ++i) {
        vae_instruction instruction = b->instructions[i];
        for (int k = 0; k < VAE_LIST_OPERANDS; ++k)
            if (!take_operand(first, second, joined, &instruction.operands[k])) return false;
        list->instructions[list->count++] = instruction;
    }
    return true;
}

/* An output may take the place of an input only where both are of the whole domain: whoever reads it broadcast would
 * find some of it changed. */
static bool add_output(const vae_program *program, vae_op *op, vae_tensor tensor, vae_list_output output)
{
    vae_elementwise *list = &op->attributes.elementwise;
    if (list->output_count == VAE_LIST_OUTPUTS) return false;
    const bool in_place = reads(op, tensor);
    if (in_place && (output.summed || !vae_elementwise_is_whole(list, vae_tensor_shape(program, tensor)))) return false;
    op->outputs[list->output_count] = tensor;
    list->outputs[list->output_count++] = output;
    return true;
}

/* Whether an output of the first is still to be written when the second is joined to it. */
static bool is_wanted(const fusion *f, vae_tensor tensor, const vae_op *second)
{
    const vae_tensor_info *info = &f->program->tensors[tensor];
    if (find_output(second, tensor) >= 0) return false; /* overwritten */
    const int32_t others = f->readers[tensor] - (reads(second, tensor) ? 1 : 0);
    return info->external || info->kind != VAE_TENSOR_ACTIVATION || others > 0 || !reads(second, tensor);
}

static bool take_outputs(const fusion *f, const vae_op *first, const vae_op *second, vae_op *joined)
{
    const vae_elementwise *a = &first->attributes.elementwise, *b = &second->attributes.elementwise;
    for (int k = 0; k < VAE_MAX_OUTPUTS; ++k)
        joined->outputs[k] = VAE_NO_TENSOR;
    joined->attributes.elementwise.output_count = 0;
    for (int k = 0; k < a->output_count; ++k) {
        if (!is_wanted(f, first->outputs[k], second)) continue;
        if (!add_output(f->program, joined, first->outputs[k], a->outputs[k])) return false;
    }
    for (int k = 0; k < b->output_count; ++k) {
        vae_list_output output = b->outputs[k];
        output.instruction = (uint8_t)(output.instruction + a->count);
        if (!add_output(f->program, joined, second->outputs[k], output)) return false;
    }
    return true;
}

static bool join(const fusion *f, const vae_op *first, const vae_op *second, vae_op *joined)
{
    *joined = *first;
    memcpy(joined->name, second->name, sizeof joined->name);
    return take_instructions(first, second, joined) && take_outputs(f, first, second, joined) &&
           vae_elementwise_assign_slots(&joined->attributes.elementwise);
}

/* ---- Looking for neighbours ---- */

static bool has_domain(const vae_op *op, const vae_elementwise *list)
{
    return op->kind == VAE_OP_ELEMENTWISE && op->attributes.elementwise.rows == list->rows &&
           op->attributes.elementwise.columns == list->columns;
}

/* One reads what the other makes, or both the same. */
static bool are_related(const vae_op *first, const vae_op *second)
{
    for (int i = 0; i < VAE_LIST_INPUTS && second->inputs[i] != VAE_NO_TENSOR; ++i)
        if (reads(first, second->inputs[i]) || find_output(first, second->inputs[i]) >= 0) return true;
    return false;
}

static void count_readers(fusion *f, const vae_op *op, int32_t change)
{
    for (int i = 0; i < VAE_MAX_INPUTS; ++i) {
        bool again = false;
        for (int k = 0; k < i; ++k)
            again = again || op->inputs[k] == op->inputs[i];
        if (op->inputs[i] != VAE_NO_TENSOR && !again) f->readers[op->inputs[i]] += change;
    }
}

/* Joins the op at `second` with the one at `first`, at the place of either; gives that place, or -1. */
static int32_t join_at(fusion *f, int32_t first, int32_t second)
{
    vae_op *a = &f->program->ops[first], *b = &f->program->ops[second], joined;
    const bool up = can_pass(f, b, first, second), down = !up && can_pass(f, a, first, second);
    if ((!up && !down) || !join(f, a, b, &joined)) return -1;
    count_readers(f, a, -1);
    count_readers(f, b, -1);
    count_readers(f, &joined, 1);
    *(up ? a : b) = joined;
    f->gone[up ? second : first] = true;
    return up ? first : second;
}

/* Joins the op at `index` with the nearest related one before it, as often as there is one. */
static void join_with_earlier(fusion *f, int32_t index)
{
    for (int32_t i = index - 1; i >= 0 && i >= index - REACH; --i) {
        const vae_op *op = &f->program->ops[index], *earlier = &f->program->ops[i];
        if (f->gone[i] || !has_domain(earlier, &op->attributes.elementwise) || !are_related(earlier, op)) continue;
        const int32_t place = join_at(f, i, index);
        if (place < 0) continue;
        index = place;
        i = index;
    }
}

vae_status vae_program_fuse(vae_program *program)
{
    fusion f = {.program = program};
    f.gone = calloc((size_t)program->op_count + 1, sizeof *f.gone);
    f.readers = calloc((size_t)program->tensor_count + 1, sizeof *f.readers);
    vae_status status = VAE_OK;
    if (f.gone && f.readers) {
        for (int32_t i = 0; i < program->op_count; ++i)
            count_readers(&f, &program->ops[i], 1);
        for (int32_t i = 0; i < program->op_count; ++i)
            if (program->ops[i].kind == VAE_OP_ELEMENTWISE) join_with_earlier(&f, i);
        int32_t kept = 0;
        for (int32_t i = 0; i < program->op_count; ++i)
            if (!f.gone[i]) program->ops[kept++] = program->ops[i];
        program->op_count = kept;
    } else {
        status = vae_error_set(VAE_ERROR_MEMORY, "fusion of '%s': out of memory", program->name);
    }
    free(f.gone);
    free(f.readers);
    return status;
}
