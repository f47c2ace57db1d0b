/* dense: a layer whose outputs see all inputs. */
#include "program/op/layer.h"

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
    return vae_layer_append(program, &op, vae_shape_matrix(input.size[0], width), activation, training, y);
}

static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    return vae_layer_backward(pass, index, VAE_OP_DENSE_BACKWARD);
}

static double rows(const vae_program *program, vae_tensor tensor)
{
    return (double)vae_tensor_shape(program, tensor)->size[0];
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_layer_cost(program, op, rows(program, op->outputs[0]));
}

static vae_cost cost_backward(const vae_program *program, const vae_op *op)
{
    return vae_layer_backward_cost(program, op, rows(program, op->inputs[0]));
}

static const vae_field fields[] = {VAE_FIELD(ACTIVATION, activation, dense.activation), {0}};

const vae_op_info vae_op_info_dense = {.flags = VAE_OP_LAYER, .backward = backward, .cost = cost, .fields = fields};
const vae_op_info vae_op_info_dense_backward = {.flags = VAE_OP_LAYER, .cost = cost_backward, .fields = fields};
