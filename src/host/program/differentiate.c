/* The backward pass: walks the forward ops in reverse and appends, for each, the op that turns the gradient of its
 * output into the gradients of its inputs. A new differentiable op adds one function and one row here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program/internal.h"

/* A share of a tensor's gradient, from one of its readers. */
typedef struct gradient_share {
    vae_tensor tensor, gradient;
} gradient_share;

typedef struct backward_pass {
    vae_program *program;
    const vae_loss_term *terms;
    int32_t term_count;
    vae_tensor *gradients; /* by tensor: its gradient, or VAE_NO_TENSOR; has room for forward tensors only */
    int32_t *writers;      /* by parameter's tensor: the op that writes its gradient */
    bool *needed;          /* by tensor: depends on a parameter, so its gradient is wanted */
    gradient_share shares[VAE_MAX_INPUTS]; /* that the op being differentiated gives */
    int32_t share_count;
} backward_pass;

static const vae_loss_term *find_term(const backward_pass *pass, vae_tensor rows)
{
    for (int32_t i = 0; i < pass->term_count; ++i) {
        if (pass->terms[i].rows == rows) return &pass->terms[i];
    }
    return NULL;
}

/* `gradient` is what the op being differentiated adds to ∂loss/∂tensor. An op that changes a gradient in place has it
 * to itself: no two shares are one tensor, and that of the op's own output may be handed on as one share. */
static void give_share(backward_pass *pass, vae_tensor tensor, vae_tensor gradient)
{
    pass->shares[pass->share_count++] = (gradient_share){tensor, gradient};
}

/* A new tensor with the shape of `tensor`, for its gradient. */
static vae_status make_gradient(backward_pass *pass, vae_tensor tensor, vae_tensor *gradient)
{
    vae_program *program = pass->program;
    char name[VAE_NAME_SIZE];
    snprintf(name, sizeof name, "d_%.60s", program->tensors[tensor].name);
    return vae_program_add_activation(program, name, program->tensors[tensor].shape, gradient);
}

/* A new tensor that is a share. */
static vae_status new_gradient(backward_pass *pass, vae_tensor tensor, vae_tensor *gradient)
{
    VAE_TRY(make_gradient(pass, tensor, gradient));
    give_share(pass, tensor, *gradient);
    return VAE_OK;
}

/* The sum so far of a gradient that ends in the arena moves out of it, as a further share is to be added. */
static vae_status move_out_of_arena(backward_pass *pass, vae_tensor parameter, vae_tensor *sum)
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

static vae_status add_share(backward_pass *pass, gradient_share share)
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
static vae_status take_shares(backward_pass *pass)
{
    for (int32_t i = 0; i < pass->share_count; ++i) {
        const gradient_share share = pass->shares[i];
        if (pass->gradients[share.tensor] == VAE_NO_TENSOR) {
            pass->gradients[share.tensor] = share.gradient;
        } else {
            VAE_TRY(add_share(pass, share));
        }
    }
    pass->share_count = 0;
    return VAE_OK;
}

/* The gradient of the first output of the op that is differentiated, or VAE_NO_TENSOR: then nothing flows back. */
static vae_tensor output_gradient(const backward_pass *pass, const vae_op *forward)
{
    return pass->gradients[forward->outputs[0]];
}

static vae_op make_backward(vae_op_kind kind, const vae_op *forward, vae_tensor d_y)
{
    char name[VAE_NAME_SIZE];
    snprintf(name, sizeof name, "d_%.60s", forward->name);
    vae_op op = vae_op_make(kind, name);
    op.attributes = forward->attributes;
    op.inputs[0] = d_y;
    return op;
}

/* Where the op that is appended next writes its share of a parameter's gradient: the arena, unless another share is
 * there already. */
static vae_status parameter_gradient(backward_pass *pass, vae_tensor tensor, vae_tensor *gradient)
{
    if (pass->gradients[tensor] != VAE_NO_TENSOR) return new_gradient(pass, tensor, gradient);
    const int32_t parameter = pass->program->tensors[tensor].parameter;
    VAE_TRY(vae_program_add_parameter(pass->program, VAE_TENSOR_GRADIENT, parameter, gradient));
    pass->writers[tensor] = pass->program->op_count;
    give_share(pass, tensor, *gradient);
    return VAE_OK;
}

/* Likelihoods write their gradient in the forward pass: the weight of their rows in the loss is known when the program
 * is built. */
