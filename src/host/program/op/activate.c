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

static vae_grid grid(const vae_program *program, const vae_op *op)
{
    const int64_t elements = program->tensors[op->inputs[0]].elements;
    const vae_shape *shape = vae_tensor_shape(program, op->inputs[0]);
    return vae_grid_of_vectors(elements, vae_shape_columns(shape), VAE_BLOCK_THREADS);
}

/* The kernel of layers, which takes sums of columns that this op does not want. */
static vae_grid grid_backward(const vae_program *program, const vae_op *op)
{
    const int64_t columns = vae_shape_columns(vae_tensor_shape(program, op->inputs[0]));
    const vae_column_plan plan = vae_plan_columns(program->tensors[op->inputs[0]].elements / columns, columns);
    return vae_grid_of_columns(&plan, 0);
}

const vae_op_info vae_op_info_activate = {.backward = backward, .cost = cost, .fields = fields, .grid = grid};
const vae_op_info vae_op_info_activate_backward = {.cost = cost, .fields = fields, .grid = grid_backward};
