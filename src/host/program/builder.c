/* Programs in the making: tensors and ops are appended, parameters are found by name, and shapes are checked. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program/op.h"

void vae_format_name(char name[VAE_NAME_SIZE], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, VAE_NAME_SIZE, format, arguments);
    va_end(arguments);
}

void vae_program_init(vae_program *program, const char *name, const vae_layout *layout)
{
    *program = (vae_program){.layout = layout};
    vae_format_name(program->name, "%s", name);
}

void vae_program_free(vae_program *program)
{
    free(program->tensors);
    free(program->ops);
    free(program->parameter_tensors);
    *program = (vae_program){0};
}

/* `array` of `count` elements with room for one more; it doubles whenever it is full. NULL, with the array as it was,
 * where there is no memory. */
static void *make_room(void *array, int32_t count, size_t element_size)
{
    const bool is_full = (count & (count - 1)) == 0; /* 0, 1, 2, 4, … */
    return is_full ? realloc(array, (count > 0 ? 2 * (size_t)count : 1) * element_size) : array;
}

static vae_status append_tensor(vae_program *program, const vae_tensor_info *info, vae_tensor *tensor)
{
    vae_tensor_info *grown = make_room(program->tensors, program->tensor_count, sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "tensor '%s': out of memory", info->name);
    program->tensors = grown;
    grown[program->tensor_count] = *info;
    *tensor = program->tensor_count++;
    return VAE_OK;
}

vae_status vae_program_add_activation(vae_program *program, const char *name, vae_shape shape, vae_tensor *tensor)
{
    for (int32_t i = 0; i < shape.rank; ++i) {
        if (shape.size[i] >= 1) continue;
        char text[96];
        return vae_error_set(VAE_ERROR_SHAPE, "tensor '%s' has shape %s: every size must be at least 1", name,
                             vae_shape_format(&shape, text, sizeof text));
    }
    vae_tensor_info info = {.kind = VAE_TENSOR_ACTIVATION, .shape = shape, .parameter = -1};
    info.elements = vae_shape_elements(&shape);
    vae_format_name(info.name, "%s", name);
    return append_tensor(program, &info, tensor);
}

/* Where the tensor of a parameter, or of its gradient, is kept. NULL where there is no memory. */
static vae_tensor *parameter_slot(vae_program *program, vae_tensor_kind kind, int32_t parameter)
{
    /* The layout may have grown since. */
    const int32_t count = 2 * program->layout->count;
    if (program->parameter_slots < count) {
        vae_tensor *grown = realloc(program->parameter_tensors, (size_t)count * sizeof *grown);
        if (!grown) return NULL;
        program->parameter_tensors = grown;
        while (program->parameter_slots < count)
            grown[program->parameter_slots++] = VAE_NO_TENSOR;
    }
    return &program->parameter_tensors[2 * parameter + (kind == VAE_TENSOR_GRADIENT)];
}

vae_status vae_program_add_parameter(vae_program *program, vae_tensor_kind kind, int32_t parameter, vae_tensor *tensor)
{
    vae_tensor *slot = parameter_slot(program, kind, parameter);
    if (!slot) return vae_error_set(VAE_ERROR_MEMORY, "program '%s': out of memory", program->name);
    if (*slot != VAE_NO_TENSOR) {
        *tensor = *slot;
        return VAE_OK;
    }
    const vae_parameter *source = &program->layout->parameters[parameter];
    vae_tensor_info info = {.kind = kind, .shape = source->shape, .offset = source->offset, .parameter = parameter};
    info.elements = vae_shape_elements(&source->shape);
    vae_format_name(info.name, "%s%s", kind == VAE_TENSOR_GRADIENT ? "d_" : "", source->name);
    VAE_TRY(append_tensor(program, &info, slot));
    *tensor = *slot;
    return VAE_OK;
}

vae_op vae_op_make(vae_op_kind kind, const char *name)
{
    vae_op op = {.kind = kind};
    vae_format_name(op.name, "%s", name);
    for (int i = 0; i < VAE_MAX_INPUTS; ++i)
        op.inputs[i] = VAE_NO_TENSOR;
    for (int i = 0; i < VAE_MAX_OUTPUTS; ++i)
        op.outputs[i] = VAE_NO_TENSOR;
    return op;
}

vae_status vae_program_append(vae_program *program, const vae_op *op)
{
    vae_op *grown = make_room(program->ops, program->op_count, sizeof *grown);
    if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "op '%s': out of memory", op->name);
    program->ops = grown;
    grown[program->op_count++] = *op;
    return VAE_OK;
}

