#include "report/page_decoder.h"

/* ---- What ops have besides operands: one row a kind that the page can run and that has attributes ---- */

typedef json_t *(*attribute_writer)(const vae_attributes *attributes);

static json_t *write_dense(const vae_attributes *attributes)
{
    return json_pack("{s:s}", "activation", vae_activation_name(attributes->dense.activation));
}

static json_t *write_activate(const vae_attributes *attributes)
{
    return json_pack("{s:s}", "activation", vae_activation_name(attributes->activate.activation));
}

static json_t *write_convolution(const vae_attributes *attributes)
{
    const vae_window *window = &attributes->convolution.window;
    return json_pack("{s:s, s:I, s:I, s:I}", "activation", vae_activation_name(attributes->convolution.activation),
                     "kernel", (json_int_t)window->kernel, "stride", (json_int_t)window->stride, "padding",
                     (json_int_t)window->padding);
}

static json_t *write_likelihood_mean(const vae_attributes *attributes)
{
    const vae_likelihood_options *options = &attributes->likelihood.options;
    return json_pack("{s:s, s:I, s:I, s:I, s:f, s:f, s:f}", "family", vae_likelihood_name(options->family), "width",
                     (json_int_t)vae_likelihood_width(options), "channels", (json_int_t)options->channels, "mixtures",
                     (json_int_t)options->mixtures, "variance", options->variance, "scale", options->scale, "shift",
                     options->shift);
}

static json_t *write_norm(const vae_attributes *attributes)
{
    return json_pack("{s:s, s:f}", "activation", vae_activation_name(attributes->norm.activation), "epsilon",
                     attributes->norm.epsilon);
}

static json_t *write_upsample(const vae_attributes *attributes)
{
    return json_pack("{s:I}", "factor", (json_int_t)attributes->upsample.factor);
}

static const attribute_writer attribute_writers[VAE_OP_COUNT] = {
    [VAE_OP_DENSE] = write_dense,
    [VAE_OP_CONV2D] = write_convolution,
    [VAE_OP_CONV_TRANSPOSE2D] = write_convolution,
    [VAE_OP_LIKELIHOOD_MEAN] = write_likelihood_mean,
    [VAE_OP_ACTIVATE] = write_activate,
    [VAE_OP_BATCH_NORM] = write_norm,
    [VAE_OP_LAYER_NORM] = write_norm,
    [VAE_OP_UPSAMPLE] = write_upsample,
};

/* ---- The program ---- */

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
    const attribute_writer writer = attribute_writers[op->kind];
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "kind", vae_op_kind_name(op->kind), "name", op->name, "inputs",
                     write_operands(op->inputs, VAE_MAX_INPUTS), "outputs",
                     write_operands(op->outputs, VAE_MAX_OUTPUTS), "attributes",
                     writer ? writer(&op->attributes) : json_object());
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
    return json_pack("{s:i, s:i, s:I, s:o, s:o}", "input", (int)vae_program_find(program, "z"), "output",
                     (int)vae_program_find(program, "mean"), "weights", (json_int_t)weight, "tensors", tensors, "ops",
                     ops);
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
