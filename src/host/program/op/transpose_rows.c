/* transpose_rows: rows, which are groups of as many, with the place in the group before the group. It turns sequences
 * that are cut into segments into segments side by side, and back. */
#include <inttypes.h>

#include "program/op.h"

vae_status vae_program_transpose_rows(vae_program *program, const char *name, vae_tensor x, int64_t count,
                                      vae_tensor *y)
{
    const vae_shape shape = *vae_tensor_shape(program, x);
    if (count < 1 || shape.size[0] % count != 0) {
        char text[96];
        return vae_error_set(VAE_ERROR_SHAPE, "%s: the rows of %s are not groups of %" PRId64, name,
                             vae_shape_format(&shape, text, sizeof text), count);
    }
    vae_op op = vae_op_make(VAE_OP_TRANSPOSE_ROWS, name);
    op.inputs[0] = x;
    op.attributes.group.count = count;
    VAE_TRY(vae_program_add_activation(program, name, shape, &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0), x = forward.inputs[0];
    if (d_y == VAE_NO_TENSOR || !pass->needed[x]) return VAE_OK;
    vae_op op = vae_backward_make_op(VAE_OP_TRANSPOSE_ROWS, &forward, d_y);
    op.attributes.group.count = vae_tensor_shape(pass->program, x)->size[0] / forward.attributes.group.count;
    VAE_TRY(vae_backward_new_gradient(pass, x, &op.outputs[0]));
    return vae_program_append(pass->program, &op);
}

static vae_grid grid(const vae_program *program, const vae_op *op)
{
    return (vae_grid){.items = program->tensors[op->outputs[0]].elements, .per_block = VAE_BLOCK_THREADS};
}

static const vae_field fields[] = {VAE_FIELD(INTEGER, count, group.count), {0}};

const vae_op_info vae_op_info_transpose_rows = {
    .backward = backward, .cost = vae_op_traffic, .fields = fields, .grid = grid};
