/* A list of names. */
#include "data/classes.h"

#include <stdlib.h>
#include <string.h>

#include "core/nearest.h"

vae_status vae_classes_add(vae_classes *classes, const char *name)
{
    const size_t size = strlen(name) + 1;
    char *grown = realloc(classes->names, classes->bytes + size);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "names of classes: out of memory");
    memcpy(grown + classes->bytes, name, size);
    classes->names = grown;
    classes->bytes += size;
    classes->count++;
    return VAE_OK;
}

vae_status vae_classes_copy(const vae_classes *classes, vae_classes *copy)
{
    *copy = (vae_classes){.bytes = classes->bytes, .count = classes->count};
    if (classes->bytes == 0) return VAE_OK;
    copy->names = malloc(classes->bytes);
    if (copy->names) {
        memcpy(copy->names, classes->names, classes->bytes);
        return VAE_OK;
    }
    *copy = (vae_classes){0};
    return vae_error_set(VAE_ERROR_MEMORY, "names of classes: out of memory");
}

void vae_classes_free(vae_classes *classes)
{
    free(classes->names);
    *classes = (vae_classes){0};
}

const char *vae_classes_name(const vae_classes *classes, int64_t number)
{
    if (number < 0 || number >= classes->count) return NULL;
    const char *name = classes->names;
    for (int64_t i = 0; i < number; ++i)
        name += strlen(name) + 1;
    return name;
}

int64_t vae_classes_find(const vae_classes *classes, const char *name)
{
    const char *at = classes->names;
    for (int64_t i = 0; i < classes->count; ++i, at += strlen(at) + 1) {
        if (strcmp(at, name) == 0) return i;
    }
    return -1;
}

const char *vae_classes_nearest(const vae_classes *classes, const char *name)
{
    const char *names[VAE_MAX_CLASSES];
    const int count = classes->count < VAE_MAX_CLASSES ? (int)classes->count : VAE_MAX_CLASSES;
    const char *at = classes->names;
    for (int i = 0; i < count; ++i, at += strlen(at) + 1)
        names[i] = at;
    const int nearest = vae_nearest(name, names, count);
    return nearest < 0 ? NULL : names[nearest];
}
