/* The backward pass: walks the forward ops in reverse and has each append the ops that turn the gradients of its
 * outputs into those of its inputs (program/op/). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program/op.h"

const vae_loss_term *vae_backward_find_term(const vae_backward_pass *pass, vae_tensor rows)
{
    for (int32_t i = 0; i < pass->term_count; ++i) {
        if (pass->terms[i].rows == rows) return &pass->terms[i];
    }
    return NULL;
}

void vae_backward_give_share(vae_backward_pass *pass, vae_tensor tensor, vae_tensor gradient)
{
    pass->shares[pass->share_count++] = (vae_gradient_share){tensor, gradient};
}

/* A new tensor with the shape of `tensor`, for its gradient. */
static vae_status make_gradient(vae_backward_pass *pass, vae_tensor tensor, vae_tensor *gradient)
{
    vae_program *program = pass->program;
    char name[VAE_NAME_SIZE];
    snprintf(name, sizeof name, "d_%.60s", program->tensors[tensor].name);
    return vae_program_add_activation(program, name, program->tensors[tensor].shape, gradient);
}

vae_status vae_backward_new_gradient(vae_backward_pass *pass, vae_tensor tensor, vae_tensor *gradient)
{
    VAE_TRY(make_gradient(pass, tensor, gradient));
    vae_backward_give_share(pass, tensor, *gradient);
    return VAE_OK;
}

/* The sum so far of a gradient that ends in the arena moves out of it, as a further share is to be added. */
static vae_status move_out_of_arena(vae_backward_pass *pass, vae_tensor parameter, vae_tensor *sum)
{
    const vae_tensor arena = pass->gradients[parameter];
    VAE_TRY(make_gradient(pass, parameter, sum));
    vae_op *writer = &pass->program->ops[pass->writers[parameter]];
    for (int k = 0; k < VAE_MAX_OUTPUTS; ++k) {
        if (writer->outputs[k] == arena) writer->outputs[k] = *sum;
    }
    pass->writers[parameter] = pass->program->op_count;
    return VAE_OK;
}

static vae_status add_share(vae_backward_pass *pass, vae_gradient_share share)
{
    vae_tensor *gradient = &pass->gradients[share.tensor];
    vae_op op = vae_op_make(VAE_OP_ADD, pass->program->tensors[share.gradient].name);
    op.inputs[0] = *gradient;
    op.inputs[1] = share.gradient;
    if (pass->program->tensors[share.tensor].kind == VAE_TENSOR_PARAMETER) {
        VAE_TRY(move_out_of_arena(pass, share.tensor, &op.inputs[0]));
        op.outputs[0] = *gradient;
    } else {
        VAE_TRY(make_gradient(pass, share.tensor, &op.outputs[0]));
        *gradient = op.outputs[0];
    }
    return vae_program_append(pass->program, &op);
}

/* The first share of a tensor is its gradient; each further one is added to what is there. */
static vae_status take_shares(vae_backward_pass *pass)
{
    for (int32_t i = 0; i < pass->share_count; ++i) {
        const vae_gradient_share share = pass->shares[i];
        if (pass->gradients[share.tensor] == VAE_NO_TENSOR) {
            pass->gradients[share.tensor] = share.gradient;
        } else {
            VAE_TRY(add_share(pass, share));
        }
    }
    pass->share_count = 0;
    return VAE_OK;
}

vae_tensor vae_backward_output_gradient(const vae_backward_pass *pass, const vae_op *forward)
{
    return pass->gradients[forward->outputs[0]];
}

vae_op vae_backward_make_op(vae_op_kind kind, const vae_op *forward, vae_tensor d_y)
{
    char name[VAE_NAME_SIZE];
    snprintf(name, sizeof name, "d_%.60s", forward->name);
    vae_op op = vae_op_make(kind, name);
    op.attributes = forward->attributes;
    op.inputs[0] = d_y;
    return op;
}

