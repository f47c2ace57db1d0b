/* What the parts of program/ share among themselves. */
#ifndef VAE_PROGRAM_INTERNAL_H
#define VAE_PROGRAM_INTERNAL_H

#include "program/program.h"

/* Appends a tensor; gives VAE_NO_TENSOR on failure with the message set. */
vae_status vae_program_add_activation(vae_program *program, const char *name, vae_shape shape, vae_tensor *tensor);
/* The tensor for a parameter of the layout (or its gradient), made on first use. */
vae_status vae_program_add_parameter(vae_program *program, vae_tensor_kind kind, int32_t parameter, vae_tensor *tensor);
/* Appends `op`, whose operands exist already. */
vae_status vae_program_append(vae_program *program, const vae_op *op);
/* Declares a place where noise of `stream` is drawn: gives the stream that no other place of the program draws from.
 * VAE_ERROR_ARGUMENT where there are more than VAE_MAX_SITES. */
vae_status vae_program_noise_site(vae_program *program, const char *name, uint32_t stream, uint32_t *site);
/* An op of this kind with every operand absent. */
vae_op vae_op_make(vae_op_kind kind, const char *name);

/* The tensor of the layout's parameter "<layer>.<role>", whose shape must be `expected`; a size of -1 takes what is
 * there. */
vae_status vae_program_find_parameter(vae_program *program, const char *layer, const char *role, vae_shape expected,
                                      vae_tensor *tensor);
/* Appends a layer's op, whose inputs are set, with its output and, where the backward pass needs it, pre-activation. */
vae_status vae_program_append_layer(vae_program *program, vae_op *op, vae_shape output, vae_activation activation,
                                    bool training, vae_tensor *y);
/* Names longer than a tensor's field are cut, which only shortens what a message says. */
__attribute__((format(printf, 2, 3))) void vae_format_name(char name[VAE_NAME_SIZE], const char *format, ...);
/* An error unless `tensor` has rank 2 or more. */
vae_status vae_program_require_matrix(const vae_program *program, const char *op, const char *operand,
                                      vae_tensor tensor);
static inline const vae_shape *vae_tensor_shape(const vae_program *program, vae_tensor tensor)
{
    return &program->tensors[tensor].shape;
}

#endif
