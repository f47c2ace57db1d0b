/* matmul: the product of any two matrices, and what is made of it: layers whose weights are masked. */
#include <inttypes.h>

#include "program/op.h"

/* Rows and columns of an operand as the product takes it. */
static void factor_size(const vae_program *program, vae_tensor tensor, bool transposed, int64_t *rows, int64_t *columns)
{
    const vae_shape *shape = vae_tensor_shape(program, tensor);
    *(transposed ? columns : rows) = shape->size[0];
    *(transposed ? rows : columns) = vae_shape_columns(shape);
}

vae_status vae_program_matmul(vae_program *program, const char *name, vae_tensor a, bool a_transposed, vae_tensor b,
                              bool b_transposed, vae_tensor *y)
{
    VAE_TRY(vae_program_require_matrix(program, name, "a", a));
    VAE_TRY(vae_program_require_matrix(program, name, "b", b));
    int64_t rows, columns, a_inner, b_inner;
    factor_size(program, a, a_transposed, &rows, &a_inner);
    factor_size(program, b, b_transposed, &b_inner, &columns);
    if (a_inner != b_inner) {
        char left[96], right[96];
        return vae_error_set(
            VAE_ERROR_SHAPE, "%s: the product of %s%s and %s%s: rows of %" PRId64 " meet columns of %" PRId64, name,
            vae_shape_format(vae_tensor_shape(program, a), left, sizeof left), a_transposed ? " transposed" : "",
            vae_shape_format(vae_tensor_shape(program, b), right, sizeof right), b_transposed ? " transposed" : "",
            a_inner, b_inner);
    }
    vae_op op = vae_op_make(VAE_OP_MATMUL, name);
    op.inputs[0] = a;
    op.inputs[1] = b;
    op.attributes.matmul.a_transposed = a_transposed;
    op.attributes.matmul.b_transposed = b_transposed;
    VAE_TRY(vae_program_add_activation(program, name, vae_shape_matrix(rows, columns), &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

vae_status vae_program_masked_dense(vae_program *program, const char *name, vae_tensor x, vae_tensor weight,
                                    vae_tensor mask, vae_tensor bias, vae_tensor *y)
{
    char text[VAE_NAME_SIZE];
    vae_tensor masked, product;
    vae_format_name(text, "%.50s.masked", name);
    VAE_TRY(vae_program_apply(program, text, VAE_FUNCTION_MULTIPLY, weight, mask, &masked));
    vae_format_name(text, "%.50s.product", name);
    VAE_TRY(vae_program_matmul(program, text, x, false, masked, false, &product));
    return vae_program_apply(program, name, VAE_FUNCTION_ADD, product, bias, y);
}

/* A factor of the product that is a gradient. */
typedef struct factor {
    vae_tensor tensor;
    bool transposed;
} factor;

/* The gradient of `tensor` is the product of the two, or the transpose of that, where it was itself transposed. */
static vae_status append_gradient(vae_backward_pass *pass, const vae_op *forward, vae_tensor tensor, bool transposed,
                                  factor left, factor right)
{
    if (!pass->needed[tensor]) return VAE_OK;
    const factor first = transposed ? (factor){right.tensor, !right.transposed} : left;
    const factor second = transposed ? (factor){left.tensor, !left.transposed} : right;
    vae_op op = vae_backward_make_op(VAE_OP_MATMUL, forward, first.tensor);
    op.inputs[1] = second.tensor;
    op.attributes.matmul.a_transposed = first.transposed;
    op.attributes.matmul.b_transposed = second.transposed;
    VAE_TRY(vae_backward_new_gradient(pass, tensor, &op.outputs[0]));
    return vae_program_append(pass->program, &op);
}

/* Of y = A·B: d_A = d_y·Bᵀ and d_B = Aᵀ·d_y. */
static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0);
    if (d_y == VAE_NO_TENSOR) return VAE_OK;
    const vae_tensor a = forward.inputs[0], b = forward.inputs[1];
    const bool a_transposed = forward.attributes.matmul.a_transposed;
    const bool b_transposed = forward.attributes.matmul.b_transposed;
    VAE_TRY(append_gradient(pass, &forward, a, a_transposed, (factor){d_y, false}, (factor){b, !b_transposed}));
    return append_gradient(pass, &forward, b, b_transposed, (factor){a, !a_transposed}, (factor){d_y, false});
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    int64_t rows, inner;
    factor_size(program, op->inputs[0], op->attributes.matmul.a_transposed, &rows, &inner);
    return vae_op_elementwise_cost(program, op, 2 * (double)inner, op->outputs[0]);
}

static const vae_field fields[] = {
    VAE_FIELD(FLAG, a_transposed, matmul.a_transposed), VAE_FIELD(FLAG, b_transposed, matmul.b_transposed), {0}};

const vae_op_info vae_op_info_matmul = {.backward = backward, .cost = cost, .fields = fields};
