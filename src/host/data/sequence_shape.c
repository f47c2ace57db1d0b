/* The rows of each kind of sequences. */
#include "data/sequence_shape.h"

static const vae_sequence_shape shapes[] = {
    [VAE_KIND_TEXT] = {.elements = 1, .dtype = VAE_INT32, .marks = 2, .step = "token", .items = "sentences"},
    [VAE_KIND_DRAWING] = {.elements = 5, .dtype = VAE_FLOAT32, .marks = 2, .step = "stroke", .items = "drawings"},
    [VAE_KIND_MUSIC] = {.elements = 1, .dtype = VAE_INT32, .marks = 1, .step = "step", .items = "excerpts"},
};

const vae_sequence_shape *vae_sequence_shape_of(vae_kind kind)
{
    return &shapes[kind];
}
