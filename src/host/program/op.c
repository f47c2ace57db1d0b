/* The table of ops, and what can be told of any of them. */
#include "program/op.h"

#include <inttypes.h>
#include <stdio.h>

const vae_op_info *vae_op_info_of(vae_op_kind kind)
{
    static const vae_op_info *const infos[VAE_OP_COUNT] = {
#define VAE_OP_ROW(NAME, name) &vae_op_info_##name,
        VAE_OP_MAP(VAE_OP_ROW)
#undef VAE_OP_ROW
    };
    return infos[kind];
}

const char *vae_op_kind_name(vae_op_kind kind)
{
    static const char *const names[] = {
#define VAE_OP_ROW(NAME, name) #name,
        VAE_OP_MAP(VAE_OP_ROW)
#undef VAE_OP_ROW
    };
    return (unsigned)kind < VAE_OP_COUNT ? names[kind] : "unknown";
}

bool vae_op_is_transposed(vae_op_kind kind)
{
    return vae_op_info_of(kind)->flags & VAE_OP_TRANSPOSED;
}

bool vae_op_is_layer(vae_op_kind kind)
{
    return vae_op_info_of(kind)->flags & VAE_OP_LAYER;
}

int64_t vae_program_batch_row_elements(const vae_program *program, vae_tensor tensor)
{
    const vae_tensor_info *info = &program->tensors[tensor];
    const int64_t rows = info->shape.size[0];
    return info->elements / (program->batch_rows > 0 && rows % program->batch_rows == 0 ? program->batch_rows : rows);
}

bool vae_op_gives_gradients(const vae_program *program, const vae_op *op)
{
    for (int i = 0; i < VAE_MAX_OUTPUTS; ++i) {
        const vae_tensor output = op->outputs[i];
        if (output != VAE_NO_TENSOR && program->tensors[output].kind == VAE_TENSOR_GRADIENT) return true;
    }
    return false;
}

vae_activation vae_op_activation(const vae_op *op)
{
    const bool is_dense = op->kind == VAE_OP_DENSE || op->kind == VAE_OP_DENSE_BACKWARD;
    if (!vae_op_is_layer(op->kind)) return VAE_ACTIVATION_IDENTITY;
    return is_dense ? op->attributes.dense.activation : op->attributes.convolution.activation;
}

/* ---- Attributes ---- */

/* "multiply, exp" */
static void format_functions(const vae_elementwise *list, char *text, size_t size)
{
    size_t used = 0;
    for (int i = 0; i < list->count && used < size; ++i) {
        const vae_function_info *info = vae_function_info_of((vae_function)list->instructions[i].function);
        used += (size_t)snprintf(text + used, size - used, "%s%s%s", i > 0 ? ", " : "", info->name,
                                 list->instructions[i].part == VAE_PART_VALUE ? "" : "'");
    }
}

/* "shuffled by 5" */
static void format_order(const vae_column_order *order, char *text, size_t size)
{
    if (order->seed == 0) {
        snprintf(text, size, "reversed");
    } else {
        snprintf(text, size, "shuffled%s by %" PRId64, order->inverse ? " back" : "", order->seed);
    }
}

static void format_value(const vae_field *field, const void *value, char *text, size_t size)
{
    switch (field->type) {
    case VAE_FIELD_FLAG: snprintf(text, size, "%s", *(const bool *)value ? "yes" : "no"); break;
    case VAE_FIELD_INTEGER: snprintf(text, size, "%" PRId64, *(const int64_t *)value); break;
    case VAE_FIELD_REAL: snprintf(text, size, "%g", *(const double *)value); break;
    case VAE_FIELD_ACTIVATION: snprintf(text, size, "%s", vae_activation_name(*(const vae_activation *)value)); break;
    case VAE_FIELD_LIKELIHOOD: snprintf(text, size, "%s", vae_likelihood_name(*(const vae_likelihood *)value)); break;
    case VAE_FIELD_FUNCTIONS: format_functions(value, text, size); break;
    case VAE_FIELD_ORDER: format_order(value, text, size); break;
    case VAE_FIELD_NONE: break;
    }
}

const char *vae_op_format_attributes(const vae_op *op, char *text, size_t size)
{
    size_t used = 0;
    const vae_field *field = vae_op_info_of(op->kind)->fields;
    text[0] = '\0';
    for (; field && field->type != VAE_FIELD_NONE && used < size; ++field) {
        char value[160] = "";
        format_value(field, (const char *)&op->attributes + field->offset, value, sizeof value);
        used += (size_t)snprintf(text + used, size - used, "%s%s %s", used ? ", " : "", field->name, value);
    }
    return text;
}

/* ---- Grids ---- */

vae_grid vae_op_grid(const vae_program *program, const vae_op *op)
{
    const vae_op_info *info = vae_op_info_of(op->kind);
    if (info->grid) return info->grid(program, op);
    const int64_t elements = program->tensors[op->outputs[0]].elements;
    return vae_grid_of_vectors(elements, elements, VAE_BLOCK_THREADS);
}

vae_grid vae_op_grid_of_rows(const vae_program *program, vae_tensor tensor)
{
    return vae_grid_of_blocks(vae_tensor_shape(program, tensor)->size[0]);
}

vae_grid vae_op_grid_of_channels(const vae_program *program, vae_tensor tensor)
{
    const vae_shape *shape = vae_tensor_shape(program, tensor);
    return vae_grid_of_vectors(program->tensors[tensor].elements, shape->size[shape->rank - 1], VAE_BLOCK_THREADS);
}

/* ---- Costs ---- */

double vae_op_elements(const vae_program *program, vae_tensor tensor)
{
    return tensor == VAE_NO_TENSOR ? 0.0 : (double)program->tensors[tensor].elements;
}

vae_cost vae_op_traffic(const vae_program *program, const vae_op *op)
{
    vae_cost cost = {0};
    for (int i = 0; i < VAE_MAX_INPUTS; ++i)
        cost.bytes_read += 4 * vae_op_elements(program, op->inputs[i]);
    for (int i = 0; i < VAE_MAX_OUTPUTS; ++i)
        cost.bytes_written += 4 * vae_op_elements(program, op->outputs[i]);
    return cost;
}

vae_cost vae_op_elementwise_cost(const vae_program *program, const vae_op *op, double flops, vae_tensor tensor)
{
    vae_cost cost = vae_op_traffic(program, op);
    cost.flops = flops * vae_op_elements(program, tensor);
    return cost;
}

vae_cost vae_op_cost(const vae_program *program, const vae_op *op)
{
    return vae_op_info_of(op->kind)->cost(program, op);
}
