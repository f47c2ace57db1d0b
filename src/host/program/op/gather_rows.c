/* gather_rows: rows of a tensor by their numbers, as an embedding takes them. scatter_rows: their gradients back. */
#include "program/op.h"

vae_status vae_program_gather_rows(vae_program *program, const char *name, vae_tensor x, vae_tensor index,
                                   vae_tensor *y)
{
    VAE_TRY(vae_program_require_matrix(program, name, "x", x));
    const vae_shape *shape = vae_tensor_shape(program, x), *indices = vae_tensor_shape(program, index);
    if (indices->size[0] != vae_shape_elements(indices)) {
        char text[96];
        return vae_error_set(VAE_ERROR_SHAPE, "%s: the index has shape %s, but must be a vector", name,
                             vae_shape_format(indices, text, sizeof text));
    }
    vae_op op = vae_op_make(VAE_OP_GATHER_ROWS, name);
    op.inputs[0] = x;
    op.inputs[1] = index;
    VAE_TRY(vae_program_add_activation(program, name, vae_shape_matrix(indices->size[0], vae_shape_columns(shape)),
                                       &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

static vae_status backward(vae_backward_pass *pass, int32_t number)
{
    const vae_op forward = pass->program->ops[number];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0), x = forward.inputs[0];
    if (d_y == VAE_NO_TENSOR || !pass->needed[x]) return VAE_OK;
    vae_op op = vae_backward_make_op(VAE_OP_SCATTER_ROWS, &forward, d_y);
    op.inputs[1] = forward.inputs[1];
    VAE_TRY(vae_backward_new_gradient(pass, x, &op.outputs[0]));
    return vae_program_append(pass->program, &op);
}

/* Of x only the rows that are asked for are read. */
static vae_cost cost(const vae_program *program, const vae_op *op)
{
    const double bytes = 4 * vae_op_elements(program, op->outputs[0]);
    return (vae_cost){.bytes_read = bytes + 4 * vae_op_elements(program, op->inputs[1]), .bytes_written = bytes};
}

static vae_cost cost_scatter(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 1, op->inputs[0]);
}

/* A block takes a vector of a row for each of its threads. */
static vae_grid grid_scatter(const vae_program *program, const vae_op *op)
{
    const vae_shape *shape = vae_tensor_shape(program, op->outputs[0]);
    const int64_t columns = vae_shape_columns(shape);
    return vae_grid_of_blocks(shape->size[0] *
                              vae_ceiling(columns, VAE_SMALL_BLOCK_THREADS * vae_vector_width(columns)));
}

const vae_op_info vae_op_info_gather_rows = {.backward = backward, .cost = cost};
const vae_op_info vae_op_info_scatter_rows = {.cost = cost_scatter, .grid = grid_scatter};
