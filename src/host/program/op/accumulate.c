/* accumulate: rows of losses into the metrics. */
#include "program/op.h"

vae_status vae_program_accumulate(vae_program *program, vae_tensor rows, vae_metric target, double sign,
                                  int64_t counted)
{
    char name[VAE_NAME_SIZE];
    vae_format_name(name, "sum.%.50s", program->tensors[rows].name);
    vae_op op = vae_op_make(VAE_OP_ACCUMULATE, name);
    op.inputs[0] = rows;
    op.attributes.accumulate.target = target;
    op.attributes.accumulate.sign = sign;
    op.attributes.accumulate.counted = counted;
    return vae_program_append(program, &op);
}

static vae_cost cost(const vae_program *program, const vae_op *op)
{
    return vae_op_elementwise_cost(program, op, 1, op->inputs[0]);
}

static const vae_field fields[] = {VAE_FIELD(REAL, sign, accumulate.sign), {0}};

/* One block, so that the order is fixed. */
static vae_grid grid(const vae_program *program, const vae_op *op)
{
    (void)program, (void)op;
    return vae_grid_of_blocks(1);
}

const vae_op_info vae_op_info_accumulate = {.cost = cost, .fields = fields, .grid = grid};
