/* activate: an activation function that stands alone. */
#include "program/op.h"

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

static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0);
    if (d_y == VAE_NO_TENSOR || !pass->needed[forward.inputs[0]]) return VAE_OK;
    vae_backward_give_share(pass, forward.inputs[0], d_y);
    const vae_activation activation = forward.attributes.activate.activation;
    if (activation == VAE_ACTIVATION_IDENTITY) return VAE_OK;
    vae_op op = vae_backward_make_op(VAE_OP_ACTIVATE_BACKWARD, &forward, d_y);
    op.inputs[1] = vae_activation_needs_input(activation) ? forward.inputs[0] : forward.outputs[0];
    op.outputs[0] = d_y;
    return vae_program_append(pass->program, &op);
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 2, op->outputs[0]);
}

static const vae_field fields[] = {VAE_FIELD(ACTIVATION, activation, activate.activation), {0}};

const vae_op_info vae_op_info_activate = {.backward = backward, .cost = cost, .fields = fields};
const vae_op_info vae_op_info_activate_backward = {.cost = cost, .fields = fields};
