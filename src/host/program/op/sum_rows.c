/* sum_rows: sums over groups of consecutive rows. */
#include <inttypes.h>

#include "program/op.h"

static vae_op make_sum_rows(const char *name, vae_tensor x, int64_t count)
{
    vae_op op = vae_op_make(VAE_OP_SUM_ROWS, name);
    op.inputs[0] = x;
    op.attributes.group.count = count;
    return op;
}

vae_status vae_program_sum_rows(vae_program *program, const char *name, vae_tensor x, int64_t count, vae_tensor *y)
{
    vae_shape shape = *vae_tensor_shape(program, x);
    if (count < 1 || shape.size[0] % count != 0) {
        char text[96];
        return vae_error_set(VAE_ERROR_SHAPE, "%s: the rows of %s cannot be summed in groups of %" PRId64, name,
                             vae_shape_format(&shape, text, sizeof text), count);
    }
    vae_op op = make_sum_rows(name, x, count);
    shape.size[0] /= count;
    VAE_TRY(vae_program_add_activation(program, name, shape, &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

vae_status vae_program_append_sum_rows(vae_program *program, const char *name, vae_tensor x, int64_t count,
                                       vae_tensor y)
{
    vae_op op = make_sum_rows(name, x, count);
    op.outputs[0] = y;
    return vae_program_append(program, &op);
}

static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0), x = forward.inputs[0];
    if (d_y == VAE_NO_TENSOR || !pass->needed[x]) return VAE_OK;
    char name[VAE_NAME_SIZE];
    vae_format_name(name, "d_%.60s", pass->program->tensors[x].name);
    vae_tensor d_x;
    VAE_TRY(vae_program_broadcast(pass->program, name, d_y, *vae_tensor_shape(pass->program, x), &d_x));
    vae_backward_give_share(pass, x, d_x);
    return VAE_OK;
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 1, op->inputs[0]);
}

static const vae_field fields[] = {VAE_FIELD(INTEGER, count, group.count), {0}};

static vae_grid grid(const vae_program *program, const vae_op *op)
{
    const int64_t columns = vae_shape_columns(vae_tensor_shape(program, op->inputs[0]));
    const int64_t groups = program->tensors[op->outputs[0]].elements / columns;
    return vae_grid_of_groups(groups, op->attributes.group.count, columns);
}

const vae_op_info vae_op_info_sum_rows = {.backward = backward, .cost = cost, .fields = fields, .grid = grid};
