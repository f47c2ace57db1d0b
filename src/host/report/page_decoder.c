/* The decoder's program as JSON, in which ops refer to tensors by number, its weights as one run of floats, and the
 * functions of its ops as JavaScript. */
#include "report/page_decoder.h"

#include "program/op_json.h"

static json_t *write_operands(const vae_tensor *tensors, int count)
{
    while (count > 0 && tensors[count - 1] == VAE_NO_TENSOR)
        --count;
    json_t *list = json_array();
    for (int i = 0; i < count; ++i)
        json_array_append_new(list, tensors[i] == VAE_NO_TENSOR ? json_null() : json_integer(tensors[i]));
    return list;
}

static json_t *write_op(const vae_op *op)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "kind", vae_op_kind_name(op->kind), "name", op->name, "inputs",
                     write_operands(op->inputs, VAE_MAX_INPUTS), "outputs",
                     write_operands(op->outputs, VAE_MAX_OUTPUTS), "attributes", vae_op_attributes_to_json(op));
}

/* *weight is where the next parameter begins. */
static json_t *write_tensor(const vae_tensor_info *tensor, int64_t *weight)
{
    json_t *shape = json_array();
    for (int32_t i = 0; i < tensor->shape.rank; ++i)
        json_array_append_new(shape, json_integer(tensor->shape.size[i]));
    const bool is_parameter = tensor->kind == VAE_TENSOR_PARAMETER;
    json_t *place = is_parameter ? json_integer(*weight) : json_null();
    if (is_parameter) *weight += tensor->elements;
    return json_pack("{s:s, s:o, s:o}", "name", tensor->name, "shape", shape, "weight", place);
}

json_t *vae_page_decoder(const vae_program *program)
{
    json_t *tensors = json_array(), *ops = json_array();
    int64_t weight = 0;
    for (vae_tensor i = 0; i < program->tensor_count; ++i)
        json_array_append_new(tensors, write_tensor(&program->tensors[i], &weight));
    for (int32_t i = 0; i < program->op_count; ++i)
        json_array_append_new(ops, write_op(&program->ops[i]));
    return json_pack("{s:i, s:i, s:I, s:o, s:o}", "input", (int)vae_program_port(program, "z"), "output",
                     (int)vae_program_port(program, "mean"), "weights", (json_int_t)weight, "tensors", tensors, "ops",
                     ops);
}

void vae_page_decoder_functions(FILE *file)
{
    fputs("\"use strict\";\nconst VaeFunctions = {\n", file);
    for (int f = 0; f < VAE_FUNCTION_COUNT; ++f) {
        const vae_function_info *info = vae_function_info_of((vae_function)f);
        fprintf(file, "  %s: (a, b) => (%s),\n", info->name, info->value);
    }
    fputs("};\n", file);
}

int64_t vae_page_decoder_weight_count(const vae_program *program)
{
    int64_t count = 0;
    for (vae_tensor i = 0; i < program->tensor_count; ++i) {
        if (program->tensors[i].kind == VAE_TENSOR_PARAMETER) count += program->tensors[i].elements;
    }
    return count;
}

void vae_page_decoder_weights(const vae_program *program, const void *parameters, bool is_double, float *weights)
{
    const double *doubles = parameters;
    const float *floats = parameters;
    for (vae_tensor i = 0; i < program->tensor_count; ++i) {
        const vae_tensor_info *tensor = &program->tensors[i];
        if (tensor->kind != VAE_TENSOR_PARAMETER) continue;
        const int64_t offset = program->layout->parameters[tensor->parameter].offset;
        for (int64_t k = 0; k < tensor->elements; ++k)
            *weights++ = is_double ? (float)doubles[offset + k] : floats[offset + k];
    }
}
