/* What lstm and gru share as ops: operands and their checks, outputs, and the operands of the backward pass. */
#include "program/op/recurrent.h"

#include <inttypes.h>

/* Arithmetic of one gate of one unit at one step, beside the product. */
#define CELL_FLOPS 6

vae_recurrent_inputs vae_recurrent_inputs_of(vae_tensor gates, vae_tensor weight)
{
    const vae_tensor none = VAE_NO_TENSOR;
    return (vae_recurrent_inputs){gates, weight, none, none, none, none, none, none, none};
}

int64_t vae_recurrent_hidden(const vae_program *program, const vae_op *op)
{
    return vae_tensor_shape(program, op->inputs[VAE_RECURRENT_WEIGHT])->size[0];
}

int64_t vae_recurrent_rows(const vae_program *program, const vae_op *op)
{
    return vae_tensor_shape(program, op->inputs[VAE_RECURRENT_GATES])->size[0] / op->attributes.recurrent.steps;
}

int64_t vae_recurrent_samples(const vae_program *program, int64_t rows)
{
    return program->batch_rows > 0 && rows % program->batch_rows == 0 ? rows / program->batch_rows : 1;
}

/* ---- Operands ---- */

vae_status vae_recurrent_take(const vae_program *program, vae_op *op, int position, const char *operand,
                              vae_tensor tensor, vae_shape expected)
{
    op->inputs[position] = tensor;
    if (tensor == VAE_NO_TENSOR || vae_shape_equal(vae_tensor_shape(program, tensor), &expected)) return VAE_OK;
    char found[96], wanted[96];
    return vae_error_set(VAE_ERROR_SHAPE, "%s: %s of %s has shape %s, but must be %s", op->name, operand,
                         vae_op_kind_name(op->kind),
                         vae_shape_format(vae_tensor_shape(program, tensor), found, sizeof found),
                         vae_shape_format(&expected, wanted, sizeof wanted));
}

vae_status vae_recurrent_refuse(const vae_op *op, const char *operand, vae_tensor tensor)
{
    if (tensor == VAE_NO_TENSOR) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: %s has no operand %s", op->name, vae_op_kind_name(op->kind), operand);
}

static vae_status check_options(const vae_op *op)
{
    const vae_recurrent *options = &op->attributes.recurrent;
    const char *kind = vae_op_kind_name(op->kind);
    if (options->steps < 1) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: %s of %" PRId64 " steps, but it takes at least 1", op->name, kind,
                             options->steps);
    }
    if (!(options->dropout >= 0.0 && options->dropout < 1.0)) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "%s: recurrent dropout of %s is %g, but must be at least 0 and below 1", op->name, kind,
                             options->dropout);
    }
    if (options->dropout > 0 && !options->training) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: recurrent dropout of %s is for training only", op->name, kind);
    }
    return VAE_OK;
}

/* The gates have `gates` columns for each row of the weight, and a row for each step of each sequence. */
static vae_status check_gates(const vae_program *program, const vae_op *op, int64_t gates)
{
    const vae_shape *sums = vae_tensor_shape(program, op->inputs[VAE_RECURRENT_GATES]);
    const vae_shape *weight = vae_tensor_shape(program, op->inputs[VAE_RECURRENT_WEIGHT]);
    const char *kind = vae_op_kind_name(op->kind);
    char left[96], right[96];
    vae_shape_format(sums, left, sizeof left);
    vae_shape_format(weight, right, sizeof right);
    if (weight->rank != 2 || weight->size[1] != gates * weight->size[0]) {
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: weight of %s has shape %s, but must have %" PRId64 " times as many columns as rows",
                             op->name, kind, right, gates);
    }
    if (sums->rank != 2 || sums->size[1] != weight->size[1]) {
        return vae_error_set(VAE_ERROR_SHAPE, "%s: gates %s of %s do not have the columns of its weight %s", op->name,
                             left, kind, right);
    }
    if (sums->size[0] % op->attributes.recurrent.steps != 0) {
        return vae_error_set(VAE_ERROR_SHAPE, "%s: gates %s of %s do not hold %" PRId64 " steps of as many rows each",
                             op->name, left, kind, op->attributes.recurrent.steps);
    }
    return VAE_OK;
}

vae_status vae_recurrent_make(vae_program *program, vae_op_kind kind, const char *name, const vae_recurrent_inputs *in,
                              vae_recurrent options, int64_t gates, vae_op *op)
{
    *op = vae_op_make(kind, name);
    op->attributes.recurrent = options;
    op->inputs[VAE_RECURRENT_GATES] = in->gates;
    op->inputs[VAE_RECURRENT_WEIGHT] = in->weight;
    VAE_TRY(check_options(op));
    VAE_TRY(check_gates(program, op, gates));
    const int64_t hidden = vae_recurrent_hidden(program, op), rows = vae_recurrent_rows(program, op);
    VAE_TRY(vae_recurrent_take(program, op, VAE_RECURRENT_PER_SEQUENCE, "per_sequence", in->per_sequence,
                               vae_shape_matrix(rows, gates * hidden)));
    VAE_TRY(vae_recurrent_take(program, op, VAE_RECURRENT_INITIAL_H, "initial_h", in->initial_h,
                               vae_shape_matrix(rows, hidden)));
    return vae_recurrent_take(program, op, VAE_RECURRENT_LENGTHS, "lengths", in->lengths, vae_shape_vector(rows));
}

/* ---- Outputs ---- */

