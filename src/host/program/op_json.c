/* Attributes of ops as JSON. */
#include "program/op_json.h"

#include "program/op.h"

static json_t *value_to_json(const vae_field *field, const void *value)
{
    switch (field->type) {
    case VAE_FIELD_FLAG: return json_boolean(*(const bool *)value);
    case VAE_FIELD_INTEGER: return json_integer(*(const int64_t *)value);
    case VAE_FIELD_REAL: return json_real(*(const double *)value);
    case VAE_FIELD_ACTIVATION: return json_string(vae_activation_name(*(const vae_activation *)value));
    case VAE_FIELD_LIKELIHOOD: return json_string(vae_likelihood_name(*(const vae_likelihood *)value));
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
