/* dropout: elements that are left out of a training step. */
#include "core/random.h"
#include "program/op.h"

vae_status vae_program_dropout(vae_program *program, const char *name, vae_tensor x, double rate, uint32_t layer,
                               vae_tensor *y)
{
    if (!(rate >= 0.0 && rate < 1.0)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: dropout rate is %g, but must be at least 0 and below 1", name,
                             rate);
    }
    if (layer >= VAE_DROPOUT_LAYERS) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: a network has at most %d dropout layers", name,
                             VAE_DROPOUT_LAYERS);
    }
    vae_op op = vae_op_make(VAE_OP_DROPOUT, name);
    op.inputs[0] = x;
    op.attributes.dropout.rate = rate;
    VAE_TRY(vae_program_noise_site(program, name, VAE_STREAM_DROPOUT + layer, &op.attributes.dropout.stream));
    VAE_TRY(vae_program_add_activation(program, name, *vae_tensor_shape(program, x), &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

/* The elements that were dropped drop their gradient: the forward op once more, on d_y. */
static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0);
    if (d_y == VAE_NO_TENSOR || !pass->needed[forward.inputs[0]]) return VAE_OK;
    vae_op op = vae_backward_make_op(VAE_OP_DROPOUT, &forward, d_y);
    op.outputs[0] = d_y;
    vae_backward_give_share(pass, forward.inputs[0], d_y);
    return vae_program_append(pass->program, &op);
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 4, op->outputs[0]);
}

static const vae_field fields[] = {VAE_FIELD(REAL, rate, dropout.rate), {0}};

const vae_op_info vae_op_info_dropout = {
    .flags = VAE_OP_READS_STEP, .backward = backward, .cost = cost, .fields = fields};
