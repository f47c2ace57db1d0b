/* An op in one place: each file in program/op/ holds the builders of one op or a few of a kind, their backward passes,
 * costs and attributes, and a row for each. This header is what those files see; who only reads programs needs
 * vae_op_info_of() and vae_op_cost() (program.h). */
#ifndef VAE_PROGRAM_OP_H
#define VAE_PROGRAM_OP_H

#include "program/grid.h"
#include "program/program.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The row of an op ---- */

typedef struct vae_backward_pass vae_backward_pass;

typedef enum vae_field_type {
    VAE_FIELD_NONE, /* ends a list */
    VAE_FIELD_FLAG,
    VAE_FIELD_INTEGER, /* int64_t */
    VAE_FIELD_REAL,    /* double */
    VAE_FIELD_ACTIVATION,
    VAE_FIELD_LIKELIHOOD,
    VAE_FIELD_FUNCTIONS, /* vae_elementwise: the functions of its instructions */
    VAE_FIELD_ORDER,     /* vae_column_order: where each column comes from */
} vae_field_type;

/* An attribute of an op, as listings and the report's page show it. */
typedef struct vae_field {
    vae_field_type type;
    const char *name; /* "kernel" */
    size_t offset;    /* in vae_attributes */
} vae_field;
#define VAE_FIELD(TYPE, name_, member)                                                                                 \
    {                                                                                                                  \
        VAE_FIELD_##TYPE, #name_, offsetof(vae_attributes, member)                                                     \
    }

/* What is to be known of a kind of op, as bits. */
typedef enum vae_op_flag {
    VAE_OP_LAYER = 1 << 0,      /* see vae_op_is_layer() */
    VAE_OP_TRANSPOSED = 1 << 1, /* its window moves on its output */
    /* Where nothing but a term of the loss reads its output 0, or 1, the op and its backward pass take the term's
     * weight along (vae_backward_find_term). */
    VAE_OP_ABSORBS_TERM_0 = 1 << 2,
    VAE_OP_ABSORBS_TERM_1 = 1 << 3,
    VAE_OP_READS_STEP = 1 << 4, /* its numbers change from step to step: noise, beta, a learning rate, rows of data */
    VAE_OP_READS_DATA = 1 << 5, /* its first output is rows of the data set */
    VAE_OP_TRAINS = 1 << 6,     /* it works on the arenas of a store made for training, and changes parameters */
} vae_op_flag;

typedef struct vae_op_info {
    int flags; /* of vae_op_flag */
    /* Appends what turns the gradients of the outputs of the op at `index` into those of its inputs. NULL: nothing
     * flows back through it. */
    vae_status (*backward)(vae_backward_pass *pass, int32_t index);
    int differentiable; /* further outputs, beside the first, whose gradients it takes: the sum of 1 << output */
    vae_cost (*cost)(const vae_program *program, const vae_op *op);
    const vae_field *fields; /* what its attributes are, up to VAE_FIELD_NONE; NULL: it has none */
    /* The grid of its own kernel on a GPU. NULL: a thread takes a vector of the first output's numbers. */
    vae_grid (*grid)(const vae_program *program, const vae_op *op);
    /* The outputs whose bf16 copies that kernel writes along where products read them: the sum of 1 << output. 0: the
     * first. */
    int shadowed;
} vae_op_info;

/* One for each row of VAE_OP_MAP, beside its builder. */
#define VAE_OP_ROW(NAME, name) extern const vae_op_info vae_op_info_##name;
VAE_OP_MAP(VAE_OP_ROW)
#undef VAE_OP_ROW
const vae_op_info *vae_op_info_of(vae_op_kind kind);
vae_grid vae_op_grid(const vae_program *program, const vae_op *op);
/* A block of threads for each row of a tensor; a thread for each vector of its numbers, that lie in rows as long as its
 * last dimension. */
vae_grid vae_op_grid_of_rows(const vae_program *program, vae_tensor tensor);
vae_grid vae_op_grid_of_channels(const vae_program *program, vae_tensor tensor);

/* ---- Building ---- */

static inline const vae_shape *vae_tensor_shape(const vae_program *program, vae_tensor tensor)
{
    return &program->tensors[tensor].shape;
}
/* An op of this kind with every operand absent. */
vae_op vae_op_make(vae_op_kind kind, const char *name);
/* Appends `op`, whose operands exist already. */
vae_status vae_program_append(vae_program *program, const vae_op *op);
vae_status vae_program_add_activation(vae_program *program, const char *name, vae_shape shape, vae_tensor *tensor);
/* The tensor for a parameter of the layout (or its gradient), made on first use. */
vae_status vae_program_add_parameter(vae_program *program, vae_tensor_kind kind, int32_t parameter, vae_tensor *tensor);
/* The tensor of the layout's parameter "<layer>.<role>", whose shape must be `expected`; a size of -1 takes what is
 * there. */
vae_status vae_program_find_parameter(vae_program *program, const char *layer, const char *role, vae_shape expected,
                                      vae_tensor *tensor);
/* Declares a place where noise of `stream` is drawn: gives the stream that no other place of the program draws from.
 * VAE_ERROR_ARGUMENT where there are more than VAE_MAX_SITES. */
