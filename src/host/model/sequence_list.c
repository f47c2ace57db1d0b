/* Sequences of any lengths in one block that grows. */
#include <inttypes.h>
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

static vae_status add_item(const vae_dataset *dataset, int64_t index, vae_sequence_list *list)
{
    const int64_t elements = list->elements;
    for (int64_t row = dataset->offsets[index]; row < dataset->offsets[index + 1]; ++row) {
        float values[8];
        for (int64_t k = 0; k < elements; ++k) {
            const void *all = dataset->values;
            values[k] = dataset->dtype == VAE_INT32 ? (float)((const int32_t *)all)[row * elements + k]
                                                    : ((const float *)all)[row * elements + k];
        }
        VAE_TRY(vae_sequence_list_add(list, values, 1));
    }
    return vae_sequence_list_end(list);
}

vae_status vae_sequence_list_take(const vae_dataset *dataset, const int64_t *indices, int64_t count,
                                  vae_sequence_list *list)
{
    for (int64_t i = 0; i < count; ++i) {
        const int64_t index = indices ? indices[i] : i;
        if (index >= dataset->count) {
            return vae_error_set(VAE_ERROR_ARGUMENT, "index %" PRId64 " is past the last item, %" PRId64, index,
                                 dataset->count - 1);
        }
        VAE_TRY(add_item(dataset, index, list));
    }
    return VAE_OK;
}

vae_column vae_sequence_list_column(const vae_sequence_list *list)
{
    return (vae_column){.values = list->values,
                        .dtype = VAE_FLOAT32,
                        .count = list->count,
                        .elements = list->elements,
                        .offsets = list->offsets};
}

void vae_sequence_list_free(vae_sequence_list *list)
{
    free(list->values);
    free(list->offsets);
    *list = (vae_sequence_list){0};
}
