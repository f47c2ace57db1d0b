/* Attributes of ops as JSON. */
#include "program/op_json.h"

#include "program/op.h"

/* [source, index], where the source is "input", "result" or "constant" and a constant is its factor. */
static json_t *operand_to_json(const vae_elementwise *list, vae_list_operand operand)
{
    static const char *const names[] = {
        [VAE_OPERAND_INPUT] = "input", [VAE_OPERAND_RESULT] = "result", [VAE_OPERAND_CONSTANT] = "constant"};
    json_t *index = operand.source == VAE_OPERAND_CONSTANT ? json_real(list->constants[operand.index].factor)
                                                           : json_integer(operand.index);
    return json_pack("[s, o]", names[operand.source], index);
}

/* Values of functions only: nobody but a backend runs a backward pass. */
static json_t *list_to_json(const vae_elementwise *list)
{
    json_t *instructions = json_array(), *outputs = json_array();
    for (int i = 0; i < list->count; ++i) {
        const vae_instruction *instruction = &list->instructions[i];
        json_t *operands = json_array();
        for (int k = 0; k < 2 && instruction->operands[k].source != VAE_OPERAND_NONE; ++k)
            json_array_append_new(operands, operand_to_json(list, instruction->operands[k]));
        json_array_append_new(instructions, json_pack("{s: s, s: o}", "function",
                                                      vae_function_info_of((vae_function)instruction->function)->name,
                                                      "operands", operands));
    }
    for (int i = 0; i < list->output_count; ++i) {
        json_array_append_new(outputs, json_pack("{s: i, s: b}", "result", (int)list->outputs[i].instruction, "summed",
                                                 (int)list->outputs[i].summed));
    }
    return json_pack("{s: I, s: I, s: o, s: o}", "rows", (json_int_t)list->rows, "columns", (json_int_t)list->columns,
                     "instructions", instructions, "outputs", outputs);
}

static json_t *order_to_json(const vae_column_order *order)
{
    json_t *sources = json_array();
    for (int64_t c = 0; c < (int64_t)order->permutation.count; ++c)
        json_array_append_new(sources, json_integer(vae_column_source(order, c)));
    return sources;
}

static json_t *value_to_json(const vae_field *field, const void *value)
{
    switch (field->type) {
    case VAE_FIELD_FLAG: return json_boolean(*(const bool *)value);
    case VAE_FIELD_INTEGER: return json_integer(*(const int64_t *)value);
    case VAE_FIELD_REAL: return json_real(*(const double *)value);
    case VAE_FIELD_ACTIVATION: return json_string(vae_activation_name(*(const vae_activation *)value));
    case VAE_FIELD_LIKELIHOOD: return json_string(vae_likelihood_name(*(const vae_likelihood *)value));
    case VAE_FIELD_FUNCTIONS: return list_to_json(value);
    case VAE_FIELD_ORDER: return order_to_json(value);
    case VAE_FIELD_NONE: break;
    }
    return NULL;
}

json_t *vae_op_attributes_to_json(const vae_op *op)
{
    json_t *object = json_object();
    const vae_field *field = vae_op_info_of(op->kind)->fields;
    for (; field && field->type != VAE_FIELD_NONE; ++field)
        json_object_set_new(object, field->name, value_to_json(field, (const char *)&op->attributes + field->offset));
    return object;
}
