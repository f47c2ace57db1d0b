/* What the layers with weights share. */
#include "program/op/layer.h"

vae_status vae_layer_append(vae_program *program, vae_op *op, vae_shape output, vae_activation activation,
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

/* Where nobody wants the gradient of a dense layer's weight: derivative and product stand apart. */
static vae_status give_input_alone(vae_backward_pass *pass, const vae_op *forward, vae_tensor d_y)
{
    const vae_activation activation = vae_op_activation(forward);
    if (!pass->needed[forward->inputs[0]]) return VAE_OK;
    if (activation != VAE_ACTIVATION_IDENTITY) {
        vae_op derivative = vae_backward_make_op(VAE_OP_ACTIVATE_BACKWARD, forward, d_y);
        derivative.attributes = (vae_attributes){.activate = {activation}};
        derivative.inputs[1] = forward->outputs[vae_activation_needs_input(activation) ? 1 : 0];
        derivative.outputs[0] = d_y;
        VAE_TRY(vae_program_append(pass->program, &derivative));
    }
    vae_op product = vae_backward_make_op(VAE_OP_MATMUL, forward, d_y);
    product.attributes = (vae_attributes){.matmul = {.b_transposed = true}};
    product.inputs[1] = forward->inputs[1];
    VAE_TRY(vae_backward_new_gradient(pass, forward->inputs[0], &product.outputs[0]));
    return vae_program_append(pass->program, &product);
}

vae_status vae_layer_backward(vae_backward_pass *pass, int32_t index, vae_op_kind kind)
{
    vae_program *program = pass->program;
    const vae_op forward = program->ops[index];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0);
    if (d_y == VAE_NO_TENSOR) return VAE_OK;
    const bool is_product = kind == VAE_OP_DENSE_BACKWARD;
    if (is_product && !pass->needed[forward.inputs[1]]) return give_input_alone(pass, &forward, d_y);
    vae_op op = vae_backward_make_op(kind, &forward, d_y);
    /* y is kept alive only for the activations whose derivative is taken from it. */
    const bool from_y = forward.outputs[1] == VAE_NO_TENSOR && vae_op_activation(&forward) != VAE_ACTIVATION_IDENTITY;
    op.inputs[1] = from_y ? forward.outputs[0] : VAE_NO_TENSOR;
    op.inputs[2] = forward.inputs[0];
    op.inputs[3] = forward.inputs[1];
    op.inputs[4] = forward.outputs[1];
    for (int i = 0; i < 2; ++i)
        VAE_TRY(vae_backward_new_gradient(pass, forward.inputs[1 + i], &op.outputs[i]));
    if (pass->needed[forward.inputs[0]]) VAE_TRY(vae_backward_new_gradient(pass, forward.inputs[0], &op.outputs[2]));
    return vae_program_append(program, &op);
}

vae_cost vae_layer_cost(const vae_program *program, const vae_op *op, double positions)
{
    vae_cost cost = vae_op_traffic(program, op);
    cost.flops = 2 * positions * vae_op_elements(program, op->inputs[1]) + vae_op_elements(program, op->outputs[0]);
    return cost;
}

/* One product gives the gradient by the weights, and one that by the input. */
vae_cost vae_layer_backward_cost(const vae_program *program, const vae_op *op, double positions)
{
    vae_cost cost = vae_op_traffic(program, op);
    const double product = 2 * positions * vae_op_elements(program, op->inputs[3]);
    cost.flops = (op->outputs[2] == VAE_NO_TENSOR ? 1 : 2) * product + 2 * vae_op_elements(program, op->inputs[0]);
    return cost;
}
