/* What an op `elementwise` computes: a short list of instructions, of which each applies one function of
 * program/function.h, element by element. A builder appends lists of one; program/fuse.c joins neighbours.
 *
 * The list runs over a domain [rows, columns]. Every operand is a matrix too, a vector [n] being [n, 1], and is
 * broadcast: one with fewer rows stands for groups of consecutive rows, of which each has one of it; one with a single
 * column, for all columns. So element (r, c) reads operand [r', c'] at (r / (rows / r'), c' == 1 ? 0 : c).
 *
 * Plain C that kernels of all backends include. */
#ifndef VAE_PROGRAM_ELEMENTWISE_H
#define VAE_PROGRAM_ELEMENTWISE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/host_device.h"

/* A weight of a term in the loss, or a constant of a list: factor × scalar, where a scalar may change from step to step
 * and is read from vae_step when the op runs. */
typedef enum vae_scalar {
    VAE_SCALAR_ONE,
    VAE_SCALAR_BETA,
    VAE_SCALAR_SHARE, /* rows of the program / rows of the step: vae_step.share */
    VAE_SCALAR_BETA_SHARE
} vae_scalar;
typedef struct vae_weight {
    double factor;
    vae_scalar scalar;
} vae_weight;

/* Its value in a step. */
VAE_HOST_DEVICE static inline double vae_weight_in_step(vae_weight weight, double beta, double share)
{
    switch (weight.scalar) {
    case VAE_SCALAR_ONE: break;
    case VAE_SCALAR_BETA: return weight.factor * beta;
    case VAE_SCALAR_SHARE: return weight.factor * share;
    case VAE_SCALAR_BETA_SHARE: return weight.factor * (beta * share);
    }
    return weight.factor;
}

enum {
    VAE_LIST_INSTRUCTIONS = 16,
    VAE_LIST_CONSTANTS = 6,
    VAE_LIST_SLOTS = 6,    /* results that are kept beside the last one */
    VAE_LIST_OPERANDS = 4, /* a, b, y, d */
    VAE_LIST_INPUTS = 8,   /* of the operands that an op has room for: longer lists would outgrow kernel arguments */
    VAE_LIST_OUTPUTS = 4,
};

/* Where an instruction takes an operand from. */
typedef enum vae_operand_source {
    VAE_OPERAND_NONE,
    VAE_OPERAND_INPUT,    /* the op's input at `index` */
    VAE_OPERAND_RESULT,   /* the result of the instruction at `index` */
    VAE_OPERAND_CONSTANT, /* the list's constant at `index` */
} vae_operand_source;

typedef struct vae_list_operand {
    uint8_t source; /* vae_operand_source */
    uint8_t index;
} vae_list_operand;

/* Of a function: its value of a and b, or its gradient by one of them, of d and of what that names of a, b and y. */
typedef enum vae_function_part { VAE_PART_VALUE, VAE_PART_GRADIENT_A, VAE_PART_GRADIENT_B } vae_function_part;

typedef struct vae_instruction {
    uint8_t function;                             /* vae_function */
    uint8_t part;                                 /* vae_function_part */
    uint8_t slot;                                 /* where the result is kept until its last reader has run */
    vae_list_operand operands[VAE_LIST_OPERANDS]; /* a, b, y, d; NONE where not read */
    int32_t tensor; /* which tensor of the program the result is, or was before it fused */
} vae_instruction;

/* How gradients pass an op: as the functions say, not at all, or times a weight for each row, of a tensor that may be
 * made after the op, as only the backward pass reads it. */
typedef enum vae_gradient_rule { VAE_GRADIENT_FLOWS, VAE_GRADIENT_STOPS, VAE_GRADIENT_SCALED } vae_gradient_rule;

typedef struct vae_list_output {
    uint8_t instruction; /* whose result it is */
    bool summed;         /* over the columns: [rows] */
} vae_list_output;

typedef struct vae_elementwise {
    int64_t rows, columns; /* the domain */
    uint8_t count;         /* of instructions */
    uint8_t constant_count, output_count, slot_count;
    uint8_t rule;           /* vae_gradient_rule */
    int32_t gradient_scale; /* SCALED: the tensor [rows'] of weights, or VAE_NO_TENSOR until it is bound */
    vae_instruction instructions[VAE_LIST_INSTRUCTIONS];
    vae_weight constants[VAE_LIST_CONSTANTS];
    vae_list_output outputs[VAE_LIST_OUTPUTS]; /* of the op's outputs, by position */
} vae_elementwise;

/* An operand of a list as a matrix that is broadcast. */
typedef struct vae_broadcast {
    int64_t row_divisor;   /* rows of the domain that read one row of it */
    int64_t row_stride;    /* elements from one of its rows to the next: its columns */
    int64_t column_stride; /* 0 or 1 */
} vae_broadcast;

#endif