vae_status vae_recurrent_add_output(vae_program *program, vae_op *op, int position, const char *role, vae_shape shape)
{
    char text[VAE_NAME_SIZE];
    vae_format_name(text, "%.44s.%s", op->name, role);
    return vae_program_add_activation(program, text, shape, &op->outputs[position]);
}

static bool reads(const vae_op *op, vae_tensor tensor)
{
    for (int k = 0; k < VAE_MAX_INPUTS; ++k)
        if (op->inputs[k] == tensor) return true;
    return false;
}

/* Whether the op may overwrite its gates: a product makes them, whose backward pass does not look at what it made, and
 * neither another op nor the host reads them. */
static bool may_overwrite(const vae_program *program, vae_tensor gates)
{
    bool is_product = false;
    for (int32_t i = 0; i < program->op_count; ++i) {
        const vae_op *op = &program->ops[i];
        if (reads(op, gates)) return false;
        if (op->outputs[0] != gates) continue;
        is_product =
            (op->kind == VAE_OP_DENSE || op->kind == VAE_OP_MATMUL) && vae_op_activation(op) == VAE_ACTIVATION_IDENTITY;
    }
    return is_product && !program->tensors[gates].external;
}

vae_status vae_recurrent_add_outputs(vae_program *program, vae_op *op)
{
    const int64_t hidden = vae_recurrent_hidden(program, op), rows = vae_recurrent_rows(program, op);
    const vae_tensor gates = op->inputs[VAE_RECURRENT_GATES];
    const vae_shape shape = vae_shape_matrix(op->attributes.recurrent.steps * rows, hidden);
    VAE_TRY(vae_program_add_activation(program, op->name, shape, &op->outputs[VAE_RECURRENT_H]));
    VAE_TRY(vae_recurrent_add_output(program, op, VAE_RECURRENT_LAST_H, "last_h", vae_shape_matrix(rows, hidden)));
    op->outputs[VAE_RECURRENT_ACTIVATED] = gates;
    if (may_overwrite(program, gates)) return VAE_OK;
    return vae_recurrent_add_output(program, op, VAE_RECURRENT_ACTIVATED, "activated",
                                    *vae_tensor_shape(program, gates));
}

/* ---- Backward pass ---- */

vae_status vae_recurrent_make_backward(vae_backward_pass *pass, const vae_op *forward, vae_op_kind kind, vae_op *op,
                                       bool *wanted)
{
    *op = vae_backward_make_op(kind, forward, forward->outputs[VAE_RECURRENT_ACTIVATED]);
    op->inputs[VAE_RECURRENT_BACKWARD_WEIGHT] = forward->inputs[VAE_RECURRENT_WEIGHT];
    op->inputs[VAE_RECURRENT_BACKWARD_H] = forward->outputs[VAE_RECURRENT_H];
    op->inputs[VAE_RECURRENT_BACKWARD_D_H] = vae_backward_output_gradient(pass, forward, VAE_RECURRENT_H);
    op->inputs[VAE_RECURRENT_BACKWARD_D_LAST_H] = vae_backward_output_gradient(pass, forward, VAE_RECURRENT_LAST_H);
    op->inputs[VAE_RECURRENT_BACKWARD_INITIAL_H] = forward->inputs[VAE_RECURRENT_INITIAL_H];
    op->inputs[VAE_RECURRENT_BACKWARD_LENGTHS] = forward->inputs[VAE_RECURRENT_LENGTHS];
    *wanted = op->inputs[VAE_RECURRENT_BACKWARD_D_H] != VAE_NO_TENSOR ||
              op->inputs[VAE_RECURRENT_BACKWARD_D_LAST_H] != VAE_NO_TENSOR ||
              vae_backward_output_gradient(pass, forward, VAE_LSTM_LAST_C) != VAE_NO_TENSOR;
    if (*wanted && !forward->attributes.recurrent.training) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' was not built for training", forward->name,
                             vae_op_kind_name(forward->kind));
    }
    op->outputs[VAE_RECURRENT_BACKWARD_D_GATES] = forward->outputs[VAE_RECURRENT_ACTIVATED];
    return VAE_OK;
}

vae_status vae_recurrent_give_gradient(vae_backward_pass *pass, const vae_op *forward, int from, vae_op *op, int to)
{
    const vae_tensor tensor = forward->inputs[from];
    if (tensor == VAE_NO_TENSOR || !pass->needed[tensor]) return VAE_OK;
    if (from != VAE_RECURRENT_GATES) return vae_backward_new_gradient(pass, tensor, &op->outputs[to]);
    vae_backward_give_share(pass, tensor, op->outputs[to]);
    return VAE_OK;
}

/* ---- Costs and attributes ---- */

vae_cost vae_recurrent_cost(const vae_program *program, const vae_op *op, double products)
{
    const double cells = vae_op_elements(program, op->inputs[0]);
    const double positions = cells / (double)vae_tensor_shape(program, op->inputs[0])->size[1];
    vae_cost cost = vae_op_traffic(program, op);
    cost.flops = 2 * products * positions * vae_op_elements(program, op->inputs[1]) + CELL_FLOPS * cells;
    return cost;
}

const vae_field vae_recurrent_fields[] = {
    VAE_FIELD(INTEGER, steps, recurrent.steps),
    VAE_FIELD(FLAG, reverse, recurrent.reverse),
    VAE_FIELD(REAL, forget_bias, recurrent.forget_bias),
    VAE_FIELD(REAL, dropout, recurrent.dropout),
    {0},
};
