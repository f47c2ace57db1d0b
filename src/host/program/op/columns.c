/* slice, pad and concat: columns taken out of others, put among zeros, and side by side. Rows are slices, too. */
#include <inttypes.h>

#include "program/op.h"

/* ---- slice and pad ---- */

static vae_op make_slice(vae_op_kind kind, const char *name, vae_tensor x, int64_t width, int64_t begin, int64_t count)
{
    vae_op op = vae_op_make(kind, name);
    op.inputs[0] = x;
    op.attributes.slice.width = width;
    op.attributes.slice.begin = begin;
    op.attributes.slice.count = count;
    return op;
}

static vae_status check_slice(const vae_program *program, const vae_op *op, int64_t from)
{
    VAE_TRY(vae_program_require_matrix(program, op->name, "x", op->inputs[0]));
    const vae_shape *shape = vae_tensor_shape(program, op->inputs[0]);
    const int64_t width = op->attributes.slice.width, begin = op->attributes.slice.begin;
    const int64_t count = op->attributes.slice.count;
    const char *kind = vae_op_kind_name(op->kind);
    char text[96];
    vae_shape_format(shape, text, sizeof text);
    if (begin < 0 || count < 1 || width < count || begin > width - count) {
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: %s of %s: columns %" PRId64 " to %" PRId64 " lie outside runs of %" PRId64, op->name,
                             kind, text, begin, begin + count - 1, width);
    }
    if (vae_shape_columns(shape) % from != 0) {
        return vae_error_set(VAE_ERROR_SHAPE, "%s: %s of %s: its columns are not whole runs of %" PRId64, op->name,
                             kind, text, from);
    }
    return VAE_OK;
}

/* Of runs of `from` columns makes runs of `to`. */
static vae_status append_resized(vae_program *program, vae_op *op, int64_t from, int64_t to, vae_tensor *y)
{
    VAE_TRY(check_slice(program, op, from));
    const vae_shape shape = *vae_tensor_shape(program, op->inputs[0]);
    const vae_shape output = vae_shape_matrix(shape.size[0], vae_shape_columns(&shape) / from * to);
    VAE_TRY(vae_program_add_activation(program, op->name, output, &op->outputs[0]));
    *y = op->outputs[0];
    return vae_program_append(program, op);
}

vae_status vae_program_slice(vae_program *program, const char *name, vae_tensor x, int64_t width, int64_t begin,
                             int64_t count, vae_tensor *y)
{
    vae_op op = make_slice(VAE_OP_SLICE, name, x, width, begin, count);
    return append_resized(program, &op, width, count, y);
}

vae_status vae_program_pad(vae_program *program, const char *name, vae_tensor x, int64_t width, int64_t begin,
                           int64_t count, vae_tensor *y)
{
    vae_op op = make_slice(VAE_OP_PAD, name, x, width, begin, count);
    return append_resized(program, &op, count, width, y);
}

