/* What lstm and gru share as ops. Operands by position: program/recurrent.h. */
#ifndef VAE_PROGRAM_OP_RECURRENT_H
#define VAE_PROGRAM_OP_RECURRENT_H

#include "program/op.h"

/* An op of `kind` with the operands that both cells have, checked; `gates` is how many each unit has. */
vae_status vae_recurrent_make(vae_program *program, vae_op_kind kind, const char *name, const vae_recurrent_inputs *in,
                              vae_recurrent options, int64_t gates, vae_op *op);
/* Takes `tensor`, unless it is VAE_NO_TENSOR, as the input at `position`, which must have this shape; `operand` is what
 * a message calls it. */
vae_status vae_recurrent_take(const vae_program *program, vae_op *op, int position, const char *operand,
                              vae_tensor tensor, vae_shape expected);
/* An error unless `tensor` is VAE_NO_TENSOR: the cell has no such operand. */
vae_status vae_recurrent_refuse(const vae_op *op, const char *operand, vae_tensor tensor);
/* The output at `position`, of a new tensor "<name>.<role>". */
vae_status vae_recurrent_add_output(vae_program *program, vae_op *op, int position, const char *role, vae_shape shape);
/* The outputs h, last_h and activated. */
vae_status vae_recurrent_add_outputs(vae_program *program, vae_op *op);
/* H, and the sequences of a batch. */
int64_t vae_recurrent_hidden(const vae_program *program, const vae_op *op);
int64_t vae_recurrent_rows(const vae_program *program, const vae_op *op);

/* The backward op, of `kind`, with the operands that both cells have. *wanted is false where no gradient comes in: then
 * there is nothing to do. */
vae_status vae_recurrent_make_backward(vae_backward_pass *pass, const vae_op *forward, vae_op_kind kind, vae_op *op,
                                       bool *wanted);
/* The output at `to` is the gradient of the forward op's input at `from`, where that is there and its gradient wanted.
 */
vae_status vae_recurrent_give_gradient(vae_backward_pass *pass, const vae_op *forward, int from, vae_op *op, int to);

/* `products`: how many times each weight is multiplied at each step of each sequence. */
vae_cost vae_recurrent_cost(const vae_program *program, const vae_op *op, double products);
extern const vae_field vae_recurrent_fields[];

#endif
