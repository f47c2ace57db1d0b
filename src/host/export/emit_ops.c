/* Emitters of ops: one function a kind, one row each in the table at the end. */
#include "export/emit_ops.h"

/* ---- Dense layers and element-wise ops ---- */

/* Gemm is x·weight + bias with weights [in, out], as they are here. */
static vae_status emit_dense(vae_emitter *emitter, const vae_op *op)
{
    const char *x, *weight, *bias, *y;
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], VAE_VIEW_ROWS, &x));
    VAE_TRY(vae_emit_parameter(emitter, op->inputs[1], &weight));
    VAE_TRY(vae_emit_parameter(emitter, op->inputs[2], &bias));
    const vae_node node = {.type = "Gemm", .name = op->name, .inputs = {x, weight, bias}};
    VAE_TRY(vae_graph_node(emitter->graph, &node, &y));
    VAE_TRY(vae_emit_function(emitter, op->name, (vae_function)op->attributes.dense.activation, y, NULL, &y));
    vae_emit_define(emitter, op->outputs[0], VAE_VIEW_ROWS, y);
    return VAE_OK;
}

static vae_status emit_activate(vae_emitter *emitter, const vae_op *op)
{
    const vae_view view = vae_emit_preferred_view(emitter, op->inputs[0]);
    const char *x, *y;
    VAE_TRY(vae_emit_use(emitter, op->inputs[0], view, &x));
    VAE_TRY(vae_emit_function(emitter, op->name, (vae_function)op->attributes.activate.activation, x, NULL, &y));
    vae_emit_define(emitter, op->outputs[0], view, y);
    return VAE_OK;
}

/* ---- The table ---- */

typedef vae_status emit_function(vae_emitter *emitter, const vae_op *op);

/* By vae_op_kind. Ops of training, and those that draw noise, have no row: they never stand in an encoder or decoder.
 */
static emit_function *const emitters[VAE_OP_COUNT] = {
    [VAE_OP_DENSE] = emit_dense,
    [VAE_OP_CONV2D] = vae_emit_conv2d,
    [VAE_OP_CONV_TRANSPOSE2D] = vae_emit_conv_transpose2d,
    [VAE_OP_ACTIVATE] = emit_activate,
    [VAE_OP_LIKELIHOOD_MEAN] = vae_emit_likelihood_mean,
    [VAE_OP_BATCH_NORM] = vae_emit_batch_norm,
    [VAE_OP_LAYER_NORM] = vae_emit_layer_norm,
    [VAE_OP_UPSAMPLE] = vae_emit_upsample,
    [VAE_OP_ADD] = vae_emit_add,
    [VAE_OP_SLICE] = vae_emit_slice,
    [VAE_OP_PAD] = vae_emit_pad,
    [VAE_OP_CONCAT] = vae_emit_concat,
    [VAE_OP_MATMUL] = vae_emit_matmul,
    [VAE_OP_GATHER_ROWS] = vae_emit_gather_rows,
    [VAE_OP_LSTM] = vae_emit_lstm,
    [VAE_OP_GRU] = vae_emit_gru,
    [VAE_OP_PERMUTE_COLUMNS] = vae_emit_permute_columns,
    [VAE_OP_ELEMENTWISE] = vae_emit_elementwise,
    [VAE_OP_SUM_ROWS] = vae_emit_sum_rows,
    [VAE_OP_LOG_SUM_EXP] = vae_emit_log_sum_exp,
};

vae_status vae_emit_program(vae_emitter *emitter)
{
    for (int32_t i = 0; i < emitter->program->op_count; ++i) {
        const vae_op *op = &emitter->program->ops[i];
        if (!emitters[op->kind]) {
            return vae_error_set(VAE_ERROR_ARGUMENT,
                                 "ONNX export: op '%s' of program '%s' is a %s, which has no emitter", op->name,
                                 emitter->program->name, vae_op_kind_name(op->kind));
        }
        VAE_TRY(emitters[op->kind](emitter, op));
    }
    return VAE_OK;
}
