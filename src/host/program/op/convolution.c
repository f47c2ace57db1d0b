/* conv2d and conv_transpose2d: layers of windows on images. */
#include <inttypes.h>

#include "program/op/layer.h"

static vae_status check_window(const vae_window *window, bool transposed, const char *name)
{
    if (window->kernel < 1 || window->stride < 1 || window->padding < 0 || window->padding >= window->kernel) {
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: kernel %" PRId64 ", stride %" PRId64 ", padding %" PRId64
                             ": kernel and stride must be at least 1, padding from 0 to kernel - 1",
                             name, window->kernel, window->stride, window->padding);
    }
    for (int axis = 0; axis < 2; ++axis) {
        const int64_t more = window->output_padding[axis];
        if (more >= 0 && more < (transposed ? window->stride : 1)) continue;
        return vae_error_set(VAE_ERROR_SHAPE, "%s: output padding %" PRId64 " must be from 0 to stride - 1%s", name,
                             more, transposed ? "" : ", and is for transposed convolutions only");
    }
    return VAE_OK;
}

static int64_t output_size(const vae_window *window, bool transposed, int axis, int64_t size)
{
    if (transposed) {
        return (size - 1) * window->stride - 2 * window->padding + window->kernel + window->output_padding[axis];
    }
    const int64_t room = size + 2 * window->padding - window->kernel;
    return room < 0 ? 0 : room / window->stride + 1;
}

vae_status vae_window_output(const vae_window *window, bool transposed, const char *name, const vae_shape *input,
                             int64_t out, vae_shape *output)
{
    char text[96];
    VAE_TRY(check_window(window, transposed, name));
    if (input->rank != 4) {
        return vae_error_set(VAE_ERROR_SHAPE, "%s: input has shape %s, but must be [rows, height, width, channels]",
                             name, vae_shape_format(input, text, sizeof text));
    }
    *output = vae_shape_images(input->size[0], output_size(window, transposed, 0, input->size[1]),
                               output_size(window, transposed, 1, input->size[2]), out);
    char made[96];
    const int64_t padded = 2 * window->padding + (input->size[1] < input->size[2] ? input->size[1] : input->size[2]);
    if (!transposed && window->stride > padded) {
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: a stride of %" PRId64 " with padding %" PRId64 " steps over images %s", name,
                             window->stride, window->padding, vae_shape_format(input, text, sizeof text));
    }
    if (output->size[1] >= 1 && output->size[2] >= 1) return VAE_OK;
    return vae_error_set(VAE_ERROR_SHAPE,
                         "%s: a window of %" PRId64 " with padding %" PRId64
                         " makes %s of %s: every size must be at least 1",
                         name, window->kernel, window->padding, vae_shape_format(output, made, sizeof made),
                         vae_shape_format(input, text, sizeof text));
}

vae_status vae_program_convolution(vae_program *program, const char *name, vae_tensor x, bool transposed,
                                   vae_window window, vae_activation activation, bool training, vae_tensor *y)
{
    const vae_shape input = *vae_tensor_shape(program, x);
    const int64_t in = input.size[input.rank - 1], places = window.kernel * window.kernel;
    vae_op op = vae_op_make(transposed ? VAE_OP_CONV_TRANSPOSE2D : VAE_OP_CONV2D, name);
    op.attributes.convolution.activation = activation;
    op.attributes.convolution.window = window;
    op.inputs[0] = x;
    VAE_TRY(vae_program_find_parameter(program, name, "bias", vae_shape_vector(-1), &op.inputs[2]));
    const int64_t out = vae_tensor_shape(program, op.inputs[2])->size[0];
    const vae_shape weight = transposed ? vae_shape_matrix(in, places * out) : vae_shape_matrix(places * in, out);
    VAE_TRY(vae_program_find_parameter(program, name, "weight", weight, &op.inputs[1]));
    vae_shape output;
    VAE_TRY(vae_window_output(&window, transposed, name, &input, out, &output));
    return vae_layer_append(program, &op, output, activation, training, y);
}

static vae_status backward_conv2d(vae_backward_pass *pass, int32_t index)
{
    return vae_layer_backward(pass, index, VAE_OP_CONV2D_BACKWARD);
}

static vae_status backward_conv_transpose2d(vae_backward_pass *pass, int32_t index)
{
    return vae_layer_backward(pass, index, VAE_OP_CONV_TRANSPOSE2D_BACKWARD);
}

/* Rows × positions of images. */
static double places(const vae_program *program, vae_tensor tensor)
{
    return vae_op_elements(program, tensor) / (double)vae_tensor_shape(program, tensor)->size[3];
}

/* Every weight is multiplied once for each position of the side that has fewer of them: where a window lies. */
static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_layer_cost(program, op,
                          places(program, vae_op_is_transposed(op->kind) ? op->inputs[0] : op->outputs[0]));
}

static vae_cost cost_backward(const vae_program *program, const vae_op *op)
{
    return vae_layer_backward_cost(program, op, places(program, op->inputs[vae_op_is_transposed(op->kind) ? 2 : 0]));
}

static const vae_field fields[] = {
    VAE_FIELD(ACTIVATION, activation, convolution.activation),
    VAE_FIELD(INTEGER, kernel, convolution.window.kernel),
    VAE_FIELD(INTEGER, stride, convolution.window.stride),
    VAE_FIELD(INTEGER, padding, convolution.window.padding),
    {0},
};

const vae_op_info vae_op_info_conv2d = {
    .flags = VAE_OP_LAYER, .backward = backward_conv2d, .cost = cost, .fields = fields};
const vae_op_info vae_op_info_conv2d_backward = {.flags = VAE_OP_LAYER, .cost = cost_backward, .fields = fields};
const vae_op_info vae_op_info_conv_transpose2d = {
    .flags = VAE_OP_LAYER | VAE_OP_TRANSPOSED, .backward = backward_conv_transpose2d, .cost = cost, .fields = fields};
const vae_op_info vae_op_info_conv_transpose2d_backward = {
    .flags = VAE_OP_LAYER | VAE_OP_TRANSPOSED, .cost = cost_backward, .fields = fields};