vae_status vae_program_noise_site(vae_program *program, const char *name, uint32_t stream, uint32_t *site);
/* An error unless `tensor` has rank 2 or more. */
vae_status vae_program_require_matrix(const vae_program *program, const char *op, const char *operand,
                                      vae_tensor tensor);
/* Names longer than a tensor's field are cut, which only shortens what a message says. */
__attribute__((format(printf, 2, 3))) void vae_format_name(char name[VAE_NAME_SIZE], const char *format, ...);

/* Fills a tensor that is there with a constant. */
vae_status vae_program_append_fill(vae_program *program, vae_weight constant, vae_tensor y);
/* Copies x to a tensor of its shape that is there. */
vae_status vae_program_append_copy(vae_program *program, vae_tensor x, vae_tensor y);
/* Multiplies each row of x, in place, by a weight of its own. */
vae_status vae_program_append_scaled_rows(vae_program *program, vae_tensor x, vae_tensor weights);
/* The sum over groups of `count` consecutive rows of x into a tensor that is there: sum_rows. */
vae_status vae_program_append_sum_rows(vae_program *program, const char *name, vae_tensor x, int64_t count,
                                       vae_tensor y);

/* ---- Lists of instructions (program/list.c) ---- */

/* A vector [n] is [n, 1]; of more than two dimensions, all but the first are columns. */
void vae_shape_as_matrix(const vae_shape *shape, int64_t *rows, int64_t *columns);
/* Whether an operand can be broadcast to the domain, and whether it is of just that size. */
bool vae_elementwise_fits(const vae_elementwise *list, const vae_shape *operand);
bool vae_elementwise_is_whole(const vae_elementwise *list, const vae_shape *operand);
/* Whether the domain may be taken for one long row: nothing is summed, and every input is whole or a single number. */
bool vae_elementwise_is_flat(const vae_program *program, const vae_op *op);
/* How an operand that fits is read. */
vae_broadcast vae_elementwise_broadcast(const vae_elementwise *list, const vae_shape *operand);
/* The first `count` instructions of a list as an op whose one output is what the last of them makes, as it is named by
 * the instruction: how the search for NaN sees into a list that was fused. */
vae_op vae_elementwise_part(const vae_op *op, int count);
/* What its instructions would read and write if each were an op of its own, every operand once. */
vae_cost vae_elementwise_traffic_apart(const vae_program *program, const vae_op *op);
/* Gives each result a slot until its last reader; false where there are not enough. */
bool vae_elementwise_assign_slots(vae_elementwise *list);

/* ---- Costs ---- */

/* 0 for VAE_NO_TENSOR. */
double vae_op_elements(const vae_program *program, vae_tensor tensor);
/* Every operand once, in float32, and no arithmetic. */
vae_cost vae_op_traffic(const vae_program *program, const vae_op *op);
/* The same with `flops` operations for each element of `tensor`; a transcendental function counts as one. */
vae_cost vae_op_elementwise_cost(const vae_program *program, const vae_op *op, double flops, vae_tensor tensor);

/* ---- Differentiating (program/differentiate.c) ---- */

/* A share of a tensor's gradient, from one of its readers. */
typedef struct vae_gradient_share {
    vae_tensor tensor, gradient;
} vae_gradient_share;

struct vae_backward_pass {
    vae_program *program;
    const vae_loss_term *terms;
    int32_t term_count;
    int32_t *term_of;      /* by tensor: its term where the op that makes it absorbs it, else -1 */
    vae_tensor *gradients; /* by tensor: its gradient, or VAE_NO_TENSOR; has room for forward tensors only */
    int32_t *writers;      /* by parameter's tensor: the op that writes its gradient */
    int64_t first, end;    /* of the parameter arena: elements whose gradients are wanted */
    bool *needed;          /* by tensor: depends on such a parameter, so its gradient is wanted */
    vae_gradient_share shares[VAE_MAX_INPUTS]; /* that the op being differentiated gives */
    int32_t share_count;
};

/* The gradient of an output of the op that is differentiated, or VAE_NO_TENSOR: then nothing flows back from it. */
vae_tensor vae_backward_output_gradient(const vae_backward_pass *pass, const vae_op *forward, int output);
/* The term of the loss that `tensor`, an output with VAE_OP_ABSORBS_TERM, is and nothing else reads; else NULL. */
const vae_loss_term *vae_backward_find_term(const vae_backward_pass *pass, vae_tensor tensor);
/* An op with the attributes of `forward` that reads d_y first. */
vae_op vae_backward_make_op(vae_op_kind kind, const vae_op *forward, vae_tensor d_y);
/* `gradient` is what the op being differentiated adds to ∂loss/∂tensor. An op that changes a gradient in place has it
 * to itself: no two shares are one tensor, and that of the op's own output may be handed on as one share. */
void vae_backward_give_share(vae_backward_pass *pass, vae_tensor tensor, vae_tensor gradient);
/* A share that the op appended next writes: a new tensor, or for the first share of a parameter its place in the arena.
 */
vae_status vae_backward_new_gradient(vae_backward_pass *pass, vae_tensor tensor, vae_tensor *gradient);

#ifdef __cplusplus
}
#endif
#endif
