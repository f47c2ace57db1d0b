/* Networks as the configuration writes them: "conv 32 k4 s2, conv 64 k4 s2 batch_norm, dense 256". */
#ifndef VAE_CONFIG_LAYERS_H
#define VAE_CONFIG_LAYERS_H

#include <stdint.h>
#include <stdio.h>

#include "core/error.h"

enum { VAE_MAX_LAYERS = 48 };

/* The layer's name in a configuration:
 *
 *   dense N             N numbers, or images: dense 7x7x64. N alone is dense too: "512, 256"
 *   conv C [k s p]      convolution to C channels: kernel (3), stride (1), padding
 *   deconv C [k s p o]  transposed convolution: kernel (4), stride (2), padding, output padding (o1x0: height x width)
 *   upsample F          every pixel becomes F×F
 *   residual [k]        x + f(x), f being two convolutions of x's own shape; two dense layers if x is not an image
 *   dropout R           numbers are zeroed at rate R in training
 *
 * Layers with weights take batch_norm or layer_norm, applied before the activation. */
#define VAE_LAYER_MAP(X)                                                                                               \
    X(DENSE, dense)                                                                                                    \
    X(CONV, conv)                                                                                                      \
    X(DECONV, deconv)                                                                                                  \
    X(UPSAMPLE, upsample)                                                                                              \
    X(RESIDUAL, residual)                                                                                              \
    X(DROPOUT, dropout)

typedef enum vae_layer_kind {
#define VAE_LAYER_ROW(NAME, name) VAE_LAYER_##NAME,
    VAE_LAYER_MAP(VAE_LAYER_ROW)
#undef VAE_LAYER_ROW
        VAE_LAYER_COUNT
} vae_layer_kind;

typedef enum vae_norm { VAE_NORM_NONE, VAE_NORM_BATCH, VAE_NORM_LAYER, VAE_NORM_COUNT } vae_norm;

typedef struct vae_layer {
    int32_t kind, norm;    /* vae_layer_kind, vae_norm */
    int64_t size;          /* numbers, channels or factor */
    int64_t height, width; /* dense: of images, else 0 */
    int64_t kernel, stride;
    int64_t padding;           /* -1: what keeps size / stride, ⌈(kernel - stride) / 2⌉ */
    int64_t output_padding[2]; /* height, width; -1: what makes a deconv's output size × stride */
    double rate;
} vae_layer;

typedef struct vae_layer_list {
    vae_layer layer[VAE_MAX_LAYERS];
    int32_t count; /* 0 is allowed: a linear encoder or decoder */
} vae_layer_list;

/* Reads a list, or "none". VAE_ERROR_CONFIG with a message that quotes the place and says what is allowed; *list is
 * then undefined. */
vae_status vae_layers_parse(const char *text, vae_layer_list *list);
/* Writes what vae_layers_parse reads back to the same list. */
void vae_layers_write(const vae_layer_list *list, FILE *stream);

#endif
