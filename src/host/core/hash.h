/* A 128-bit hash by which files are named and found again; not secure against deliberate collisions. */
#ifndef VAE_CORE_HASH_H
#define VAE_CORE_HASH_H

#include <stddef.h>

#include "core/random.h"

/* Begins as zeros. */
typedef struct vae_hash {
    vae_philox state;
    uint64_t length; /* bytes taken in */
} vae_hash;

enum { VAE_HASH_TEXT = 33 };

/* What is added in one call is one piece: ("ab", "c") differs from ("a", "bc"). */
void vae_hash_add(vae_hash *hash, const void *data, size_t size);
void vae_hash_add_text(vae_hash *hash, const char *text);
void vae_hash_add_integer(vae_hash *hash, int64_t value);
/* 32 hexadecimal digits. */
void vae_hash_format(const vae_hash *hash, char text[VAE_HASH_TEXT]);

#endif
