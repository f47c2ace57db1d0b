/* Builders of the ops that stand between layers: norms, dropout, upsampling and the sum of a residual block. */
#include <inttypes.h>

#include "core/random.h"
#include "program/internal.h"

/* PyTorch's defaults. */
#define NORM_EPSILON 1e-5
#define NORM_MOMENTUM 0.1

static vae_status make_norm(vae_program *program, vae_op_kind kind, const char *name, vae_tensor x,
                            vae_activation activation, vae_op *op)
{
    VAE_TRY(vae_program_require_matrix(program, name, "input", x));
    const vae_shape input = *vae_tensor_shape(program, x);
    const vae_shape channels = vae_shape_vector(input.size[input.rank - 1]);
    *op = vae_op_make(kind, name);
    op->attributes.norm.activation = activation;
    op->attributes.norm.epsilon = NORM_EPSILON;
    op->inputs[0] = x;
    VAE_TRY(vae_program_find_parameter(program, name, "scale", channels, &op->inputs[1]));
    VAE_TRY(vae_program_find_parameter(program, name, "shift", channels, &op->inputs[2]));
    return vae_program_add_activation(program, name, input, &op->outputs[0]);
}

/* What the backward pass needs: `count` means and inverse deviations. */
static vae_status keep_statistics(vae_program *program, const char *name, int64_t count, vae_op *op)
{
    char text[VAE_NAME_SIZE];
    vae_format_name(text, "%s.batch_mean", name);
    VAE_TRY(vae_program_add_activation(program, text, vae_shape_vector(count), &op->outputs[1]));
    vae_format_name(text, "%s.inverse_deviation", name);
    return vae_program_add_activation(program, text, vae_shape_vector(count), &op->outputs[2]);
}

vae_status vae_program_batch_norm(vae_program *program, const char *name, vae_tensor x, vae_activation activation,
                                  bool training, vae_tensor *y)
{
    vae_op op;
    VAE_TRY(make_norm(program, VAE_OP_BATCH_NORM, name, x, activation, &op));
    const vae_shape input = *vae_tensor_shape(program, x);
    const int64_t channels = input.size[input.rank - 1];
    VAE_TRY(vae_program_find_parameter(program, name, "mean", vae_shape_vector(channels), &op.inputs[3]));
    VAE_TRY(vae_program_find_parameter(program, name, "variance", vae_shape_vector(channels), &op.inputs[4]));
    op.attributes.norm.training = training;
    op.attributes.norm.momentum = vae_shape_elements(&input) > channels ? NORM_MOMENTUM : 0.0;
    if (training) VAE_TRY(keep_statistics(program, name, channels, &op));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

vae_status vae_program_layer_norm(vae_program *program, const char *name, vae_tensor x, vae_activation activation,
                                  bool training, vae_tensor *y)
{
    vae_op op;
    VAE_TRY(make_norm(program, VAE_OP_LAYER_NORM, name, x, activation, &op));
    if (training) VAE_TRY(keep_statistics(program, name, vae_tensor_shape(program, x)->size[0], &op));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

vae_status vae_program_dropout(vae_program *program, const char *name, vae_tensor x, double rate, uint32_t layer,
                               vae_tensor *y)
{
    if (!(rate >= 0.0 && rate < 1.0)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: dropout rate is %g, but must be at least 0 and below 1", name,
                             rate);
    }
    if (layer >= VAE_DROPOUT_LAYERS) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: a network has at most %d dropout layers", name,
                             VAE_DROPOUT_LAYERS);
    }
    vae_op op = vae_op_make(VAE_OP_DROPOUT, name);
    op.inputs[0] = x;
    op.attributes.dropout.rate = rate;
    VAE_TRY(vae_program_noise_site(program, name, VAE_STREAM_DROPOUT + layer, &op.attributes.dropout.stream));
    VAE_TRY(vae_program_add_activation(program, name, *vae_tensor_shape(program, x), &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

vae_status vae_program_upsample(vae_program *program, const char *name, vae_tensor x, int64_t factor, vae_tensor *y)
{
    const vae_shape input = *vae_tensor_shape(program, x);
    if (input.rank != 4 || factor < 1) {
        char text[96];
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: upsampling %s by %" PRId64 ", but it takes [rows, height, width, channels] and a "
                             "factor of at least 1",
                             name, vae_shape_format(&input, text, sizeof text), factor);
    }
    vae_op op = vae_op_make(VAE_OP_UPSAMPLE, name);
    op.inputs[0] = x;
    op.attributes.upsample.factor = factor;
    const vae_shape output =
        vae_shape_images(input.size[0], factor * input.size[1], factor * input.size[2], input.size[3]);
    VAE_TRY(vae_program_add_activation(program, name, output, &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

vae_status vae_program_add(vae_program *program, const char *name, vae_tensor a, vae_tensor b, vae_tensor *y)
{
    const vae_shape first = *vae_tensor_shape(program, a), second = *vae_tensor_shape(program, b);
    if (!vae_shape_equal(&first, &second)) {
        char left[96], right[96];
        return vae_error_set(VAE_ERROR_SHAPE, "%s: %s and %s cannot be added", name,
                             vae_shape_format(&first, left, sizeof left),
                             vae_shape_format(&second, right, sizeof right));
    }
    vae_op op = vae_op_make(VAE_OP_ADD, name);
    op.inputs[0] = a;
    op.inputs[1] = b;
    VAE_TRY(vae_program_add_activation(program, name, first, &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}
