/* add: the sum of two tensors of one shape. */
#include "program/op.h"

vae_status vae_program_add(vae_program *program, const char *name, vae_tensor a, vae_tensor b, vae_tensor *y)
{
    const vae_shape first = *vae_tensor_shape(program, a), second = *vae_tensor_shape(program, b);
    if (!vae_shape_equal(&first, &second)) {
        char left[96], right[96];
        return vae_error_set(VAE_ERROR_SHAPE, "%s: %s and %s cannot be added", name,
                             vae_shape_format(&first, left, sizeof left),
                             vae_shape_format(&second, right, sizeof right));
    }
    vae_op op = vae_op_make(VAE_OP_ADD, name);
    op.inputs[0] = a;
    op.inputs[1] = b;
    VAE_TRY(vae_program_add_activation(program, name, first, &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

/* One summand takes d_y itself, the other a copy. */
static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0);
    if (d_y == VAE_NO_TENSOR) return VAE_OK;
    const bool both = pass->needed[forward.inputs[0]] && pass->needed[forward.inputs[1]];
    if (both) {
        vae_op op = vae_backward_make_op(VAE_OP_ACTIVATE, &forward, d_y);
        op.attributes.activate.activation = VAE_ACTIVATION_IDENTITY;
        VAE_TRY(vae_backward_new_gradient(pass, forward.inputs[1], &op.outputs[0]));
        VAE_TRY(vae_program_append(pass->program, &op));
        vae_backward_give_share(pass, forward.inputs[0], d_y);
    } else if (pass->needed[forward.outputs[0]]) {
        vae_backward_give_share(pass, forward.inputs[pass->needed[forward.inputs[0]] ? 0 : 1], d_y);
    }
    return VAE_OK;
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 1, op->outputs[0]);
}

const vae_op_info vae_op_info_add = {.backward = backward, .cost = cost};
