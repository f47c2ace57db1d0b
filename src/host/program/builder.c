#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program/internal.h"

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
    const int32_t count = program->layout->count;
    if (!program->parameter_tensors) {
        program->parameter_tensors = malloc(2 * (size_t)count * sizeof *program->parameter_tensors);
        for (int32_t i = 0; program->parameter_tensors && i < 2 * count; ++i)
            program->parameter_tensors[i] = VAE_NO_TENSOR;
    }
    if (!program->parameter_tensors) return NULL;
    return &program->parameter_tensors[kind == VAE_TENSOR_GRADIENT ? count + parameter : parameter];
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

vae_status vae_program_gather(vae_program *program, const char *name, vae_shape shape, const vae_gather *gather,
                              vae_tensor *x)
{
    char text[96];
    VAE_TRY(vae_program_add_activation(program, name, shape, x));
    VAE_TRY(vae_program_require_matrix(program, name, "output", *x));
    if (gather->flip && shape.rank != 4) {
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: flips need images [rows, height, width, channels], but the shape is %s", name,
                             vae_shape_format(&shape, text, sizeof text));
    }
    vae_op op = vae_op_make(VAE_OP_GATHER, name);
    op.outputs[0] = *x;
    op.attributes.gather = *gather;
    return vae_program_append(program, &op);
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

vae_status vae_program_append_layer(vae_program *program, vae_op *op, vae_shape output, vae_activation activation,
                                    bool training, vae_tensor *y)
{
    VAE_TRY(vae_program_add_activation(program, op->name, output, &op->outputs[0]));
    if (training && vae_activation_needs_input(activation)) {
        char text[VAE_NAME_SIZE];
        vae_format_name(text, "%.47s.pre_activation", op->name);
        VAE_TRY(vae_program_add_activation(program, text, output, &op->outputs[1]));
    }
    *y = op->outputs[0];
    return vae_program_append(program, op);
}

vae_status vae_program_dense(vae_program *program, const char *name, vae_tensor x, vae_activation activation,
                             bool training, vae_tensor *y)
{
    VAE_TRY(vae_program_require_matrix(program, name, "input", x));
    const vae_shape input = *vae_tensor_shape(program, x);
    vae_op op = vae_op_make(VAE_OP_DENSE, name);
    op.attributes.dense.activation = activation;
    op.inputs[0] = x;
    VAE_TRY(vae_program_find_parameter(program, name, "weight", vae_shape_matrix(vae_shape_columns(&input), -1),
                                       &op.inputs[1]));
    const int64_t width = vae_tensor_shape(program, op.inputs[1])->size[1];
    VAE_TRY(vae_program_find_parameter(program, name, "bias", vae_shape_vector(width), &op.inputs[2]));
    return vae_program_append_layer(program, &op, vae_shape_matrix(input.size[0], width), activation, training, y);
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

/* An output of `op`: called by its role, or, where another op's is called so already, by both. */
static vae_status add_output(vae_program *program, const char *op, const char *role, vae_shape shape,
                             vae_tensor *tensor)
{
    char name[VAE_NAME_SIZE];
    const bool taken = vae_program_find(program, role) != VAE_NO_TENSOR;
    vae_format_name(name, "%s%s%s", taken ? op : "", taken ? "." : "", role);
    return vae_program_add_activation(program, name, shape, tensor);
}

vae_status vae_program_gaussian_sample_kl(vae_program *program, const char *name, vae_tensor posterior,
                                          vae_posterior_options options, vae_posterior_outputs *outputs)
{
    VAE_TRY(vae_program_require_matrix(program, name, "posterior", posterior));
    const vae_shape input = *vae_tensor_shape(program, posterior);
    if (input.size[1] % 2 != 0 || options.samples < 1) {
        char text[96];
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: posterior has shape %s and %" PRId64
                             " samples, but must be [rows, 2·latent] with at least one sample",
                             name, vae_shape_format(&input, text, sizeof text), options.samples);
    }
    const int64_t rows = input.size[0] * options.samples;
    vae_op op = vae_op_make(VAE_OP_GAUSSIAN_SAMPLE_KL, name);
    op.inputs[0] = posterior;
    op.attributes.gaussian_sample_kl.samples = options.samples;
    VAE_TRY(vae_program_noise_site(program, name, options.stream, &op.attributes.gaussian_sample_kl.stream));
    op.attributes.gaussian_sample_kl.sampled = options.sampled;
    VAE_TRY(add_output(program, name, "z", vae_shape_matrix(rows, input.size[1] / 2), &op.outputs[0]));
    if (options.with_kl) {
        VAE_TRY(add_output(program, name, "kl", vae_shape_vector(input.size[0]), &op.outputs[1]));
    }
    if (options.with_log_ratio) {
        VAE_TRY(add_output(program, name, "log_ratio", vae_shape_vector(rows), &op.outputs[2]));
    }
    *outputs = (vae_posterior_outputs){.z = op.outputs[0], .kl = op.outputs[1], .log_ratio = op.outputs[2]};
    return vae_program_append(program, &op);
}

