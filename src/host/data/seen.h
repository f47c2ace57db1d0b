/* A set of what was seen, by hashes: of two things that differ, one is taken for the other once in 2^64. */
#ifndef VAE_DATA_SEEN_H
#define VAE_DATA_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* Begins as zeros. Eight to sixteen bytes a member. */
typedef struct vae_seen {
    uint64_t *slots; /* [room], 0: free; owned */
    int64_t count, room;
} vae_seen;

/* *before: these bytes were there; else they are from now on. */
vae_status vae_seen_add(vae_seen *seen, const void *bytes, size_t size, bool *before);
void vae_seen_free(vae_seen *seen);

#endif
