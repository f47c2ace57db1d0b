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

/* The tensors that have their places, by where these begin: elements begin … end - 1 of the arena, from op `first` to
 * op `last`. An unrolled program has tens of thousands, and each new tensor looks through them, so lifetimes lie side
 * by side, and those that have nothing to do with the tensor's are passed over many at a time. */
typedef struct arena_map {
    int64_t *begin, *end;
    int32_t *first, *last;
    int32_t count;
} arena_map;

enum { PASSED_AT_A_TIME = 32 };

static int64_t padded(int64_t elements)
{
    return (elements + VAE_ALIGNMENT_ELEMENTS - 1) / VAE_ALIGNMENT_ELEMENTS * VAE_ALIGNMENT_ELEMENTS;
}

/* Whether any of the tensors from `begin` to `end` - 1 lives between two ops. */
static bool any_alive(const arena_map *map, int32_t begin, int32_t end, int32_t first, int32_t last)
{
    int alive = 0;
    for (int32_t i = begin; i < end; ++i)
        alive |= (map->last[i] >= first) & (map->first[i] <= last);
    return alive != 0;
}

/* The lowest place for `elements` that no other tensor has while this one lives: the first gap, from below, between
 * those that live with it. */
static int64_t lowest_offset(const arena_map *map, int64_t elements, int32_t first, int32_t last)
{
    int64_t offset = 0;
    for (int32_t begin = 0; begin < map->count; begin += PASSED_AT_A_TIME) {
        const int32_t left = map->count - begin, end = begin + (left < PASSED_AT_A_TIME ? left : PASSED_AT_A_TIME);
        if (!any_alive(map, begin, end, first, last)) continue;
        for (int32_t i = begin; i < end; ++i) {
            if (map->last[i] < first || last < map->first[i]) continue;
            if (map->begin[i] - offset >= elements) return offset;
            if (map->end[i] > offset) offset = map->end[i];
        }
    }
    return offset;
}

static void make_gap(void *array, int32_t at, int32_t count, size_t size)
{
    char *from = (char *)array + (size_t)at * size;
    memmove(from + size, from, (size_t)(count - at) * size);
}

static void place(arena_map *map, int64_t begin, int64_t end, int32_t first, int32_t last)
{
    int32_t low = 0, high = map->count;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (map->begin[middle] <= begin) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    make_gap(map->begin, low, map->count, sizeof *map->begin);
    make_gap(map->end, low, map->count, sizeof *map->end);
    make_gap(map->first, low, map->count, sizeof *map->first);
    make_gap(map->last, low, map->count, sizeof *map->last);
    map->begin[low] = begin;
    map->end[low] = end;
    map->first[low] = first;
    map->last[low] = last;
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
        const int64_t end = info->offset + elements;
        place(map, info->offset, end, info->first_op, info->last_op);
        if (end > program->activation_elements) program->activation_elements = end;
    }
}

vae_status vae_program_plan(vae_program *program)
{
    if (program->planned) return vae_error_set(VAE_ERROR_ARGUMENT, "program '%s' is planned already", program->name);
    const size_t count = (size_t)program->tensor_count + 1;
    sized_tensor *order = malloc(count * sizeof *order);
    arena_map map = {.begin = malloc(count * sizeof *map.begin),
                     .end = malloc(count * sizeof *map.end),
                     .first = malloc(count * sizeof *map.first),
                     .last = malloc(count * sizeof *map.last)};
    vae_status status = VAE_OK;
    if (order && map.begin && map.end && map.first && map.last) {
        find_lifetimes(program);
        place_all(program, order, &map);
        program->planned = true;
    } else {
        status = vae_error_set(VAE_ERROR_MEMORY, "plan of '%s': out of memory", program->name);
    }
    free(map.begin);
    free(map.end);
    free(map.first);
    free(map.last);
    free(order);
    return status;
}
