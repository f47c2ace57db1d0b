/* batch_norm and layer_norm, with the activation behind them. */
#include "program/op.h"

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

/* d_x takes the place of d_y. */
static vae_status backward_norm(vae_backward_pass *pass, int32_t index, vae_op_kind kind)
{
    vae_program *program = pass->program;
    const vae_op forward = program->ops[index];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0);
    if (d_y == VAE_NO_TENSOR) return VAE_OK;
    if (forward.outputs[1] == VAE_NO_TENSOR) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' was not built for training", forward.name,
                             vae_op_kind_name(forward.kind));
    }
    vae_op op = vae_backward_make_op(kind, &forward, d_y);
    for (int i = 0; i < 3; ++i)
        op.inputs[1 + i] = forward.inputs[i];
    op.inputs[4] = forward.outputs[1];
    op.inputs[5] = forward.outputs[2];
    if (pass->needed[forward.inputs[0]]) {
        op.outputs[0] = d_y;
        vae_backward_give_share(pass, forward.inputs[0], d_y);
    }
    VAE_TRY(vae_backward_new_gradient(pass, forward.inputs[1], &op.outputs[1]));
    VAE_TRY(vae_backward_new_gradient(pass, forward.inputs[2], &op.outputs[2]));
    return vae_program_append(program, &op);
}

static vae_status backward_batch_norm(vae_backward_pass *pass, int32_t index)
{
    return backward_norm(pass, index, VAE_OP_BATCH_NORM_BACKWARD);
}

static vae_status backward_layer_norm(vae_backward_pass *pass, int32_t index)
{
    return backward_norm(pass, index, VAE_OP_LAYER_NORM_BACKWARD);
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 8, op->inputs[0]);
}

static vae_cost cost_backward(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 16, op->inputs[0]);
}

static const vae_field fields[] = {
    VAE_FIELD(ACTIVATION, activation, norm.activation),
    VAE_FIELD(REAL, epsilon, norm.epsilon),
    {0},
};

/* A block a row for layer norms, whose statistics are the row's; batch norms have them from a launch ahead. */
static vae_grid grid_batch_norm(const vae_program *program, const vae_op *op)
{
    return vae_op_grid_of_channels(program, op->inputs[0]);
}

static vae_grid grid_layer_norm(const vae_program *program, const vae_op *op)
{
    return vae_op_grid_of_rows(program, op->inputs[0]);
}

const vae_op_info vae_op_info_batch_norm = {
    .grid = grid_batch_norm, .backward = backward_batch_norm, .cost = cost, .fields = fields};
const vae_op_info vae_op_info_batch_norm_backward = {.grid = grid_batch_norm, .cost = cost_backward, .fields = fields};
const vae_op_info vae_op_info_layer_norm = {
    .grid = grid_layer_norm, .backward = backward_layer_norm, .cost = cost, .fields = fields};
const vae_op_info vae_op_info_layer_norm_backward = {.grid = grid_layer_norm, .cost = cost_backward, .fields = fields};