vae_status vae_program_noise_site(vae_program *program, const char *name, uint32_t stream, uint32_t *site)
{
    const uint16_t number = program->noise_sites[stream];
    if (number >= VAE_MAX_SITES) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' has more than %d ops that draw the same kind of noise", name,
                             program->name, VAE_MAX_SITES);
    }
    *site = stream + (uint32_t)number * VAE_STREAM_SITE;
    program->noise_sites[stream]++;
    return VAE_OK;
}

vae_status vae_program_input(vae_program *program, const char *name, vae_shape shape, vae_tensor *tensor)
{
    VAE_TRY(vae_program_add_activation(program, name, shape, tensor));
    vae_program_mark_external(program, *tensor);
    return VAE_OK;
}

void vae_program_mark_external(vae_program *program, vae_tensor tensor)
{
    program->tensors[tensor].external = true;
}

vae_status vae_program_set_port(vae_program *program, const char *name, vae_tensor tensor)
{
    if (tensor == VAE_NO_TENSOR) return VAE_OK;
    if (program->port_count == VAE_MAX_PORTS || vae_program_port(program, name) != VAE_NO_TENSOR) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "program '%s': port '%s' is there already, or one too many",
                             program->name, name);
    }
    vae_port *port = &program->ports[program->port_count++];
    snprintf(port->name, sizeof port->name, "%s", name);
    port->tensor = tensor;
    vae_program_mark_external(program, tensor);
    return VAE_OK;
}

vae_tensor vae_program_port(const vae_program *program, const char *name)
{
    for (int32_t i = 0; i < program->port_count; ++i) {
        if (strcmp(program->ports[i].name, name) == 0) return program->ports[i].tensor;
    }
    return VAE_NO_TENSOR;
}

vae_tensor vae_program_find(const vae_program *program, const char *name)
{
    for (vae_tensor i = 0; i < program->tensor_count; ++i) {
        if (strcmp(program->tensors[i].name, name) == 0) return i;
    }
    return VAE_NO_TENSOR;
}

vae_status vae_program_require_matrix(const vae_program *program, const char *op, const char *operand,
                                      vae_tensor tensor)
{
    const vae_shape *shape = vae_tensor_shape(program, tensor);
    if (shape->rank >= 2) return VAE_OK;
    char text[96];
    return vae_error_set(VAE_ERROR_SHAPE, "%s: %s has shape %s, but must be [rows, columns] or more", op, operand,
                         vae_shape_format(shape, text, sizeof text));
}

vae_status vae_program_parameter(vae_program *program, const char *name, vae_tensor *tensor)
{
    const int32_t index = vae_layout_find(program->layout, name);
    if (index < 0) return vae_error_set(VAE_ERROR_ARGUMENT, "the layout has no parameter '%s'", name);
    return vae_program_add_parameter(program, VAE_TENSOR_PARAMETER, index, tensor);
}

vae_status vae_program_find_parameter(vae_program *program, const char *layer, const char *role, vae_shape expected,
                                      vae_tensor *tensor)
{
    char name[VAE_NAME_SIZE];
    vae_format_name(name, "%s.%s", layer, role);
    const int32_t index = vae_layout_find(program->layout, name);
    if (index < 0) return vae_error_set(VAE_ERROR_SHAPE, "%s: the layout has no parameter '%s'", layer, name);
    const vae_shape *found = &program->layout->parameters[index].shape;
    bool same = found->rank == expected.rank;
    for (int32_t i = 0; same && i < expected.rank; ++i) {
        /* -1 takes the layer's own width. */
        same = expected.size[i] < 0 || found->size[i] == expected.size[i];
    }
    if (!same) {
        char have[96], want[96];
        return vae_error_set(VAE_ERROR_SHAPE, "%s: parameter '%s' has shape %s, but its input needs %s", layer, name,
                             vae_shape_format(found, have, sizeof have),
                             vae_shape_format(&expected, want, sizeof want));
    }
    return vae_program_add_parameter(program, VAE_TENSOR_PARAMETER, index, tensor);
}

vae_status vae_program_view(vae_program *program, vae_tensor tensor, vae_shape shape)
{
    vae_tensor_info *info = &program->tensors[tensor];
    if (info->elements != vae_shape_elements(&shape) || info->shape.size[0] != shape.size[0]) {
        char have[96], want[96];
        return vae_error_set(VAE_ERROR_SHAPE, "%s: %s cannot be seen as %s", info->name,
                             vae_shape_format(&info->shape, have, sizeof have),
                             vae_shape_format(&shape, want, sizeof want));
    }
    info->shape = shape;
    return VAE_OK;
}