/* Pixels of a row of predictions, if it is a whole number of them. */
static vae_status count_pixels(const vae_program *program, const char *name, vae_tensor prediction,
                               const vae_likelihood_options *options, int64_t *pixels)
{
    VAE_TRY(vae_program_require_matrix(program, name, "prediction", prediction));
    const vae_status status = vae_likelihood_check(options);
    if (status) return vae_error_prepend(status, "%s", name);
    const vae_shape *shape = vae_tensor_shape(program, prediction);
    const int64_t width = vae_likelihood_width(options);
    *pixels = vae_shape_columns(shape) / width;
    if (*pixels * width == vae_shape_columns(shape)) return VAE_OK;
    char text[96];
    return vae_error_set(VAE_ERROR_SHAPE,
                         "%s: prediction %s does not fit likelihood '%s', which takes %" PRId64 " numbers a pixel",
                         name, vae_shape_format(shape, text, sizeof text), vae_likelihood_name(options->family), width);
}

static vae_op make_likelihood(vae_op_kind kind, const char *name, vae_tensor prediction,
                              const vae_likelihood_options *options)
{
    vae_op op = vae_op_make(kind, name);
    op.inputs[0] = prediction;
    op.attributes.likelihood.options = *options;
    return op;
}

vae_status vae_program_likelihood(vae_program *program, const char *name, vae_tensor prediction, vae_tensor x,
                                  const vae_likelihood_options *options, bool training, vae_tensor *ll)
{
    int64_t pixels;
    VAE_TRY(count_pixels(program, name, prediction, options, &pixels));
    VAE_TRY(vae_program_require_matrix(program, name, "x", x));
    const vae_shape predicted = *vae_tensor_shape(program, prediction);
    const vae_shape data = *vae_tensor_shape(program, x);
    if (vae_shape_columns(&data) != pixels * options->channels || predicted.size[0] % data.size[0] != 0) {
        char first[96], second[96];
        return vae_error_set(VAE_ERROR_SHAPE, "%s: prediction %s does not fit x %s", name,
                             vae_shape_format(&predicted, first, sizeof first),
                             vae_shape_format(&data, second, sizeof second));
    }
    vae_op op = make_likelihood(VAE_OP_LIKELIHOOD, name, prediction, options);
    op.inputs[1] = x;
    if (options->family == VAE_LIKELIHOOD_GAUSSIAN_SHARED) {
        VAE_TRY(vae_program_find_parameter(program, "likelihood", "log_variance", vae_shape_vector(1), &op.inputs[2]));
        if (training) op.outputs[2] = op.inputs[2];
    }
    op.attributes.likelihood.samples = predicted.size[0] / data.size[0];
    VAE_TRY(vae_program_add_activation(program, name, vae_shape_vector(predicted.size[0]), &op.outputs[0]));
    *ll = op.outputs[0];
    return vae_program_append(program, &op);
}

vae_status vae_program_likelihood_mean(vae_program *program, const char *name, vae_tensor prediction,
                                       const vae_likelihood_options *options, vae_tensor *mean)
{
    int64_t pixels;
    VAE_TRY(count_pixels(program, name, prediction, options, &pixels));
    vae_op op = make_likelihood(VAE_OP_LIKELIHOOD_MEAN, name, prediction, options);
    const int64_t rows = vae_tensor_shape(program, prediction)->size[0];
    VAE_TRY(
        vae_program_add_activation(program, name, vae_shape_matrix(rows, pixels * options->channels), &op.outputs[0]));
    *mean = op.outputs[0];
    return vae_program_append(program, &op);
}

vae_status vae_program_activate(vae_program *program, const char *name, vae_tensor x, vae_activation activation,
                                vae_tensor *y)
{
    vae_op op = vae_op_make(VAE_OP_ACTIVATE, name);
    op.inputs[0] = x;
    op.attributes.activate.activation = activation;
    VAE_TRY(vae_program_add_activation(program, name, *vae_tensor_shape(program, x), &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

vae_status vae_program_prior_sample(vae_program *program, const char *name, vae_shape shape, double temperature,
                                    vae_tensor *z)
{
    vae_op op = vae_op_make(VAE_OP_PRIOR_SAMPLE, name);
    op.attributes.prior_sample.temperature = temperature;
    VAE_TRY(vae_program_add_activation(program, name, shape, &op.outputs[0]));
    *z = op.outputs[0];
    return vae_program_append(program, &op);
}

vae_status vae_program_accumulate(vae_program *program, vae_tensor rows, vae_metric target, double sign,
                                  bool count_rows)
{
    char name[VAE_NAME_SIZE];
    vae_format_name(name, "sum.%.50s", program->tensors[rows].name);
    vae_op op = vae_op_make(VAE_OP_ACCUMULATE, name);
    op.inputs[0] = rows;
    op.attributes.accumulate.target = target;
    op.attributes.accumulate.sign = sign;
    op.attributes.accumulate.count_rows = count_rows;
    return vae_program_append(program, &op);
}

vae_status vae_program_adam(vae_program *program, vae_adam_options options)
{
    vae_op op = vae_op_make(VAE_OP_ADAM, "adam");
    op.attributes.adam.beta1 = options.beta1;
    op.attributes.adam.beta2 = options.beta2;
    op.attributes.adam.epsilon = options.epsilon;
    op.attributes.adam.weight_decay = options.weight_decay;
    op.attributes.adam.clip_norm = options.clip_norm;
    return vae_program_append(program, &op);
}
