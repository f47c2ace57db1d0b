/* What the two files of lstm's cell share: with layer norms, of which each takes all units of a row, it goes row by
 * row, else forward by blocks of units. */
#ifndef VAE_BACKEND_CPU_ISA_LSTM_H
#define VAE_BACKEND_CPU_ISA_LSTM_H

#include "backend/cpu/isa/recurrent.h"

/* The cell of a row from its gates' sums, which become activated; state_c, c_(t-1), becomes c. */
void VAE_ISA_NAME(vae_cpu_lstm_cell_row)(float forget_bias, int64_t hidden, const float *mask, float *gates,
                                         float *state_c, float *c);

/* A row on its way back. */
typedef struct vae_lstm_row_back {
    const float *c, *c_before, *d_h, *d_y; /* d_h from later steps; d_y by this step's h */
    const float *mask;
    const float *d_cell; /* with layer norms: what comes through h */
    float *gates;        /* activated; i, f and g become gradients by their sums */
    float *d_c;          /* becomes that by c_(t-1) */
} vae_lstm_row_back;

void VAE_ISA_NAME(vae_cpu_lstm_cell_row_back)(const vae_lstm_row_back *row, int64_t hidden);

/* ---- isa/lstm_norm.c ---- */

/* Takes active rows whose gates are sums through a step: normalised, activated, c and h. */
void VAE_ISA_NAME(vae_cpu_lstm_norm_step)(const vae_recurrent_share *share);
void VAE_ISA_NAME(vae_cpu_lstm_norm_begin_back)(const vae_recurrent_share *share);
void VAE_ISA_NAME(vae_cpu_lstm_norm_back)(const vae_recurrent_share *share, int64_t row, const vae_lstm_row_back *back);

#endif
