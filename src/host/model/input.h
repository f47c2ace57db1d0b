/* What a model is told of its data. */
#ifndef VAE_MODEL_INPUT_H
#define VAE_MODEL_INPUT_H

#include <stdint.h>

typedef struct vae_input {
    int64_t height, width, channels;
    double scale, shift; /* x = byte × scale + shift */
} vae_input;

static inline int64_t vae_input_pixels(const vae_input *input)
{
    return input->height * input->width;
}

static inline int64_t vae_input_elements(const vae_input *input)
{
    return vae_input_pixels(input) * input->channels;
}

#endif