vae_status vae_backward_parameter_gradient(vae_backward_pass *pass, vae_tensor tensor, vae_tensor *gradient)
{
    if (pass->gradients[tensor] != VAE_NO_TENSOR) return vae_backward_new_gradient(pass, tensor, gradient);
    const int32_t parameter = pass->program->tensors[tensor].parameter;
    VAE_TRY(vae_program_add_parameter(pass->program, VAE_TENSOR_GRADIENT, parameter, gradient));
    pass->writers[tensor] = pass->program->op_count;
    vae_backward_give_share(pass, tensor, *gradient);
    return VAE_OK;
}

/* Which tensors depend on a parameter: their gradients are wanted. */
static void mark_needed(vae_backward_pass *pass, int32_t op_count)
{
    const vae_program *program = pass->program;
    for (vae_tensor i = 0; i < program->tensor_count; ++i) {
        pass->needed[i] = program->tensors[i].kind == VAE_TENSOR_PARAMETER;
    }
    for (int32_t i = 0; i < op_count; ++i) {
        const vae_op *op = &program->ops[i];
        bool needed = false;
        for (int k = 0; k < VAE_MAX_INPUTS; ++k) {
            needed = needed || (op->inputs[k] != VAE_NO_TENSOR && pass->needed[op->inputs[k]]);
        }
        for (int k = 0; k < VAE_MAX_OUTPUTS; ++k) {
            if (op->outputs[k] != VAE_NO_TENSOR) pass->needed[op->outputs[k]] = needed;
        }
    }
}

/* A term that no backward pass would look at must not be lost without a word. */
static vae_status check_terms(const vae_program *program, const vae_loss_term *terms, int32_t count)
{
    for (int32_t i = 0; i < count; ++i) {
        bool found = false;
        for (int32_t k = 0; k < program->op_count && !found; ++k) {
            const vae_op *op = &program->ops[k];
            found = (op->kind == VAE_OP_LIKELIHOOD && op->outputs[0] == terms[i].rows) ||
                    (op->kind == VAE_OP_GAUSSIAN_SAMPLE_KL && op->outputs[1] == terms[i].rows);
        }
        for (int32_t k = 0; k < i; ++k)
            found = found && terms[k].rows != terms[i].rows;
        if (found) continue;
        return vae_error_set(
            VAE_ERROR_ARGUMENT,
            "backward pass of '%s': '%s' cannot be a term of the loss: it is neither the log-likelihood of "
            "a likelihood nor the KL of a posterior, or it is a term already",
            program->name, program->tensors[terms[i].rows].name);
    }
    return VAE_OK;
}

vae_status vae_program_differentiate(vae_program *program, const vae_loss_term *terms, int32_t term_count)
{
    VAE_TRY(check_terms(program, terms, term_count));
    const size_t count = (size_t)program->tensor_count;
    vae_backward_pass pass = {.program = program, .terms = terms, .term_count = term_count};
    pass.gradients = malloc((count + 1) * sizeof *pass.gradients);
    pass.needed = calloc(count + 1, sizeof *pass.needed);
    pass.writers = calloc(count + 1, sizeof *pass.writers);
    vae_status status = VAE_OK;
    if (!pass.gradients || !pass.needed || !pass.writers) {
        status = vae_error_set(VAE_ERROR_MEMORY, "backward pass of '%s': out of memory", program->name);
        goto cleanup;
    }
    for (size_t i = 0; i < count; ++i)
        pass.gradients[i] = VAE_NO_TENSOR;
    const int32_t forward_count = program->op_count;
    mark_needed(&pass, forward_count);
    for (int32_t i = forward_count - 1; i >= 0; --i) {
        const vae_op_info *info = vae_op_info_of(program->ops[i].kind);
        if (!info->backward) continue;
        VAE_TRY_GOTO(status, cleanup, info->backward(&pass, i));
        VAE_TRY_GOTO(status, cleanup, take_shares(&pass));
    }
cleanup:
    free(pass.gradients);
    free(pass.needed);
    free(pass.writers);
    return status;
}
