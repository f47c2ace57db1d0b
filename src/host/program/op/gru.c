/* gru: gated recurrent units over whole sequences. */
#include "program/op/recurrent.h"

static vae_status take_operands(vae_program *program, const vae_recurrent_inputs *in, vae_op *op)
{
    const vae_recurrent *options = &op->attributes.recurrent;
    VAE_TRY(vae_recurrent_refuse(op, "initial_c", in->initial_c));
    VAE_TRY(vae_recurrent_refuse(op, "norm_scale", in->norm_scale));
    VAE_TRY(vae_recurrent_refuse(op, "norm_shift", in->norm_shift));
    if (options->dropout != 0 || options->forget_bias != 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: gru has no %s", op->name,
                             options->dropout != 0 ? "recurrent dropout" : "forget_bias");
    }
    return vae_recurrent_take(program, op, VAE_GRU_HIDDEN_BIAS, "hidden_bias", in->hidden_bias,
                              vae_shape_vector(vae_recurrent_hidden(program, op)));
}

vae_status vae_program_gru(vae_program *program, const char *name, const vae_recurrent_inputs *in,
                           vae_recurrent options, vae_recurrent_outputs *out)
{
    vae_op op;
    VAE_TRY(vae_recurrent_make(program, VAE_OP_GRU, name, in, options, VAE_GRU_GATES, &op));
    VAE_TRY(take_operands(program, in, &op));
    VAE_TRY(vae_recurrent_add_outputs(program, &op));
    const vae_tensor h = op.outputs[VAE_RECURRENT_H];
    if (options.training) {
        VAE_TRY(vae_recurrent_add_output(program, &op, VAE_GRU_PRODUCT, "product", *vae_tensor_shape(program, h)));
    }
    *out = (vae_recurrent_outputs){h, VAE_NO_TENSOR, op.outputs[VAE_RECURRENT_LAST_H], VAE_NO_TENSOR};
    return vae_program_append(program, &op);
}

/* By position: the forward op's inputs and where the backward op gives their gradients. */
static const int gradients[][2] = {
    {VAE_RECURRENT_GATES, VAE_RECURRENT_BACKWARD_D_GATES},
    {VAE_RECURRENT_WEIGHT, VAE_RECURRENT_BACKWARD_D_WEIGHT},
    {VAE_RECURRENT_PER_SEQUENCE, VAE_RECURRENT_BACKWARD_D_PER_SEQUENCE},
    {VAE_RECURRENT_INITIAL_H, VAE_RECURRENT_BACKWARD_D_INITIAL_H},
    {VAE_GRU_HIDDEN_BIAS, VAE_GRU_BACKWARD_D_HIDDEN_BIAS},
};

static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    vae_op op;
    bool wanted;
    VAE_TRY(vae_recurrent_make_backward(pass, &forward, VAE_OP_GRU_BACKWARD, &op, &wanted));
    if (!wanted) return VAE_OK;
    op.inputs[VAE_GRU_BACKWARD_PRODUCT] = forward.outputs[VAE_GRU_PRODUCT];
    for (size_t i = 0; i < sizeof gradients / sizeof *gradients; ++i)
        VAE_TRY(vae_recurrent_give_gradient(pass, &forward, gradients[i][0], &op, gradients[i][1]));
    return vae_program_append(pass->program, &op);
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_recurrent_cost(program, op, 1);
}

static vae_cost cost_backward(const vae_program *program, const vae_op *op)
{
    return vae_recurrent_cost(program, op, op->outputs[VAE_RECURRENT_BACKWARD_D_WEIGHT] == VAE_NO_TENSOR ? 1 : 2);
}

const vae_op_info vae_op_info_gru = {
    .backward = backward,
    .differentiable = 1 << VAE_RECURRENT_LAST_H,
    .cost = cost,
    .fields = vae_recurrent_fields,
    .shadowed = 1 << VAE_RECURRENT_H | 1 << VAE_RECURRENT_LAST_H,
};
const vae_op_info vae_op_info_gru_backward = {.cost = cost_backward, .fields = vae_recurrent_fields};
