/* gather: a batch of the data set, as numbers. */
#include "program/op.h"

vae_status vae_program_gather(vae_program *program, const char *name, vae_shape shape, const vae_gather *gather,
                              vae_tensor *x)
{
    char text[96];
    VAE_TRY(vae_program_add_activation(program, name, shape, x));
    VAE_TRY(vae_program_require_matrix(program, name, "output", *x));
    if (gather->flip && shape.rank != 4) {
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: flips need images [rows, height, width, channels], but the shape is %s", name,
                             vae_shape_format(&shape, text, sizeof text));
    }
    if (gather->floats && gather->binarise) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: only bytes can be binarised, not float32", name);
    }
    vae_op op = vae_op_make(VAE_OP_GATHER, name);
    op.outputs[0] = *x;
    op.attributes.gather = *gather;
    program->batch_rows = shape.size[0];
    return vae_program_append(program, &op);
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    vae_cost total = vae_op_traffic(program, op);
    const double numbers = vae_op_elements(program, op->outputs[0]);
    total.bytes_read += op->attributes.gather.floats ? sizeof(float) * numbers : numbers;
    total.flops = 2 * numbers;
    return total;
}

static const vae_field fields[] = {
    VAE_FIELD(FLAG, shuffle, gather.shuffle),
    VAE_FIELD(FLAG, floats, gather.floats),
    VAE_FIELD(FLAG, binarise, gather.binarise),
    VAE_FIELD(FLAG, flip, gather.flip),
    VAE_FIELD(REAL, scale, gather.scale),
    VAE_FIELD(REAL, shift, gather.shift),
    {0},
};

static vae_grid grid(const vae_program *program, const vae_op *op)
{
    const vae_shape *shape = vae_tensor_shape(program, op->outputs[0]);
    const vae_gather *gather = &op->attributes.gather;
    return vae_grid_of_gather(shape->size[0], vae_shape_columns(shape), gather->flip, gather->floats);
}

const vae_op_info vae_op_info_gather = {
    .flags = VAE_OP_READS_STEP | VAE_OP_READS_DATA, .cost = cost, .fields = fields, .grid = grid};
