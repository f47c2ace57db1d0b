/* What an item of each kind of sequences is made of. A new kind is a row here. */
#ifndef VAE_DATA_SEQUENCE_SHAPE_H
#define VAE_DATA_SEQUENCE_SHAPE_H

#include "config/config.h"

typedef struct vae_sequence_shape {
    int64_t elements;         /* numbers of a row */
    vae_dtype dtype;          /* what they are */
    int64_t marks;            /* rows of an item that are no steps: its begin, and its end where it has one */
    const char *step, *items; /* in messages: "token", "sentences" */
} vae_sequence_shape;

/* Of any kind but images. */
const vae_sequence_shape *vae_sequence_shape_of(vae_kind kind);

#endif