static vae_status backward_likelihood(backward_pass *pass, int32_t index)
{
    const vae_op op = pass->program->ops[index];
    const vae_loss_term *term = find_term(pass, op.outputs[0]);
    if (!term || !pass->needed[op.inputs[0]]) return VAE_OK;
    vae_tensor gradient;
    VAE_TRY(new_gradient(pass, op.inputs[0], &gradient));
    vae_op *forward = &pass->program->ops[index];
    forward->outputs[1] = gradient;
    forward->attributes.likelihood.weight = term->weight;
    return VAE_OK;
}

/* Layers: dense and the convolutions. */
static vae_status backward_layer(backward_pass *pass, int32_t index, vae_op_kind kind)
{
    vae_program *program = pass->program;
    const vae_op forward = program->ops[index];
    const vae_tensor d_y = output_gradient(pass, &forward);
    if (d_y == VAE_NO_TENSOR) return VAE_OK;
    vae_op op = make_backward(kind, &forward, d_y);
    /* y is kept alive only for the activations whose derivative is taken from it. */
    const bool from_y = forward.outputs[1] == VAE_NO_TENSOR && vae_op_activation(&forward) != VAE_ACTIVATION_IDENTITY;
    op.inputs[1] = from_y ? forward.outputs[0] : VAE_NO_TENSOR;
    op.inputs[2] = forward.inputs[0];
    op.inputs[3] = forward.inputs[1];
    op.inputs[4] = forward.outputs[1];
    for (int i = 0; i < 2; ++i)
        VAE_TRY(parameter_gradient(pass, forward.inputs[1 + i], &op.outputs[i]));
    if (pass->needed[forward.inputs[0]]) VAE_TRY(new_gradient(pass, forward.inputs[0], &op.outputs[2]));
    return vae_program_append(program, &op);
}

static vae_status backward_dense(backward_pass *pass, int32_t index)
{
    return backward_layer(pass, index, VAE_OP_DENSE_BACKWARD);
}

static vae_status backward_conv2d(backward_pass *pass, int32_t index)
{
    return backward_layer(pass, index, VAE_OP_CONV2D_BACKWARD);
}

static vae_status backward_conv_transpose2d(backward_pass *pass, int32_t index)
{
    return backward_layer(pass, index, VAE_OP_CONV_TRANSPOSE2D_BACKWARD);
}

/* d_x takes the place of d_y. */
static vae_status backward_norm(backward_pass *pass, int32_t index, vae_op_kind kind)
{
    vae_program *program = pass->program;
    const vae_op forward = program->ops[index];
    const vae_tensor d_y = output_gradient(pass, &forward);
    if (d_y == VAE_NO_TENSOR) return VAE_OK;
    if (forward.outputs[1] == VAE_NO_TENSOR) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' was not built for training", forward.name,
                             vae_op_kind_name(forward.kind));
    }
    vae_op op = make_backward(kind, &forward, d_y);
    for (int i = 0; i < 3; ++i)
        op.inputs[1 + i] = forward.inputs[i];
    op.inputs[4] = forward.outputs[1];
    op.inputs[5] = forward.outputs[2];
    if (pass->needed[forward.inputs[0]]) {
        op.outputs[0] = d_y;
        give_share(pass, forward.inputs[0], d_y);
    }
    VAE_TRY(parameter_gradient(pass, forward.inputs[1], &op.outputs[1]));
    VAE_TRY(parameter_gradient(pass, forward.inputs[2], &op.outputs[2]));
    return vae_program_append(program, &op);
}

static vae_status backward_batch_norm(backward_pass *pass, int32_t index)
{
    return backward_norm(pass, index, VAE_OP_BATCH_NORM_BACKWARD);
}

static vae_status backward_layer_norm(backward_pass *pass, int32_t index)
{
    return backward_norm(pass, index, VAE_OP_LAYER_NORM_BACKWARD);
}

static vae_status backward_activate(backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_tensor d_y = output_gradient(pass, &forward);
    if (d_y == VAE_NO_TENSOR || !pass->needed[forward.inputs[0]]) return VAE_OK;
    give_share(pass, forward.inputs[0], d_y);
    const vae_activation activation = forward.attributes.activate.activation;
    if (activation == VAE_ACTIVATION_IDENTITY) return VAE_OK;
    vae_op op = make_backward(VAE_OP_ACTIVATE_BACKWARD, &forward, d_y);
    op.inputs[1] = vae_activation_needs_input(activation) ? forward.inputs[0] : forward.outputs[0];
    op.outputs[0] = d_y;
    return vae_program_append(pass->program, &op);
}

