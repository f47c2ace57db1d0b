/* The memory plan: activations share one arena, and one's memory is given to another once its last reader has run. */
#include <stdlib.h>
#include <string.h>

#include "program/op.h"

/* ---- Lifetimes ---- */

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

/* ---- Places ---- */

/* A tensor that has its place: elements begin … end - 1 of the arena, from op `first` to op `last`. */
typedef struct placement {
    int64_t begin, end;
    int32_t first, last;
} placement;

/* By `begin`. An unrolled program has tens of thousands, and each new tensor looks through them, so they lie side by
 * side and hold nothing else. */
typedef struct arena_map {
    placement *placements;
    int32_t count;
} arena_map;

static int64_t padded(int64_t elements)
{
    return (elements + VAE_ALIGNMENT_ELEMENTS - 1) / VAE_ALIGNMENT_ELEMENTS * VAE_ALIGNMENT_ELEMENTS;
}

/* The lowest place for `elements` that no other tensor has while this one lives: the first gap, from below, between
 * those that live with it. */
static int64_t lowest_offset(const arena_map *map, int64_t elements, int32_t first, int32_t last)
{
    int64_t offset = 0;
    for (int32_t i = 0; i < map->count; ++i) {
        const placement *other = &map->placements[i];
        if (other->last < first || last < other->first) continue;
        if (other->begin - offset >= elements) break;
        if (other->end > offset) offset = other->end;
    }
    return offset;
}

static void place(arena_map *map, const placement *placed)
{
    int32_t low = 0, high = map->count;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (map->placements[middle].begin <= placed->begin) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    memmove(map->placements + low + 1, map->placements + low, (size_t)(map->count - low) * sizeof *map->placements);
    map->placements[low] = *placed;
    map->count++;
}

/* ---- Order ---- */

typedef struct sized_tensor {
    int64_t elements;
    vae_tensor tensor;
} sized_tensor;

/* Largest first, the usual heuristic; of equals the earlier tensor, so that the plan is the same everywhere. */
static int compare_sizes(const void *left, const void *right)
{
    const sized_tensor *a = left, *b = right;
    if (a->elements != b->elements) return a->elements > b->elements ? -1 : 1;
    return a->tensor < b->tensor ? -1 : 1;
}

static int32_t sort_by_size(const vae_program *program, sized_tensor *order)
{
    int32_t count = 0;
    for (vae_tensor i = 0; i < program->tensor_count; ++i) {
        const vae_tensor_info *info = &program->tensors[i];
        if (info->kind == VAE_TENSOR_ACTIVATION && info->first_op >= 0)
            order[count++] = (sized_tensor){info->elements, i};
    }
    qsort(order, (size_t)count, sizeof *order, compare_sizes);
    return count;
}

static void place_all(vae_program *program, sized_tensor *order, arena_map *map)
{
    const int32_t count = sort_by_size(program, order);
    program->activation_elements = 0;
    for (int32_t i = 0; i < count; ++i) {
        vae_tensor_info *info = &program->tensors[order[i].tensor];
        const int64_t elements = padded(info->elements);
        info->offset = lowest_offset(map, elements, info->first_op, info->last_op);
        const placement placed = {info->offset, info->offset + elements, info->first_op, info->last_op};
        place(map, &placed);
        if (placed.end > program->activation_elements) program->activation_elements = placed.end;
    }
}

vae_status vae_program_plan(vae_program *program)
{
    if (program->planned) return vae_error_set(VAE_ERROR_ARGUMENT, "program '%s' is planned already", program->name);
    const size_t count = (size_t)program->tensor_count + 1;
    sized_tensor *order = malloc(count * sizeof *order);
    arena_map map = {.placements = malloc(count * sizeof *map.placements)};
    vae_status status = VAE_OK;
    if (order && map.placements) {
        find_lifetimes(program);
        place_all(program, order, &map);
        program->planned = true;
    } else {
        status = vae_error_set(VAE_ERROR_MEMORY, "plan of '%s': out of memory", program->name);
    }
    free(map.placements);
    free(order);
    return status;
}
