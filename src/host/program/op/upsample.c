/* upsample: images enlarged by repeating pixels. */
#include <inttypes.h>

#include "program/op.h"

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

static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0);
    if (d_y == VAE_NO_TENSOR || !pass->needed[forward.inputs[0]]) return VAE_OK;
    vae_op op = vae_backward_make_op(VAE_OP_UPSAMPLE_BACKWARD, &forward, d_y);
    VAE_TRY(vae_backward_new_gradient(pass, forward.inputs[0], &op.outputs[0]));
    return vae_program_append(pass->program, &op);
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 0, op->outputs[0]);
}

static vae_cost cost_backward(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 1, op->inputs[0]);
}

static const vae_field fields[] = {VAE_FIELD(INTEGER, factor, upsample.factor), {0}};

/* Both go over the smaller images. */
static vae_grid grid(const vae_program *program, const vae_op *op)
{
    return vae_op_grid_of_channels(program, op->inputs[0]);
}

static vae_grid grid_backward(const vae_program *program, const vae_op *op)
{
    return vae_op_grid_of_channels(program, op->outputs[0]);
}

const vae_op_info vae_op_info_upsample = {.backward = backward, .cost = cost, .fields = fields, .grid = grid};
const vae_op_info vae_op_info_upsample_backward = {.cost = cost_backward, .fields = fields, .grid = grid_backward};
