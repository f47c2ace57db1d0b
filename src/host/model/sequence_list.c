/* Sequences of any lengths in one block that grows. */
#include <stdlib.h>
#include <string.h>

#include "model/generate.h"

vae_status vae_sequence_list_create(int64_t elements, vae_sequence_list *list)
{
    *list = (vae_sequence_list){.elements = elements};
    list->offsets = calloc(1, sizeof *list->offsets);
    return list->offsets ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "sequences: out of memory");
}

vae_status vae_sequence_list_add(vae_sequence_list *list, const float *rows, int64_t count)
{
    const int64_t used = list->offsets[list->count] + list->open;
    if (used + count > list->room) {
        const int64_t room = 2 * (used + count);
        float *grown = realloc(list->values, (size_t)(room * list->elements) * sizeof *grown);
        if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "sequences: out of memory");
        list->values = grown;
        list->room = room;
    }
    memcpy(list->values + used * list->elements, rows, (size_t)(count * list->elements) * sizeof *rows);
    list->open += count;
    return VAE_OK;
}

vae_status vae_sequence_list_end(vae_sequence_list *list)
{
    int64_t *grown = realloc(list->offsets, (size_t)(list->count + 2) * sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "sequences: out of memory");
    list->offsets = grown;
    grown[list->count + 1] = grown[list->count] + list->open;
    list->count++;
    list->open = 0;
    return VAE_OK;
}

void vae_sequence_list_free(vae_sequence_list *list)
{
    free(list->values);
    free(list->offsets);
    *list = (vae_sequence_list){0};
}
