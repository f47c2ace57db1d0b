/* What emitters of ops share: the values of a program's tensors in an ONNX graph, and weights. */
#ifndef VAE_EXPORT_EMIT_H
#define VAE_EXPORT_EMIT_H

#include "backend/backend.h"
#include "export/graph.h"
#include "program/program.h"

/* A tensor of the program may be wanted in three arrangements. Images lie in memory as NHWC, and as rows that is the
 * same order; ONNX's convolutions want NCHW. */
typedef enum vae_view {
    VAE_VIEW_ROWS, /* [batch, elements] */
    VAE_VIEW_NHWC, /* [batch, height, width, channels] */
    VAE_VIEW_NCHW, /* [batch, channels, height, width] */
    VAE_VIEW_COUNT
} vae_view;

/* Names of a tensor's values; NULL: not made so far. */
typedef struct vae_value {
    const char *views[VAE_VIEW_COUNT];
} vae_value;

typedef struct vae_emitter {
    vae_graph *graph;
    const vae_program *program;
    const void *parameters; /* the arena, of `dtype` */
    vae_dtype dtype;
    vae_value *values; /* [program->tensor_count] */
} vae_emitter;

/* The value of an activation in the arrangement that is wanted; converted once, where it was made in another. So what
 * stands between two convolutions is never transposed. */
vae_status vae_emit_use(vae_emitter *emitter, vae_tensor tensor, vae_view view, const char **name);
/* The arrangement in which the tensor is there already, NCHW first, as neighbours want it most. */
vae_view vae_emit_preferred_view(const vae_emitter *emitter, vae_tensor tensor);
/* Says that `name` is the tensor's value. */
void vae_emit_define(vae_emitter *emitter, vae_tensor tensor, vae_view view, const char *name);

/* Adds the parameter as an initializer of its own name and shape. */
vae_status vae_emit_parameter(vae_emitter *emitter, vae_tensor tensor, const char **name);
/* The same with its numbers in another order: element (i, j, …) of the array sizes[rank] is the parameter's element
 * i·strides[0] + j·strides[1] + …; a stride of 0 repeats it. */
vae_status vae_emit_permuted_parameter(vae_emitter *emitter, vae_tensor tensor, const int64_t *sizes,
                                       const int64_t *strides, int32_t rank, const char **name);
/* A matrix as rows, be it a parameter or not. */
vae_status vae_emit_use_matrix(vae_emitter *emitter, vae_tensor tensor, const char **name);
/* Adds one number, "<layer><suffix>". */
vae_status vae_emit_scalar(vae_emitter *emitter, const char *layer, const char *suffix, double value,
                           const char **name);

/* A node of one or two inputs (`b` NULL: one) and no attributes. */
vae_status vae_emit_simple(vae_emitter *emitter, const char *type, const char *layer, const char *a, const char *b,
                           const char **output);
/* Reshapes to [batch, sizes…]. */
vae_status vae_emit_reshape(vae_emitter *emitter, const char *layer, const char *x, const int64_t *sizes, int32_t rank,
                            const char **name);
/* y = function(a) or function(a, b); identity is a itself. */
vae_status vae_emit_function(vae_emitter *emitter, const char *layer, vae_function function, const char *a,
                             const char *b, const char **y);

/* Appends the nodes of every op of the program, in its order. VAE_ERROR_ARGUMENT, naming the op, for one that cannot be
 * exported. */
vae_status vae_emit_program(vae_emitter *emitter);

#endif
