/* The backward pass: walks the forward ops in reverse and has each append the ops that turn the gradients of its
 * outputs into those of its inputs (program/op/). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program/op.h"

const vae_loss_term *vae_backward_find_term(const vae_backward_pass *pass, vae_tensor tensor)
{
    const int32_t term = tensor == VAE_NO_TENSOR ? -1 : pass->term_of[tensor];
    return term < 0 ? NULL : &pass->terms[term];
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

/* The arena's tensor for the gradient of a parameter, which the op appended next writes. */
static vae_status take_arena(vae_backward_pass *pass, vae_tensor tensor, vae_tensor *gradient)
{
    pass->writers[tensor] = pass->program->op_count;
    return vae_program_add_parameter(pass->program, VAE_TENSOR_GRADIENT, pass->program->tensors[tensor].parameter,
                                     gradient);
}

vae_status vae_backward_new_gradient(vae_backward_pass *pass, vae_tensor tensor, vae_tensor *gradient)
{
    const bool is_parameter = pass->program->tensors[tensor].kind == VAE_TENSOR_PARAMETER;
    if (is_parameter && pass->gradients[tensor] == VAE_NO_TENSOR) {
        VAE_TRY(take_arena(pass, tensor, gradient));
    } else {
        VAE_TRY(make_gradient(pass, tensor, gradient));
    }
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

/* The gradient of a parameter ends in the arena, whatever made its first share. */
static vae_status take_first_share(vae_backward_pass *pass, vae_gradient_share share)
{
    vae_tensor *gradient = &pass->gradients[share.tensor];
    const bool in_arena = pass->program->tensors[share.gradient].kind == VAE_TENSOR_GRADIENT;
    if (in_arena || pass->program->tensors[share.tensor].kind != VAE_TENSOR_PARAMETER) {
        *gradient = share.gradient;
        return VAE_OK;
    }
    VAE_TRY(take_arena(pass, share.tensor, gradient));
    return vae_program_append_copy(pass->program, share.gradient, *gradient);
}

/* Each further share is added to what is there. */
static vae_status take_shares(vae_backward_pass *pass)
{
    for (int32_t i = 0; i < pass->share_count; ++i) {
        const vae_gradient_share share = pass->shares[i];
        if (pass->gradients[share.tensor] == VAE_NO_TENSOR) {
            VAE_TRY(take_first_share(pass, share));
        } else {
            VAE_TRY(add_share(pass, share));
        }
    }
    pass->share_count = 0;
    return VAE_OK;
}

vae_tensor vae_backward_output_gradient(const vae_backward_pass *pass, const vae_op *forward, int output)
{
    const vae_tensor tensor = forward->outputs[output];
    return tensor == VAE_NO_TENSOR ? VAE_NO_TENSOR : pass->gradients[tensor];
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

/* Which tensors depend on a parameter of the part: their gradients are wanted. */
static void mark_needed(vae_backward_pass *pass, int32_t op_count)
{
    const vae_program *program = pass->program;
    for (vae_tensor i = 0; i < program->tensor_count; ++i) {
        const vae_tensor_info *info = &program->tensors[i];
        pass->needed[i] = info->kind == VAE_TENSOR_PARAMETER && info->offset >= pass->first && info->offset < pass->end;
    }
    for (int32_t i = 0; i < op_count; ++i) {
        const vae_op *op = &program->ops[i];
        const bool stops = op->kind == VAE_OP_ELEMENTWISE && op->attributes.elementwise.rule == VAE_GRADIENT_STOPS;
        bool needed = false;
        for (int k = 0; k < VAE_MAX_INPUTS; ++k) {
            needed = needed || (op->inputs[k] != VAE_NO_TENSOR && pass->needed[op->inputs[k]]);
        }
        for (int k = 0; k < VAE_MAX_OUTPUTS; ++k) {
            if (op->outputs[k] != VAE_NO_TENSOR) pass->needed[op->outputs[k]] = needed && !stops;
        }
    }
}

/* ---- Terms of the loss ---- */

/* A term's weight as a gradient, added to what flows into its tensor. */
static vae_status seed(vae_backward_pass *pass, const vae_loss_term *term)
{
    vae_program *program = pass->program;
    char name[VAE_NAME_SIZE];
    vae_format_name(name, "d_%.60s", program->tensors[term->rows].name);
    vae_tensor gradient;
    VAE_TRY(vae_program_fill(program, name, *vae_tensor_shape(program, term->rows), term->weight, &gradient));
    vae_backward_give_share(pass, term->rows, gradient);
    return take_shares(pass);
}

/* All terms of one tensor, unless the op that makes it can take the only one along. All its readers have given their
 * shares by now. */
static vae_status begin_output(vae_backward_pass *pass, vae_tensor tensor, bool absorbs)
{
    int32_t count = 0, last = -1;
    for (int32_t i = 0; i < pass->term_count; ++i) {
        if (pass->terms[i].rows != tensor) continue;
        ++count;
        last = i;
    }
    if (absorbs && count == 1 && pass->gradients[tensor] == VAE_NO_TENSOR) {
        pass->term_of[tensor] = last;
        return VAE_OK;
    }
    for (int32_t i = 0; i < pass->term_count && count > 0; ++i) {
        if (pass->terms[i].rows == tensor) VAE_TRY(seed(pass, &pass->terms[i]));
    }
    return VAE_OK;
}

/* ---- All of it ---- */

static vae_status differentiate_op(vae_backward_pass *pass, int32_t index)
{
    const vae_op op = pass->program->ops[index];
    const vae_op_info *info = vae_op_info_of(op.kind);
    for (int k = 0; k < VAE_MAX_OUTPUTS; ++k) {
        if (op.outputs[k] == VAE_NO_TENSOR || !pass->needed[op.outputs[k]]) continue;
        const int absorbs = k == 0 ? VAE_OP_ABSORBS_TERM_0 : k == 1 ? VAE_OP_ABSORBS_TERM_1 : 0;
        VAE_TRY(begin_output(pass, op.outputs[k], info->flags & absorbs));
        const bool takes = info->backward && (k == 0 || (info->differentiable & (1 << k)));
        if (pass->gradients[op.outputs[k]] == VAE_NO_TENSOR || takes) continue;
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "backward pass of '%s': the loss depends on '%s', but no gradient passes "
                             "that output of '%s' (%s)",
                             pass->program->name, pass->program->tensors[op.outputs[k]].name, op.name,
                             vae_op_kind_name(op.kind));
    }
    if (!info->backward) return VAE_OK;
    VAE_TRY(info->backward(pass, index));
    return take_shares(pass);
}

/* Terms of tensors that no op makes: parameters. */
static vae_status seed_parameter(vae_backward_pass *pass, const vae_loss_term *term)
{
    vae_tensor gradient;
    VAE_TRY(vae_backward_new_gradient(pass, term->rows, &gradient));
    VAE_TRY(vae_program_append_fill(pass->program, term->weight, gradient));
    return take_shares(pass);
}

static vae_status begin_parameters(vae_backward_pass *pass, vae_tensor count)
{
    for (vae_tensor i = 0; i < count; ++i) {
        if (pass->program->tensors[i].kind != VAE_TENSOR_PARAMETER || !pass->needed[i]) continue;
        for (int32_t t = 0; t < pass->term_count; ++t) {
            if (pass->terms[t].rows == i) VAE_TRY(seed_parameter(pass, &pass->terms[t]));
        }
    }
    return VAE_OK;
}

static vae_status make_room_for(vae_backward_pass *pass, size_t count)
{
    pass->gradients = malloc((count + 1) * sizeof *pass->gradients);
    pass->term_of = malloc((count + 1) * sizeof *pass->term_of);
    pass->needed = calloc(count + 1, sizeof *pass->needed);
    pass->writers = calloc(count + 1, sizeof *pass->writers);
    if (!pass->gradients || !pass->term_of || !pass->needed || !pass->writers) {
        return vae_error_set(VAE_ERROR_MEMORY, "backward pass of '%s': out of memory", pass->program->name);
    }
    for (size_t i = 0; i < count; ++i) {
        pass->gradients[i] = VAE_NO_TENSOR;
        pass->term_of[i] = -1;
    }
    return VAE_OK;
}

/* A statistic is nobody's to train. */
vae_status vae_program_differentiate(vae_program *program, const vae_loss_term *terms, int32_t term_count)
{
    return vae_program_differentiate_part(program, terms, term_count, 0, program->layout->trained_elements);
}

vae_status vae_program_differentiate_part(vae_program *program, const vae_loss_term *terms, int32_t term_count,
                                          int64_t first, int64_t count)
{
    vae_backward_pass pass = {
        .program = program, .terms = terms, .term_count = term_count, .first = first, .end = first + count};
    const int32_t forward_count = program->op_count;
    vae_status status;
    VAE_TRY_GOTO(status, cleanup, make_room_for(&pass, (size_t)program->tensor_count));
    mark_needed(&pass, forward_count);
    VAE_TRY_GOTO(status, cleanup, begin_parameters(&pass, program->tensor_count));
    for (int32_t i = forward_count - 1; i >= 0; --i)
        VAE_TRY_GOTO(status, cleanup, differentiate_op(&pass, i));
cleanup:
    free(pass.gradients);
    free(pass.term_of);
    free(pass.needed);
    free(pass.writers);
    return status;
}
