/* The memory plan: activations share one arena, and one's memory is given to another once its last reader has run. */
#include <stdlib.h>

#include "program/internal.h"

static void touch(vae_program *program, vae_tensor tensor, int32_t op)
{
    if (tensor == VAE_NO_TENSOR) return;
    vae_tensor_info *info = &program->tensors[tensor];
    if (info->first_op < 0) info->first_op = op;
    info->last_op = op;
}

static void find_lifetimes(vae_program *program)
{
    for (vae_tensor i = 0; i < program->tensor_count; ++i) {
        program->tensors[i].first_op = -1;
        program->tensors[i].last_op = -1;
    }
    for (int32_t i = 0; i < program->op_count; ++i) {
        for (int k = 0; k < VAE_MAX_INPUTS; ++k)
            touch(program, program->ops[i].inputs[k], i);
        for (int k = 0; k < VAE_MAX_OUTPUTS; ++k)
            touch(program, program->ops[i].outputs[k], i);
    }
    for (vae_tensor i = 0; i < program->tensor_count; ++i) {
        vae_tensor_info *info = &program->tensors[i];
        if (!info->external) continue;
        info->first_op = 0;
        info->last_op = program->op_count;
    }
}

static bool overlap(const vae_tensor_info *a, const vae_tensor_info *b)
{
    return a->first_op <= b->last_op && b->first_op <= a->last_op;
}

static int64_t padded(int64_t elements)
{
    return (elements + VAE_ALIGNMENT_ELEMENTS - 1) / VAE_ALIGNMENT_ELEMENTS * VAE_ALIGNMENT_ELEMENTS;
}

/* The lowest offset at which `info` meets none of the `count` tensors placed before it whose lifetimes overlap its
 * own. Moving past each collision in turn ends, as every move goes up. */
static int64_t lowest_offset(const vae_program *program, const vae_tensor *placed, int32_t count,
                             const vae_tensor_info *info)
{
    int64_t offset = 0;
    bool moved = true;
    while (moved) {
        moved = false;
        for (int32_t i = 0; i < count; ++i) {
            const vae_tensor_info *other = &program->tensors[placed[i]];
            const int64_t end = other->offset + padded(other->elements);
            if (!overlap(info, other) || offset >= end || offset + padded(info->elements) <= other->offset) continue;
            offset = end;
            moved = true;
        }
    }
    return offset;
}

/* Largest first, the usual heuristic; of equals the earlier tensor, so that the plan is the same everywhere. */
static void sort_by_size(const vae_program *program, vae_tensor *order, int32_t count)
{
    for (int32_t i = 1; i < count; ++i) {
        const vae_tensor tensor = order[i];
        int32_t k = i;
        while (k > 0 && program->tensors[order[k - 1]].elements < program->tensors[tensor].elements) {
            order[k] = order[k - 1];
            --k;
        }
        order[k] = tensor;
    }
}

vae_status vae_program_plan(vae_program *program)
{
    if (program->planned) return vae_error_set(VAE_ERROR_ARGUMENT, "program '%s' is planned already", program->name);
    find_lifetimes(program);
    vae_tensor *order = malloc(((size_t)program->tensor_count + 1) * sizeof *order);
    if (!order) return vae_error_set(VAE_ERROR_MEMORY, "plan of '%s': out of memory", program->name);
    int32_t count = 0;
    for (vae_tensor i = 0; i < program->tensor_count; ++i) {
        const vae_tensor_info *info = &program->tensors[i];
        if (info->kind == VAE_TENSOR_ACTIVATION && info->first_op >= 0) order[count++] = i;
    }
    sort_by_size(program, order, count);
    program->activation_elements = 0;
    for (int32_t i = 0; i < count; ++i) {
        vae_tensor_info *info = &program->tensors[order[i]];
        info->offset = lowest_offset(program, order, i, info);
        const int64_t end = info->offset + padded(info->elements);
        if (end > program->activation_elements) program->activation_elements = end;
    }
    free(order);
    program->planned = true;
    return VAE_OK;
}
