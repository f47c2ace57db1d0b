/* A layer of a recurrent network: its parameters, and how it is put together from ops. */
#ifndef VAE_MODEL_RECURRENT_LAYER_H
#define VAE_MODEL_RECURRENT_LAYER_H

#include "config/recurrent_keys.h"
#include "program/program.h"

typedef struct vae_recurrent_layer {
    const char *name; /* "decoder" */
    vae_cell cell;
    int64_t input, units; /* input 0: a step reads nothing but the code */
    int64_t code;         /* width of what every step takes besides, the same at all steps of a sequence; 0: nothing */
    bool reverse;         /* from a sequence's last step to its first */
    double forget_bias, dropout; /* see vae_recurrent */
} vae_recurrent_layer;

/* Columns of a layer's state: units, or for LSTMs twice as many, h beside c. */
int64_t vae_recurrent_layer_state(const vae_recurrent_layer *layer);

/* Parameters: <name>.input.{weight [input, gates], bias}, without an input the bias alone, [1, gates], <name>.recurrent
 * [units, gates], <name>.code [code, gates]; of a GRU <name>.hidden_bias [units]; of layer_norm_lstm
 * <name>.norm.{scale,shift} [5, units]. gates is 4 or 3 units. Uniform in ±1/√units, as PyTorch has it; scales are 1
 * and shifts 0. */
vae_status vae_recurrent_layer_declare(const vae_recurrent_layer *layer, vae_layout *layout);

/* VAE_NO_TENSOR where absent. */
typedef struct vae_recurrent_layer_inputs {
    int64_t steps;
    int64_t samples;    /* sequences of the layer for each row of x: K of a decoder, which reads x once for K draws */
    vae_tensor x;       /* [steps·rows, input]; none without an input */
    vae_tensor code;    /* [rows·samples, code] */
    vae_tensor initial; /* [rows·samples, state] */
    vae_tensor lengths; /* [rows·samples] */
} vae_recurrent_layer_inputs;

typedef struct vae_recurrent_layer_outputs {
    vae_tensor h;      /* [steps·rows·samples, units] */
    vae_tensor last_h; /* [rows·samples, units] */
    vae_tensor state;  /* [rows·samples, state]: after each sequence's last step */
} vae_recurrent_layer_outputs;

/* `with_state`: give the state as one tensor. `training` drops out. */
vae_status vae_recurrent_layer_build(const vae_recurrent_layer *layer, vae_program *program,
                                     const vae_recurrent_layer_inputs *inputs, bool training, bool with_state,
                                     vae_recurrent_layer_outputs *outputs);

#endif
