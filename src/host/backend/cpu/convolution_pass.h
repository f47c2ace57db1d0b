/* Convolutions between channels-last images, float32: what the loops of isa/ offer to the ops. */
#ifndef VAE_BACKEND_CPU_CONVOLUTION_PASS_H
#define VAE_BACKEND_CPU_CONVOLUTION_PASS_H

#include "program/program.h"

/* A convolution joins a large side, on which windows lie, and a small one with a position for each window: its input
 * and its output; of a transposed convolution, its output and its input. */
typedef enum vae_convolution_pass {
    VAE_CONVOLUTION_TO_SMALL,   /* small = activation(large * weight + bias) */
    VAE_CONVOLUTION_TO_LARGE,   /* large = activation(small * weight, transposed, + bias) */
    VAE_CONVOLUTION_TO_WEIGHTS, /* weight = what joins large and small: a gradient */
} vae_convolution_pass;

typedef struct vae_convolution_options {
    vae_convolution_pass pass;
    int64_t rows;
    struct {
        int64_t height, width, channels;
        float *values; /* [rows, height, width, channels] */
    } large, small;
    float *weight;          /* [kernel·kernel·large channels, small channels] */
    bool weight_transposed; /* [small channels, kernel·kernel·large channels] */
    vae_window window;
    /* To small and to large. Without a bias there is no activation. The side's values are those before the activation;
     * `activated`, which may be the same memory, takes those after it. */
    const float *bias; /* [channels of the side] or NULL */
    vae_activation activation;
    float *activated;
    int threads;
} vae_convolution_options;

/* A pass over given memory, which is borrowed. Nothing is allocated in a run. */
typedef struct vae_convolution vae_convolution;

#endif
