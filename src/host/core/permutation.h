/* Shuffling without storage: a keyed bijection of [0, count), computed where it is needed. */
#ifndef VAE_CORE_PERMUTATION_H
#define VAE_CORE_PERMUTATION_H

#include <stdint.h>

enum { VAE_PERMUTATION_ROUNDS = 6 };

/* A Feistel network over the smallest power of two ≥ count (at least 256), with cycle walking (Black & Rogaway 2002).
 * Its round keys come from Philox at (seed, VAE_STREAM_SHUFFLE, epoch), once per epoch. */
typedef struct vae_permutation {
    uint64_t count;
    uint32_t low_bits, high_bits;
    uint32_t key[VAE_PERMUTATION_ROUNDS];
} vae_permutation;

/* count in [1, 2^40]. */
vae_permutation vae_permutation_make(uint64_t seed, uint64_t epoch, uint64_t count);
/* position in [0, count) → index in [0, count). */
uint64_t vae_permutation_apply(const vae_permutation *permutation, uint64_t position);

#endif
