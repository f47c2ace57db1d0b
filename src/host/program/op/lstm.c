/* lstm: long short-term memory over whole sequences, with layer norms and recurrent dropout where they are wanted. */
#include "program/op/recurrent.h"

enum { NORMS = 5 }; /* of i, f, g, o and c */

static vae_status take_operands(vae_program *program, const vae_recurrent_inputs *in, vae_op *op)
{
    const int64_t hidden = vae_recurrent_hidden(program, op);
    const vae_shape state = vae_shape_matrix(vae_recurrent_rows(program, op), hidden);
    const vae_shape norms = vae_shape_matrix(NORMS, hidden);
    VAE_TRY(vae_recurrent_refuse(op, "hidden_bias", in->hidden_bias));
    VAE_TRY(vae_recurrent_take(program, op, VAE_LSTM_INITIAL_C, "initial_c", in->initial_c, state));
    VAE_TRY(vae_recurrent_take(program, op, VAE_LSTM_NORM_SCALE, "norm_scale", in->norm_scale, norms));
    VAE_TRY(vae_recurrent_take(program, op, VAE_LSTM_NORM_SHIFT, "norm_shift", in->norm_shift, norms));
    if ((in->norm_scale == VAE_NO_TENSOR) == (in->norm_shift == VAE_NO_TENSOR)) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: lstm has %s but no %s", op->name,
                         in->norm_scale == VAE_NO_TENSOR ? "norm_shift" : "norm_scale",
                         in->norm_scale == VAE_NO_TENSOR ? "norm_scale" : "norm_shift");
}

static vae_status add_outputs(vae_program *program, vae_op *op)
{
    const int64_t hidden = vae_recurrent_hidden(program, op), rows = vae_recurrent_rows(program, op);
    const int64_t positions = op->attributes.recurrent.steps * rows;
    VAE_TRY(vae_recurrent_add_outputs(program, op));
    VAE_TRY(vae_recurrent_add_output(program, op, VAE_LSTM_C, "c", vae_shape_matrix(positions, hidden)));
    VAE_TRY(vae_recurrent_add_output(program, op, VAE_LSTM_LAST_C, "last_c", vae_shape_matrix(rows, hidden)));
    if (op->inputs[VAE_LSTM_NORM_SCALE] == VAE_NO_TENSOR || !op->attributes.recurrent.training) return VAE_OK;
    VAE_TRY(vae_recurrent_add_output(program, op, VAE_LSTM_NORMALISED, "normalised",
                                     vae_shape_matrix(positions, VAE_LSTM_GATES * hidden)));
    return vae_recurrent_add_output(program, op, VAE_LSTM_INVERSE_DEVIATION, "inverse_deviation",
                                    vae_shape_matrix(positions, NORMS));
}

vae_status vae_program_lstm(vae_program *program, const char *name, const vae_recurrent_inputs *in,
                            vae_recurrent options, vae_recurrent_outputs *out)
{
    vae_op op;
    VAE_TRY(vae_recurrent_make(program, VAE_OP_LSTM, name, in, options, VAE_LSTM_GATES, &op));
    VAE_TRY(take_operands(program, in, &op));
    if (options.dropout > 0)
        VAE_TRY(vae_program_noise_site(program, name, options.stream, &op.attributes.recurrent.stream));
    VAE_TRY(add_outputs(program, &op));
    *out = (vae_recurrent_outputs){op.outputs[VAE_RECURRENT_H], op.outputs[VAE_LSTM_C],
                                   op.outputs[VAE_RECURRENT_LAST_H], op.outputs[VAE_LSTM_LAST_C]};
    return vae_program_append(program, &op);
}

/* By position: the forward op's inputs and where the backward op gives their gradients. */
static const int gradients[][2] = {
    {VAE_RECURRENT_GATES, VAE_RECURRENT_BACKWARD_D_GATES},
    {VAE_RECURRENT_WEIGHT, VAE_RECURRENT_BACKWARD_D_WEIGHT},
    {VAE_RECURRENT_PER_SEQUENCE, VAE_RECURRENT_BACKWARD_D_PER_SEQUENCE},
    {VAE_RECURRENT_INITIAL_H, VAE_RECURRENT_BACKWARD_D_INITIAL_H},
    {VAE_LSTM_INITIAL_C, VAE_LSTM_BACKWARD_D_INITIAL_C},
    {VAE_LSTM_NORM_SCALE, VAE_LSTM_BACKWARD_D_NORM_SCALE},
    {VAE_LSTM_NORM_SHIFT, VAE_LSTM_BACKWARD_D_NORM_SHIFT},
};

static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    vae_op op;
    bool wanted;
    VAE_TRY(vae_recurrent_make_backward(pass, &forward, VAE_OP_LSTM_BACKWARD, &op, &wanted));
    if (!wanted) return VAE_OK;
    op.inputs[VAE_LSTM_BACKWARD_C] = forward.outputs[VAE_LSTM_C];
    op.inputs[VAE_LSTM_BACKWARD_D_LAST_C] = vae_backward_output_gradient(pass, &forward, VAE_LSTM_LAST_C);
    op.inputs[VAE_LSTM_BACKWARD_INITIAL_C] = forward.inputs[VAE_LSTM_INITIAL_C];
    op.inputs[VAE_LSTM_BACKWARD_NORM_SCALE] = forward.inputs[VAE_LSTM_NORM_SCALE];
    op.inputs[VAE_LSTM_BACKWARD_NORM_SHIFT] = forward.inputs[VAE_LSTM_NORM_SHIFT];
    op.inputs[VAE_LSTM_BACKWARD_NORMALISED] = forward.outputs[VAE_LSTM_NORMALISED];
    op.inputs[VAE_LSTM_BACKWARD_INVERSE_DEVIATION] = forward.outputs[VAE_LSTM_INVERSE_DEVIATION];
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

const vae_op_info vae_op_info_lstm = {
    .flags = VAE_OP_READS_STEP,
    .backward = backward,
    .differentiable = 1 << VAE_RECURRENT_LAST_H | 1 << VAE_LSTM_LAST_C,
    .cost = cost,
    .fields = vae_recurrent_fields,
    .shadowed = 1 << VAE_RECURRENT_H | 1 << VAE_RECURRENT_LAST_H,
};
const vae_op_info vae_op_info_lstm_backward = {
    .flags = VAE_OP_READS_STEP, .cost = cost_backward, .fields = vae_recurrent_fields};
