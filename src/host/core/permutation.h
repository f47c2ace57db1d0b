/* Shuffling without storage: a keyed bijection of [0, count), computed where it is needed, in kernels too. */
#ifndef VAE_CORE_PERMUTATION_H
#define VAE_CORE_PERMUTATION_H

#include <stdint.h>

#include "core/host_device.h"

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
/* Of one of several buckets that an epoch shuffles each for itself, numbered from 0. */
vae_permutation vae_permutation_of_bucket(uint64_t seed, uint64_t epoch, uint64_t bucket, uint64_t count);

/* A 32-bit finaliser: every input bit reaches every output bit. */
VAE_HOST_DEVICE static inline uint32_t vae_permutation_mix(uint32_t value, uint32_t key)
{
    value = (value ^ key) * 0x9E3779B1u;
    value = (value ^ value >> 15) * 0x85EBCA77u;
    value = (value ^ value >> 13) * 0xC2B2AE3Du;
    return value ^ value >> 16;
}

/* One pass of the network. The halves differ by one bit where the power is odd; each round adds a function of one half
 * to the other, which is a bijection whatever the widths are. */
VAE_HOST_DEVICE static inline uint64_t vae_permutation_encrypt(const vae_permutation *permutation, uint64_t value)
{
    const uint64_t low_mask = ((uint64_t)1 << permutation->low_bits) - 1;
    const uint64_t high_mask = ((uint64_t)1 << permutation->high_bits) - 1;
    uint64_t low = value & low_mask, high = value >> permutation->low_bits;
    for (int round = 0; round < VAE_PERMUTATION_ROUNDS; round += 2) {
        high ^= vae_permutation_mix((uint32_t)low, permutation->key[round]) & high_mask;
        low ^= vae_permutation_mix((uint32_t)high, permutation->key[round + 1]) & low_mask;
    }
    return high << permutation->low_bits | low;
}

/* What was encrypted to `value`. */
VAE_HOST_DEVICE static inline uint64_t vae_permutation_decrypt(const vae_permutation *permutation, uint64_t value)
{
    const uint64_t low_mask = ((uint64_t)1 << permutation->low_bits) - 1;
    const uint64_t high_mask = ((uint64_t)1 << permutation->high_bits) - 1;
    uint64_t low = value & low_mask, high = value >> permutation->low_bits;
    for (int round = VAE_PERMUTATION_ROUNDS - 2; round >= 0; round -= 2) {
        low ^= vae_permutation_mix((uint32_t)high, permutation->key[round + 1]) & low_mask;
        high ^= vae_permutation_mix((uint32_t)low, permutation->key[round]) & high_mask;
    }
    return high << permutation->low_bits | low;
}

/* position in [0, count) → index in [0, count). */
VAE_HOST_DEVICE static inline uint64_t vae_permutation_apply(const vae_permutation *permutation, uint64_t position)
{
    uint64_t index = position;
    do {
        index = vae_permutation_encrypt(permutation, index);
    } while (index >= permutation->count);
    return index;
}

/* The position whose index this is: the cycle that was walked, backwards. */
VAE_HOST_DEVICE static inline uint64_t vae_permutation_invert(const vae_permutation *permutation, uint64_t index)
{
    uint64_t position = index;
    do {
        position = vae_permutation_decrypt(permutation, position);
    } while (position >= permutation->count);
    return position;
}

#endif