/* Rows begin … begin + count - 1 of `rows`, and the numbers of one: all numbers of a tensor are one run. */
static vae_status append_rows(vae_program *program, vae_op_kind kind, const char *name, vae_tensor x, int64_t rows,
                              int64_t begin, int64_t count, vae_tensor *y)
{
    vae_shape shape = *vae_tensor_shape(program, x);
    const int64_t columns = vae_shape_elements(&shape) / shape.size[0];
    if (begin < 0 || count < 1 || rows < count || begin > rows - count) {
        char text[96];
        return vae_error_set(VAE_ERROR_SHAPE, "%s: %s of %s: rows %" PRId64 " to %" PRId64 " lie outside %" PRId64,
                             name, vae_op_kind_name(kind), vae_shape_format(&shape, text, sizeof text), begin,
                             begin + count - 1, rows);
    }
    vae_op op = make_slice(kind, name, x, rows * columns, begin * columns, count * columns);
    shape.size[0] = kind == VAE_OP_SLICE ? count : rows;
    VAE_TRY(vae_program_add_activation(program, name, shape, &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

vae_status vae_program_slice_rows(vae_program *program, const char *name, vae_tensor x, int64_t begin, int64_t count,
                                  vae_tensor *y)
{
    return append_rows(program, VAE_OP_SLICE, name, x, vae_tensor_shape(program, x)->size[0], begin, count, y);
}

vae_status vae_program_pad_rows(vae_program *program, const char *name, vae_tensor x, int64_t rows, int64_t begin,
                                vae_tensor *y)
{
    return append_rows(program, VAE_OP_PAD, name, x, rows, begin, vae_tensor_shape(program, x)->size[0], y);
}

static vae_status backward(vae_backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const vae_tensor d_y = vae_backward_output_gradient(pass, &forward, 0);
    if (d_y == VAE_NO_TENSOR || !pass->needed[forward.inputs[0]]) return VAE_OK;
    const vae_op_kind inverse = forward.kind == VAE_OP_SLICE ? VAE_OP_PAD : VAE_OP_SLICE;
    vae_op op = vae_backward_make_op(inverse, &forward, d_y);
    VAE_TRY(vae_backward_new_gradient(pass, forward.inputs[0], &op.outputs[0]));
    return vae_program_append(pass->program, &op);
}

/* ---- concat ---- */

vae_status vae_program_concat(vae_program *program, const char *name, vae_tensor a, int64_t a_width, vae_tensor b,
                              int64_t b_width, vae_tensor *y)
{
    VAE_TRY(vae_program_require_matrix(program, name, "a", a));
    VAE_TRY(vae_program_require_matrix(program, name, "b", b));
    const vae_shape first = *vae_tensor_shape(program, a), second = *vae_tensor_shape(program, b);
    const int64_t a_columns = vae_shape_columns(&first), b_columns = vae_shape_columns(&second);
    const bool are_runs = a_width >= 1 && b_width >= 1 && a_columns % a_width == 0 && b_columns % b_width == 0 &&
                          a_columns / a_width == b_columns / b_width;
    if (!are_runs || first.size[0] != second.size[0]) {
        char left[96], right[96];
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: concat of %s in runs of %" PRId64 " columns and %s in runs of %" PRId64
                             ": both must have as many rows and as many runs",
                             name, vae_shape_format(&first, left, sizeof left), a_width,
                             vae_shape_format(&second, right, sizeof right), b_width);
    }
    vae_op op = vae_op_make(VAE_OP_CONCAT, name);
    op.inputs[0] = a;
    op.inputs[1] = b;
    op.attributes.concat.a_width = a_width;
    op.attributes.concat.b_width = b_width;
    VAE_TRY(vae_program_add_activation(program, name, vae_shape_matrix(first.size[0], a_columns + b_columns),
                                       &op.outputs[0]));
    *y = op.outputs[0];
    return vae_program_append(program, &op);
}

/* The gradient of the operand that has the columns begin … begin + count - 1 of each run of y. */
static vae_status slice_gradient(vae_backward_pass *pass, const vae_op *forward, int operand, int64_t begin,
                                 int64_t count)
{
    const vae_tensor x = forward->inputs[operand];
    if (!pass->needed[x]) return VAE_OK;
    const int64_t width = forward->attributes.concat.a_width + forward->attributes.concat.b_width;
    vae_op op = vae_backward_make_op(VAE_OP_SLICE, forward, vae_backward_output_gradient(pass, forward, 0));
    op.attributes = make_slice(op.kind, op.name, x, width, begin, count).attributes;
    VAE_TRY(vae_backward_new_gradient(pass, x, &op.outputs[0]));
    return vae_program_append(pass->program, &op);
}

static vae_status backward_concat(vae_backward_pass *pass, int32_t index)
{
    const vae_op forward = pass->program->ops[index];
    const int64_t a_width = forward.attributes.concat.a_width, b_width = forward.attributes.concat.b_width;
    if (vae_backward_output_gradient(pass, &forward, 0) == VAE_NO_TENSOR) return VAE_OK;
    VAE_TRY(slice_gradient(pass, &forward, 0, 0, a_width));
    return slice_gradient(pass, &forward, 1, a_width, b_width);
}

/* ---- Rows of the table ---- */

/* A slice reads only what it gives. */
static vae_cost cost_slice(const vae_program *program, const vae_op *op)
{
    const double bytes = 4 * vae_op_elements(program, op->outputs[0]);
    return (vae_cost){.bytes_read = bytes, .bytes_written = bytes};
}

static const vae_field slice_fields[] = {VAE_FIELD(INTEGER, width, slice.width),
                                         VAE_FIELD(INTEGER, begin, slice.begin),
                                         VAE_FIELD(INTEGER, count, slice.count),
                                         {0}};
static const vae_field concat_fields[] = {
    VAE_FIELD(INTEGER, a_width, concat.a_width), VAE_FIELD(INTEGER, b_width, concat.b_width), {0}};

const vae_op_info vae_op_info_slice = {.backward = backward, .cost = cost_slice, .fields = slice_fields};
const vae_op_info vae_op_info_pad = {.backward = backward, .cost = vae_op_traffic, .fields = slice_fields};
const vae_op_info vae_op_info_concat = {.backward = backward_concat, .cost = vae_op_traffic, .fields = concat_fields};
