/* Shapes, and the layout of parameters in one arena: each aligned, trained ones before statistics. */
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

vae_shape vae_shape_images(int64_t rows, int64_t height, int64_t width, int64_t channels)
{
    return (vae_shape){.rank = 4, .size = {rows, height, width, channels}};
}

int64_t vae_shape_elements(const vae_shape *shape)
{
    int64_t elements = 1;
    for (int32_t i = 0; i < shape->rank; ++i)
        elements *= shape->size[i];
    return elements;
}

int64_t vae_shape_columns(const vae_shape *shape)
{
    return vae_shape_elements(shape) / shape->size[0];
}

bool vae_shape_equal(const vae_shape *a, const vae_shape *b)
{
    bool equal = a->rank == b->rank;
    for (int32_t i = 0; equal && i < a->rank; ++i)
        equal = a->size[i] == b->size[i];
    return equal;
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

static vae_status add(vae_layout *layout, const vae_parameter *added)
{
    if (vae_layout_find(layout, added->name) >= 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "parameter '%s' is declared twice", added->name);
    }
    if (vae_shape_elements(&added->shape) > VAE_MAX_ELEMENTS) {
        char text[96];
        return vae_error_set(VAE_ERROR_CONFIG, "parameter '%s' of %s has more than %" PRId64 " elements", added->name,
                             vae_shape_format(&added->shape, text, sizeof text), VAE_MAX_ELEMENTS);
    }
    vae_parameter *grown = realloc(layout->parameters, (size_t)(layout->count + 1) * sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "parameter '%s': out of memory", added->name);
    layout->parameters = grown;
    grown[layout->count] = *added;
    grown[layout->count].offset = layout->elements;
    layout->elements += align_up(vae_shape_elements(&added->shape));
    layout->count++;
    return VAE_OK;
}

void vae_layout_end_encoder(vae_layout *layout)
{
    layout->encoder_elements = layout->elements;
}

static vae_status add_trained(vae_layout *layout, const vae_parameter *added)
{
    if (layout->trained_elements != layout->elements) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "parameter '%s' is declared after a statistic", added->name);
    }
    VAE_TRY(add(layout, added));
    layout->trained_elements = layout->elements;
    return VAE_OK;
}

static vae_parameter make_parameter(const char *name, vae_shape shape)
{
    vae_parameter parameter = {.shape = shape};
    snprintf(parameter.name, sizeof parameter.name, "%s", name);
    return parameter;
}

vae_status vae_layout_add(vae_layout *layout, const char *name, vae_shape shape, int64_t fan_in, int32_t *index)
{
    vae_parameter parameter = make_parameter(name, shape);
    parameter.fan_in = fan_in;
    VAE_TRY(add_trained(layout, &parameter));
    if (index) *index = layout->count - 1;
    return VAE_OK;
}

vae_status vae_layout_add_filled(vae_layout *layout, const char *name, vae_shape shape, double initial)
{
    vae_parameter parameter = make_parameter(name, shape);
    parameter.initial = initial;
    return add_trained(layout, &parameter);
}

vae_status vae_layout_add_statistic(vae_layout *layout, const char *name, vae_shape shape, double initial)
{
    vae_parameter parameter = make_parameter(name, shape);
    parameter.initial = initial;
    return add(layout, &parameter);
}

vae_status vae_layout_add_layer(vae_layout *layout, const char *layer, vae_shape weight, int64_t out, int64_t fan_in)
{
    char name[VAE_NAME_SIZE];
    snprintf(name, sizeof name, "%.40s.weight", layer);
    VAE_TRY(vae_layout_add(layout, name, weight, fan_in, NULL));
    snprintf(name, sizeof name, "%.40s.bias", layer);
    return vae_layout_add(layout, name, vae_shape_vector(out), fan_in, NULL);
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
