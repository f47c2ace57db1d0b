#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program/program.h"

vae_shape vae_shape_vector(int64_t size)
{
    return (vae_shape){.rank = 1, .size = {size}};
}

vae_shape vae_shape_matrix(int64_t rows, int64_t columns)
{
    return (vae_shape){.rank = 2, .size = {rows, columns}};
}

int64_t vae_shape_elements(const vae_shape *shape)
{
    int64_t elements = 1;
    for (int32_t i = 0; i < shape->rank; ++i)
        elements *= shape->size[i];
    return elements;
}

const char *vae_shape_format(const vae_shape *shape, char *text, size_t size)
{
    size_t used = 0;
    for (int32_t i = 0; i < shape->rank && used < size; ++i) {
        const int length = snprintf(text + used, size - used, "%s%" PRId64, i == 0 ? "[" : ", ", shape->size[i]);
        used += length > 0 ? (size_t)length : 0;
    }
    if (used < size) snprintf(text + used, size - used, "]");
    return text;
}

static int64_t align_up(int64_t elements)
{
    return (elements + VAE_ALIGNMENT_ELEMENTS - 1) / VAE_ALIGNMENT_ELEMENTS * VAE_ALIGNMENT_ELEMENTS;
}

vae_status vae_layout_add(vae_layout *layout, const char *name, vae_shape shape, int64_t fan_in, int32_t *index)
{
    if (vae_layout_find(layout, name) >= 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "parameter '%s' is declared twice", name);
    }
    vae_parameter *grown = realloc(layout->parameters, (size_t)(layout->count + 1) * sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "parameter '%s': out of memory", name);
    layout->parameters = grown;
    vae_parameter *parameter = &grown[layout->count];
    *parameter = (vae_parameter){.shape = shape, .offset = layout->elements, .fan_in = fan_in};
    snprintf(parameter->name, sizeof parameter->name, "%s", name);
    layout->elements += align_up(vae_shape_elements(&shape));
    if (index) *index = layout->count;
    layout->count++;
    return VAE_OK;
}

int32_t vae_layout_find(const vae_layout *layout, const char *name)
{
    for (int32_t i = 0; i < layout->count; ++i) {
        if (strcmp(layout->parameters[i].name, name) == 0) return i;
    }
    return -1;
}

int64_t vae_layout_parameter_count(const vae_layout *layout)
{
    int64_t count = 0;
    for (int32_t i = 0; i < layout->count; ++i)
        count += vae_shape_elements(&layout->parameters[i].shape);
    return count;
}

void vae_layout_free(vae_layout *layout)
{
    free(layout->parameters);
    *layout = (vae_layout){0};
}
