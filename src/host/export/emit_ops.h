/* Emitters of ops, by the names of their kinds; the table is in emit_ops.c. Each appends the nodes of one op and
 * defines the value of its output. */
#ifndef VAE_EXPORT_EMIT_OPS_H
#define VAE_EXPORT_EMIT_OPS_H

#include "export/emit.h"

vae_status vae_emit_conv2d(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_conv_transpose2d(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_batch_norm(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_layer_norm(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_upsample(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_add(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_slice(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_pad(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_concat(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_matmul(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_permute_columns(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_elementwise(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_sum_rows(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_log_sum_exp(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_gather_rows(vae_emitter *emitter, const vae_op *op);
/* Whether a slice takes whole rows, and the nodes of one that does. */
bool vae_emit_slices_rows(const vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_slice_rows(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_lstm(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_gru(vae_emitter *emitter, const vae_op *op);
vae_status vae_emit_likelihood_mean(vae_emitter *emitter, const vae_op *op);

#endif
