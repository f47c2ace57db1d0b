/* permute_columns: columns in another order, the same in every row, as flows take them between their layers. */
#include "program/op.h"

vae_status vae_program_permute_columns(vae_program *program, const char *name, vae_tensor x, int64_t seed, bool inverse,
                                       vae_tensor *y)
{
    VAE_TRY(vae_program_require_matrix(program, name, "x", x));
    const vae_shape shape = *vae_tensor_shape(program, x);
    vae_op op = vae_op_make(VAE_OP_PERMUTE_COLUMNS, name);
    op.inputs[0] = x;
    op.attributes.order.seed = seed;
    op.attributes.order.inverse = inverse;
    op.attributes.order.permutation = vae_permutation_make((uint64_t)seed, 0, (uint64_t)vae_shape_columns(&shape));
    VAE_TRY(vae_program_add_activation(program, name, shape, &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0), x = forward.inputs[0];
    if (d_y == VAE_NO_TENSOR || !pass->needed[x]) return VAE_OK;
    vae_op op = vae_backward_make_op(VAE_OP_PERMUTE_COLUMNS, &forward, d_y);
    op.attributes.order.inverse = !op.attributes.order.inverse;
    VAE_TRY(vae_backward_new_gradient(pass, x, &op.outputs[0]));
    return vae_program_append(pass->program, &op);
}

static vae_grid grid(const vae_program *program, const vae_op *op)
{
    const vae_shape *shape = vae_tensor_shape(program, op->outputs[0]);
    const int64_t columns = vae_shape_columns(shape), pieces = vae_ceiling(shape->size[0], VAE_PERMUTED_ROWS);
    return (vae_grid){.items = pieces * columns, .per_block = VAE_BLOCK_THREADS};
}

static const vae_field fields[] = {VAE_FIELD(ORDER, order, order), {0}};

const vae_op_info vae_op_info_permute_columns = {
    .backward = backward, .cost = vae_op_traffic, .fields = fields, .grid = grid};
