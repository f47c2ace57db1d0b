/* A list of names, found by a hash table: slots are tried from a name's hash on, up to one that is empty. */
#include "data/classes.h"

#include <stdlib.h>
#include <string.h>

#include "core/nearest.h"

static vae_status no_memory(void)
{
    return vae_error_set(VAE_ERROR_MEMORY, "names of classes: out of memory");
}

/* FNV-1a. */
static uint64_t hash_of(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name; ++name)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    return hash;
}

/* The slot that holds the name, or else the empty one where it belongs. There is one: half of them are empty. */
static int64_t *slot_of(const vae_classes *classes, const char *name)
{
    const uint64_t mask = (uint64_t)classes->slot_count - 1;
    uint64_t at = hash_of(name) & mask;
    while (classes->slots[at] >= 0 && strcmp(classes->names + classes->starts[classes->slots[at]], name) != 0)
        at = (at + 1) & mask;
    return &classes->slots[at];
}

static void enter(vae_classes *classes, int64_t number)
{
    int64_t *slot = slot_of(classes, vae_classes_name(classes, number));
    if (*slot < 0) *slot = number;
}

/* Twice as many slots, and as many starts as they are good for. */
static vae_status grow_table(vae_classes *classes)
{
    const int64_t slots = classes->slot_count ? 2 * classes->slot_count : 16;
    size_t *starts = realloc(classes->starts, (size_t)(slots / 2) * sizeof *starts);
    if (!starts) return no_memory();
    classes->starts = starts;
    int64_t *grown = realloc(classes->slots, (size_t)slots * sizeof *grown);
    if (!grown) return no_memory();
    classes->slots = grown;
    classes->slot_count = slots;
    for (int64_t i = 0; i < slots; ++i)
        grown[i] = -1;
    for (int64_t i = 0; i < classes->count; ++i)
        enter(classes, i);
    return VAE_OK;
}

static vae_status grow_names(vae_classes *classes, size_t size)
{
    const size_t wanted = classes->bytes + size;
    if (wanted <= classes->room) return VAE_OK;
    const size_t room = wanted < 2 * classes->room ? 2 * classes->room : wanted;
    char *grown = realloc(classes->names, room);
    if (!grown) return no_memory();
    classes->names = grown;
    classes->room = room;
    return VAE_OK;
}

vae_status vae_classes_add(vae_classes *classes, const char *name)
{
    const size_t size = strlen(name) + 1;
    VAE_TRY(grow_names(classes, size));
    if (2 * classes->count == classes->slot_count) VAE_TRY(grow_table(classes));
    memcpy(classes->names + classes->bytes, name, size);
    classes->starts[classes->count] = classes->bytes;
    classes->bytes += size;
    classes->count++;
    enter(classes, classes->count - 1);
    return VAE_OK;
}

vae_status vae_classes_add_all(vae_classes *classes, const char *names, int64_t count)
{
    for (int64_t i = 0; i < count; ++i, names += strlen(names) + 1)
        VAE_TRY(vae_classes_add(classes, names));
    return VAE_OK;
}

vae_status vae_classes_copy(const vae_classes *classes, vae_classes *copy)
{
    *copy = (vae_classes){0};
    const vae_status status = vae_classes_add_all(copy, classes->names, classes->count);
    if (status) vae_classes_free(copy);
    return status;
}

void vae_classes_free(vae_classes *classes)
{
    free(classes->names);
    free(classes->starts);
    free(classes->slots);
    *classes = (vae_classes){0};
}

const char *vae_classes_name(const vae_classes *classes, int64_t number)
{
    if (number < 0 || number >= classes->count) return NULL;
    return classes->names + classes->starts[number];
}

int64_t vae_classes_find(const vae_classes *classes, const char *name)
{
    return classes->count ? *slot_of(classes, name) : -1;
}

int64_t vae_classes_compare(const vae_classes *classes, const char *names, size_t bytes, const char **other)
{
    const char *end = names + bytes;
    *other = names;
    for (int64_t i = 0; i < classes->count && *other < end; ++i, *other += strlen(*other) + 1) {
        if (strcmp(vae_classes_name(classes, i), *other) != 0) return i;
    }
    return -1;
}

bool vae_classes_is_integer(const char *name)
{
    const char *digits = name + (name[0] == '-');
    return digits[0] && strspn(digits, "0123456789") == strlen(digits);
}

const char *vae_classes_nearest(const vae_classes *classes, const char *name)
{
    const char **names = malloc((size_t)classes->count * sizeof *names);
    if (!names) return NULL;
    for (int64_t i = 0; i < classes->count; ++i)
        names[i] = vae_classes_name(classes, i);
    const int nearest = vae_nearest(name, names, (int)classes->count);
    const char *found = nearest < 0 ? NULL : names[nearest];
    free(names);
    return found;
}
