/* log_sum_exp: log Σ e^x over runs of elements, the largest taken out first. */
#include <inttypes.h>

#include "program/op.h"

vae_status vae_program_log_sum_exp(vae_program *program, const char *name, vae_tensor x, int64_t count, vae_tensor *y)
{
    const vae_shape shape = *vae_tensor_shape(program, x);
    const bool is_vector = shape.rank == 1 && count >= 1 && shape.size[0] % count == 0;
    if (!is_vector && !(shape.rank > 1 && vae_shape_columns(&shape) == count)) {
        char text[96];
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: log_sum_exp over runs of %" PRId64
                             " elements of %s: it takes all columns of a matrix, or equal parts of a vector",
                             name, count, vae_shape_format(&shape, text, sizeof text));
    }
    vae_op op = vae_op_make(VAE_OP_LOG_SUM_EXP, name);
    op.inputs[0] = x;
    op.attributes.group.count = count;
    VAE_TRY(vae_program_add_activation(program, name, vae_shape_vector(vae_shape_elements(&shape) / count),
                                       &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

/* d_x = d_y·e^(x - y) */
static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    vae_program *program = pass->program;
    const vae_op forward = program->ops[index];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0), x = forward.inputs[0];
    if (d_y == VAE_NO_TENSOR || !pass->needed[x]) return VAE_OK;
    char name[VAE_NAME_SIZE];
    vae_format_name(name, "d_%.60s", forward.name);
    vae_tensor share;
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_SUBTRACT, x, forward.outputs[0], &share));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_EXP, share, VAE_NO_TENSOR, &share));
    VAE_TRY(vae_program_apply(program, name, VAE_FUNCTION_MULTIPLY, share, d_y, &share));
    vae_backward_give_share(pass, x, share);
    return VAE_OK;
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 3, op->inputs[0]);
}

static const vae_field fields[] = {VAE_FIELD(INTEGER, count, group.count), {0}};

static vae_grid grid(const vae_program *program, const vae_op *op)
{
    return vae_grid_of_row_sums(program->tensors[op->outputs[0]].elements, op->attributes.group.count);
}

const vae_op_info vae_op_info_log_sum_exp = {.backward = backward, .cost = cost, .fields = fields, .grid = grid};
