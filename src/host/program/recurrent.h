/* What the ops `lstm` and `gru` have in common: their attributes, where their operands are, and where their noise is
 * drawn. Each runs a whole sequence, as the steps of one op.
 *
 * Sequences are time-major: row t·rows + r of a matrix [steps·rows, columns] is step t of sequence r. H is the number
 * of hidden units.
 *
 * Plain C that kernels of all backends include. */
#ifndef VAE_PROGRAM_RECURRENT_H
#define VAE_PROGRAM_RECURRENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/host_device.h"

/* Added to the variance under a layer norm's root, as sketch-rnn has it (Ha & Eck 2017). */
#define VAE_RECURRENT_EPSILON 1e-3

typedef struct vae_recurrent {
    int64_t steps;      /* of the padded sequences */
    bool reverse;       /* reads from the last step of each sequence to its first */
    bool training;      /* keeps what the backward pass needs */
    double forget_bias; /* lstm: added to the forget gate's sum, as if it were part of its bias */
    double dropout;     /* lstm: rate of the units that an update of the cell leaves out; 0 ≤ rate < 1 */
    uint32_t stream;    /* where dropout is drawn: a site of a vae_stream */
} vae_recurrent;

enum { VAE_LSTM_GATES = 4, VAE_GRU_GATES = 3 };

/* Inputs by position. */
enum {
    VAE_RECURRENT_GATES,
    VAE_RECURRENT_WEIGHT,
    VAE_RECURRENT_PER_SEQUENCE, /* or VAE_NO_TENSOR, as all that follow */
    VAE_RECURRENT_INITIAL_H,
    VAE_LSTM_INITIAL_C,
    VAE_RECURRENT_LENGTHS,
    VAE_LSTM_NORM_SCALE,
    VAE_LSTM_NORM_SHIFT,
    VAE_GRU_HIDDEN_BIAS = VAE_LSTM_INITIAL_C,
};

/* Outputs by position. */
enum {
    VAE_RECURRENT_H,
    VAE_LSTM_C,
    VAE_RECURRENT_LAST_H,
    VAE_LSTM_LAST_C,
    VAE_LSTM_NORMALISED,        /* or VAE_NO_TENSOR */
    VAE_LSTM_INVERSE_DEVIATION, /* or VAE_NO_TENSOR */
    VAE_RECURRENT_ACTIVATED,    /* may be the input `gates` */
    VAE_GRU_PRODUCT = VAE_LSTM_C,
};

/* Inputs of the backward ops. */
enum {
    VAE_RECURRENT_BACKWARD_ACTIVATED, /* overwritten by d_gates */
    VAE_RECURRENT_BACKWARD_WEIGHT,
    VAE_RECURRENT_BACKWARD_H,
    VAE_LSTM_BACKWARD_C,
    VAE_RECURRENT_BACKWARD_D_H, /* or VAE_NO_TENSOR, as all that follow */
    VAE_RECURRENT_BACKWARD_D_LAST_H,
    VAE_LSTM_BACKWARD_D_LAST_C,
    VAE_RECURRENT_BACKWARD_INITIAL_H,
    VAE_LSTM_BACKWARD_INITIAL_C,
    VAE_RECURRENT_BACKWARD_LENGTHS,
    VAE_LSTM_BACKWARD_NORM_SCALE,
    VAE_LSTM_BACKWARD_NORM_SHIFT,
    VAE_LSTM_BACKWARD_NORMALISED,
    VAE_LSTM_BACKWARD_INVERSE_DEVIATION,
    VAE_GRU_BACKWARD_PRODUCT = VAE_LSTM_BACKWARD_C, /* there, and overwritten by its gradient */
};

/* Outputs of the backward ops; all but d_gates may be VAE_NO_TENSOR. */
enum {
    VAE_RECURRENT_BACKWARD_D_GATES, /* is the input `activated` */
    VAE_RECURRENT_BACKWARD_D_WEIGHT,
    VAE_RECURRENT_BACKWARD_D_PER_SEQUENCE,
    VAE_RECURRENT_BACKWARD_D_INITIAL_H,
    VAE_LSTM_BACKWARD_D_INITIAL_C,
    VAE_LSTM_BACKWARD_D_NORM_SCALE,
    VAE_LSTM_BACKWARD_D_NORM_SHIFT,
    VAE_GRU_BACKWARD_D_HIDDEN_BIAS = VAE_LSTM_BACKWARD_D_INITIAL_C,
};

/* Dropout of unit `unit` at step `step` of a sequence, `row` of the whole batch, is drawn at this element of the op's
 * stream, whatever the padding of the batch; units of one step fill whole blocks of four. */
VAE_HOST_DEVICE static inline uint64_t vae_recurrent_element(int64_t row, int64_t step, int64_t hidden, int64_t unit)
{
    return (((uint64_t)row << 20) + (uint64_t)step) * (uint64_t)((hidden + 3) / 4 * 4) + (uint64_t)unit;
}

/* What `lengths` holds for a sequence, as a number of steps. */
VAE_HOST_DEVICE static inline int64_t vae_recurrent_length(double length, int64_t steps)
{
    return length >= (double)steps ? steps : length >= 1 ? (int64_t)length : 0;
}

#endif
