/* Encoder and decoder as lists of layers whose shapes are known: what the configuration writes, with every default
 * filled in and the decoder mirrored. Shapes are those of one row: [1, n], or [1, height, width, channels]. */
#ifndef VAE_MODEL_NETWORK_H
#define VAE_MODEL_NETWORK_H

#include "config/config.h"
#include "model/input.h"
#include "program/program.h"

typedef struct vae_network_layer {
    char name[VAE_NAME_SIZE]; /* "encoder.0" */
    vae_layer_kind kind;
    vae_norm norm;
    vae_activation activation;
    vae_window window; /* conv, deconv, residual on images */
    int64_t factor;    /* upsample */
    double rate;       /* dropout */
    uint32_t noise;    /* dropout: which of the model's */
    vae_shape input, output;
} vae_network_layer;

typedef struct vae_network {
    /* As many as a configuration can list, and those that mirroring adds. */
    vae_network_layer layers[VAE_MAX_LAYERS + 4];
    int32_t count;
} vae_network;

/* Hidden layers, and `posterior`, a dense layer to `width` numbers. VAE_ERROR_CONFIG where layers do not fit: the
 * message names the layer and both shapes. */
vae_status vae_network_encoder(const vae_config *config, const vae_input *input, int64_t width, vae_network *network);
/* From stochastic layer `from` of the latent code to the mean and log-variance of layer `to`, both counted from 0: the
 * `hidden` layers, <name>.<i>, and <name>.latent<to + 1>, a dense layer. */
vae_status vae_network_between(const vae_config *config, const vae_layer_list *hidden, const char *name, int32_t from,
                               int32_t to, vae_network *network);
/* From the latent code to `output`, with `width` numbers a pixel. Mirrored: a dense layer to the shape that the encoder
 * ends with, then each encoder layer undone in reverse, the first of them by `output`. Otherwise `output` is dense from
 * a vector, a 3×3 convolution from images of the data's size, or a transposed convolution from images smaller by a
 * whole factor. */
vae_status vae_network_decoder(const vae_config *config, const vae_input *input, int64_t width, vae_network *network);

/* Declares parameters: <layer>.{weight,bias}, <layer>.norm.{scale,shift}; a residual layer has <layer>.{first,second}.
 */
vae_status vae_network_declare(const vae_network *network, vae_layout *layout);
/* Statistics of batch norms, after all parameters of all networks. */
vae_status vae_network_declare_statistics(const vae_network *network, vae_layout *layout);

/* Appends the layers to a program. x may be of a higher rank than the first layer asks for, with as many columns. */
vae_status vae_network_build(const vae_network *network, vae_program *program, vae_tensor x, bool training,
                             vae_tensor *y);

#endif
