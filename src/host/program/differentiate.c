/* The backward pass: walks the forward ops in reverse and appends, for each, the op that turns the gradient of its
 * output into the gradients of its inputs. A new differentiable op adds one function and one row here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program/internal.h"

typedef struct backward_pass {
    vae_program *program;
    const vae_loss_term *terms;
    int32_t term_count;
    vae_tensor *gradients; /* by tensor: its gradient, or VAE_NO_TENSOR; has room for forward tensors only */
    bool *needed;          /* by tensor: depends on a parameter, so its gradient is wanted */
} backward_pass;

static const vae_loss_term *find_term(const backward_pass *pass, vae_tensor rows)
{
    for (int32_t i = 0; i < pass->term_count; ++i) {
        if (pass->terms[i].rows == rows) return &pass->terms[i];
    }
    return NULL;
}

/* The tensor that receives ∂loss/∂tensor. Summing the gradients of a tensor with several readers is not needed by any
 * model yet, so it is refused rather than computed wrongly. */
static vae_status new_gradient(backward_pass *pass, vae_tensor tensor, vae_tensor *gradient)
{
    vae_program *program = pass->program;
    if (pass->gradients[tensor] != VAE_NO_TENSOR) {
        return vae_error_set(VAE_ERROR_SHAPE, "tensor '%s' is read by two differentiable operations",
                             program->tensors[tensor].name);
    }
    char name[VAE_NAME_SIZE];
    snprintf(name, sizeof name, "d_%.60s", program->tensors[tensor].name);
    VAE_TRY(vae_program_add_activation(program, name, program->tensors[tensor].shape, gradient));
    pass->gradients[tensor] = *gradient;
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
static vae_status backward_layer(backward_pass *pass, vae_op_kind kind, int32_t index)
{
    vae_program *program = pass->program;
    const vae_op forward = program->ops[index];
    const vae_tensor d_y = pass->gradients[forward.outputs[0]];
    if (d_y == VAE_NO_TENSOR) return VAE_OK;
    char name[VAE_NAME_SIZE];
    snprintf(name, sizeof name, "d_%.60s", forward.name);
    vae_op op = vae_op_make(kind, name);
    op.attributes = forward.attributes;
    op.inputs[0] = d_y;
    /* y is kept alive only for the activations whose derivative is taken from it. */
    const bool from_y = forward.outputs[1] == VAE_NO_TENSOR && vae_op_activation(&forward) != VAE_ACTIVATION_IDENTITY;
    op.inputs[1] = from_y ? forward.outputs[0] : VAE_NO_TENSOR;
    op.inputs[2] = forward.inputs[0];
    op.inputs[3] = forward.inputs[1];
    op.inputs[4] = forward.outputs[1];
    for (int i = 0; i < 2; ++i) {
        const int32_t parameter = program->tensors[forward.inputs[1 + i]].parameter;
        VAE_TRY(vae_program_add_parameter(program, VAE_TENSOR_GRADIENT, parameter, &op.outputs[i]));
    }
    if (pass->needed[forward.inputs[0]]) VAE_TRY(new_gradient(pass, forward.inputs[0], &op.outputs[2]));
    return vae_program_append(program, &op);
}

static vae_status backward_dense(backward_pass *pass, int32_t index)
{
    return backward_layer(pass, VAE_OP_DENSE_BACKWARD, index);
}

static vae_status backward_conv2d(backward_pass *pass, int32_t index)
{
    return backward_layer(pass, VAE_OP_CONV2D_BACKWARD, index);
}

static vae_status backward_conv_transpose2d(backward_pass *pass, int32_t index)
{
    return backward_layer(pass, VAE_OP_CONV_TRANSPOSE2D_BACKWARD, index);
}

static vae_status backward_gaussian_sample_kl(backward_pass *pass, int32_t index)
{
    vae_program *program = pass->program;
    const vae_op forward = program->ops[index];
    const vae_tensor d_z = pass->gradients[forward.outputs[0]];
    const vae_loss_term *term = forward.outputs[1] == VAE_NO_TENSOR ? NULL : find_term(pass, forward.outputs[1]);
    if ((d_z == VAE_NO_TENSOR && !term) || !pass->needed[forward.inputs[0]]) return VAE_OK;
    char name[VAE_NAME_SIZE];
    snprintf(name, sizeof name, "d_%.60s", forward.name);
    vae_op op = vae_op_make(VAE_OP_GAUSSIAN_SAMPLE_KL_BACKWARD, name);
    op.attributes = forward.attributes;
    op.attributes.gaussian_sample_kl.kl_weight = term ? term->weight : (vae_weight){0.0, VAE_SCALAR_ONE};
    op.inputs[0] = forward.inputs[0];
    op.inputs[1] = d_z;
    VAE_TRY(new_gradient(pass, forward.inputs[0], &op.outputs[0]));
    return vae_program_append(program, &op);
}

static vae_status refuse(backward_pass *pass, int32_t index)
{
    const vae_op *op = &pass->program->ops[index];
    if (pass->gradients[op->outputs[0]] == VAE_NO_TENSOR) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' has no backward operation", op->name,
                         vae_op_kind_name(op->kind));
}

typedef vae_status (*backward_function)(backward_pass *pass, int32_t index);

/* NULL: nothing flows back through it. */
static const backward_function backward_functions[VAE_OP_COUNT] = {
    [VAE_OP_DENSE] = backward_dense,
    [VAE_OP_CONV2D] = backward_conv2d,
    [VAE_OP_CONV_TRANSPOSE2D] = backward_conv_transpose2d,
    [VAE_OP_GAUSSIAN_SAMPLE_KL] = backward_gaussian_sample_kl,
    [VAE_OP_LIKELIHOOD] = backward_likelihood,
    [VAE_OP_ACTIVATE] = refuse,
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
    vae_status status = VAE_OK;
    if (!pass.gradients || !pass.needed) {
        status = vae_error_set(VAE_ERROR_MEMORY, "backward pass of '%s': out of memory", program->name);
        goto cleanup;
    }
    for (size_t i = 0; i < count; ++i)
        pass.gradients[i] = VAE_NO_TENSOR;
    const int32_t forward_count = program->op_count;
    mark_needed(&pass, forward_count);
    for (int32_t i = forward_count - 1; i >= 0; --i) {
        const backward_function backward = backward_functions[program->ops[i].kind];
        if (backward) VAE_TRY_GOTO(status, cleanup, backward(&pass, i));
    }
cleanup:
    free(pass.gradients);
    free(pass.needed);
    return status;
}
