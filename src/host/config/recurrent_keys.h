/* The keys of recurrent networks, which families of sequences share. */
#ifndef VAE_CONFIG_RECURRENT_KEYS_H
#define VAE_CONFIG_RECURRENT_KEYS_H

#include "config/key_group.h"

typedef enum vae_cell { VAE_CELL_LSTM, VAE_CELL_GRU, VAE_CELL_LAYER_NORM_LSTM } vae_cell;

enum { VAE_MAX_DECODER_DEPTH = 4 };

typedef struct vae_recurrent_keys {
    vae_cell cell;
    int64_t encoder_units, decoder_units; /* of each direction */
    int64_t decoder_depth;                /* layers of the decoder */
    vae_switch bidirectional;             /* the encoder also reads from the end */
    double forget_bias;                   /* added to the forget gate of an LSTM; a GRU has none */
    /* Rates at which numbers are dropped in training: of what a cell adds to its state, of what it reads, of h. */
    double recurrent_dropout, input_dropout, output_dropout;
} vae_recurrent_keys;

const vae_recurrent_keys *vae_recurrent_keys_of(const vae_config *config);

#endif