/* The elements that were dropped drop their gradient: the forward op once more, on d_y. */
static vae_status backward_dropout(backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_tensor d_y = output_gradient(pass, &forward);
    if (d_y == VAE_NO_TENSOR || !pass->needed[forward.inputs[0]]) return VAE_OK;
    vae_op op = make_backward(VAE_OP_DROPOUT, &forward, d_y);
    op.outputs[0] = d_y;
    give_share(pass, forward.inputs[0], d_y);
    return vae_program_append(pass->program, &op);
}

static vae_status backward_upsample(backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_tensor d_y = output_gradient(pass, &forward);
    if (d_y == VAE_NO_TENSOR || !pass->needed[forward.inputs[0]]) return VAE_OK;
    vae_op op = make_backward(VAE_OP_UPSAMPLE_BACKWARD, &forward, d_y);
    VAE_TRY(new_gradient(pass, forward.inputs[0], &op.outputs[0]));
    return vae_program_append(pass->program, &op);
}

/* One summand takes d_y itself, the other a copy. */
static vae_status backward_add(backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_tensor d_y = output_gradient(pass, &forward);
    if (d_y == VAE_NO_TENSOR) return VAE_OK;
    const bool both = pass->needed[forward.inputs[0]] && pass->needed[forward.inputs[1]];
    if (both) {
        vae_op op = make_backward(VAE_OP_ACTIVATE, &forward, d_y);
        op.attributes.activate.activation = VAE_ACTIVATION_IDENTITY;
        VAE_TRY(new_gradient(pass, forward.inputs[1], &op.outputs[0]));
        VAE_TRY(vae_program_append(pass->program, &op));
        give_share(pass, forward.inputs[0], d_y);
    } else if (pass->needed[forward.outputs[0]]) {
        give_share(pass, forward.inputs[pass->needed[forward.inputs[0]] ? 0 : 1], d_y);
    }
    return VAE_OK;
}

static vae_status backward_gaussian_sample_kl(backward_pass *pass, int32_t index)
{
    vae_program *program = pass->program;
    const vae_op forward = program->ops[index];
    const vae_tensor d_z = output_gradient(pass, &forward);
    const vae_loss_term *term = forward.outputs[1] == VAE_NO_TENSOR ? NULL : find_term(pass, forward.outputs[1]);
    if ((d_z == VAE_NO_TENSOR && !term) || !pass->needed[forward.inputs[0]]) return VAE_OK;
    vae_op op = make_backward(VAE_OP_GAUSSIAN_SAMPLE_KL_BACKWARD, &forward, VAE_NO_TENSOR);
    op.attributes.gaussian_sample_kl.kl_weight = term ? term->weight : (vae_weight){0.0, VAE_SCALAR_ONE};
    op.inputs[0] = forward.inputs[0];
    op.inputs[1] = d_z;
    VAE_TRY(new_gradient(pass, forward.inputs[0], &op.outputs[0]));
    return vae_program_append(program, &op);
}

typedef vae_status (*backward_function)(backward_pass *pass, int32_t index);

/* NULL: nothing flows back through it. */
static const backward_function backward_functions[VAE_OP_COUNT] = {
    [VAE_OP_DENSE] = backward_dense,
    [VAE_OP_CONV2D] = backward_conv2d,
    [VAE_OP_CONV_TRANSPOSE2D] = backward_conv_transpose2d,
    [VAE_OP_GAUSSIAN_SAMPLE_KL] = backward_gaussian_sample_kl,
    [VAE_OP_LIKELIHOOD] = backward_likelihood,
    [VAE_OP_ACTIVATE] = backward_activate,
    [VAE_OP_BATCH_NORM] = backward_batch_norm,
    [VAE_OP_LAYER_NORM] = backward_layer_norm,
    [VAE_OP_DROPOUT] = backward_dropout,
    [VAE_OP_UPSAMPLE] = backward_upsample,
    [VAE_OP_ADD] = backward_add,
};

/* Which tensors depend on a parameter: their gradients are wanted. */
static void mark_needed(backward_pass *pass, int32_t op_count)
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

vae_status vae_program_differentiate(vae_program *program, const vae_loss_term *terms, int32_t term_count)
{
    const size_t count = (size_t)program->tensor_count;
    backward_pass pass = {.program = program, .terms = terms, .term_count = term_count};
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
        const backward_function backward = backward_functions[program->ops[i].kind];
        if (!backward) continue;
        VAE_TRY_GOTO(status, cleanup, backward(&pass, i));
        VAE_TRY_GOTO(status, cleanup, take_shares(&pass));
    }
cleanup:
    free(pass.gradients);
    free(pass.needed);
    free(pass.writers);
    return status;
}
