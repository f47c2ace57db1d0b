/* The numbers of one .npy array that comes as a stream, from a file of its own or out of an archive, as bytes. */
#ifndef VAE_DATA_NPY_STREAM_H
#define VAE_DATA_NPY_STREAM_H

#include "core/npy_header.h"
#include "data/format.h"

enum { VAE_NPY_STAGING = 1 << 16 };

typedef struct vae_npy_stream {
    const char *name; /* begins each message */
    void *context;
    /* Reads up to `wanted` bytes; fewer only at the end. */
    vae_status (*read)(void *context, void *target, int64_t wanted, int64_t *found);
    vae_npy_header header;
    int64_t done; /* numbers read */
    uint8_t staging[VAE_NPY_STAGING];
} vae_npy_stream;

/* Reads the header; of any array. */
vae_status vae_npy_stream_open(vae_npy_stream *stream);
/* That it holds numbers which can be images or labels, in a shape that can be. */
vae_status vae_npy_stream_check(const vae_npy_stream *stream, vae_content content);
vae_status vae_npy_stream_read(vae_npy_stream *stream, uint8_t *bytes, int64_t count);
vae_status vae_npy_stream_finish(vae_npy_stream *stream);

/* The same as `read` and `finish` of formats whose source has, as its state, a struct that begins with the stream. */
vae_status vae_npy_source_read(vae_source *source, uint8_t *bytes, int64_t count);
vae_status vae_npy_source_finish(vae_source *source);

#endif
