/* What likelihoods of sequences share: shapes and the backward pass. */
#include "program/op/sequence_likelihood.h"

#include <inttypes.h>
#include <string.h>

vae_status vae_sequence_likelihood_check(const vae_program *program, const vae_op *op, int64_t numbers)
{
    VAE_TRY(vae_program_require_matrix(program, op->name, "prediction", op->inputs[0]));
    const vae_shape *prediction = vae_tensor_shape(program, op->inputs[0]);
    const vae_shape *targets = vae_tensor_shape(program, op->inputs[1]);
    const vae_shape *lengths = vae_tensor_shape(program, op->inputs[2]);
    const bool one_each =
        targets->size[0] == prediction->size[0] && vae_shape_elements(targets) == prediction->size[0] * numbers;
    if (one_each && lengths->rank == 1 && prediction->size[0] % lengths->size[0] == 0) return VAE_OK;
    char text[3][96];
    return vae_error_set(VAE_ERROR_SHAPE,
                         "%s: prediction %s, targets %s of %" PRId64 " a step and lengths %s are not of the same "
                         "sequences",
                         op->name, vae_shape_format(prediction, text[0], sizeof text[0]),
                         vae_shape_format(targets, text[1], sizeof text[1]), numbers,
                         vae_shape_format(lengths, text[2], sizeof text[2]));
}

/* Whether the backward pass needs no more of a tensor once the op that reads it has run: nothing else reads it, and
 * what made it does not look at it again. */
static bool is_done_with(const vae_program *program, vae_tensor tensor)
{
    int32_t readers = 0;
    bool is_product = false;
    for (int32_t i = 0; i < program->op_count; ++i) {
        const vae_op *op = &program->ops[i];
        for (int k = 0; k < VAE_MAX_INPUTS; ++k)
            readers += op->inputs[k] == tensor;
        if (op->outputs[0] != tensor) continue;
        is_product = op->kind == VAE_OP_MATMUL ||
                     (op->kind == VAE_OP_DENSE && op->attributes.dense.activation == VAE_ACTIVATION_IDENTITY);
    }
    return is_product && readers == 1 && !program->tensors[tensor].external;
}

/* Logits of a large vocabulary are most of a program's memory, so their gradient takes their place. */
static vae_status take_gradient(vae_backward_pass *pass, vae_tensor prediction, bool in_place, vae_tensor *gradient)
{
    if (!in_place) return vae_backward_new_gradient(pass, prediction, gradient);
    *gradient = prediction;
    vae_backward_give_share(pass, prediction, prediction);
    return VAE_OK;
}

vae_status vae_sequence_likelihood_backward(vae_backward_pass *pass, int32_t index, size_t weight)
{
    vae_program *program = pass->program;
    const vae_op op = program->ops[index];
    const vae_loss_term *term = vae_backward_find_term(pass, op.outputs[0]);
    const vae_tensor d_ll = vae_backward_output_gradient(pass, &op, 0), prediction = op.inputs[0];
    if ((!term && d_ll == VAE_NO_TENSOR) || !pass->needed[prediction]) return VAE_OK;
    const vae_weight scale = term ? term->weight : (vae_weight){1.0, VAE_SCALAR_ONE};
    vae_op again = vae_backward_make_op(op.kind, &op, prediction);
    memcpy(again.inputs, op.inputs, sizeof again.inputs);
    memcpy((char *)&again.attributes + weight, &scale, sizeof scale);
    again.inputs[3] = d_ll;
    VAE_TRY(take_gradient(pass, prediction, is_done_with(program, prediction), &again.outputs[1]));
    if (!term) return vae_program_append(program, &again);
    vae_op *forward = &program->ops[index];
    forward->attributes = again.attributes;
    forward->outputs[1] = again.outputs[1];
    return VAE_OK;
}
