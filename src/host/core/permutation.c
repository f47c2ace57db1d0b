#include "core/permutation.h"

#include "core/random.h"

/* A 32-bit finaliser: every input bit reaches every output bit. */
static uint32_t mix(uint32_t value, uint32_t key)
{
    value = (value ^ key) * 0x9E3779B1u;
    value = (value ^ value >> 15) * 0x85EBCA77u;
    value = (value ^ value >> 13) * 0xC2B2AE3Du;
    return value ^ value >> 16;
}

vae_permutation vae_permutation_make(uint64_t seed, uint64_t epoch, uint64_t count)
{
    vae_permutation permutation = {.count = count};
    /* Halves of less than four bits mix too little to be uniform. */
    uint32_t bits = 8;
    while (bits < 63 && (uint64_t)1 << bits < count)
        ++bits;
    permutation.low_bits = bits / 2;
    permutation.high_bits = bits - bits / 2;
    for (uint32_t round = 0; round < VAE_PERMUTATION_ROUNDS; ++round) {
        permutation.key[round] = vae_random_block(seed, VAE_STREAM_SHUFFLE, epoch, round / 4).word[round % 4];
    }
    return permutation;
}

/* One pass of the network. The halves differ by one bit where the power is odd; each round adds a function of one half
 * to the other, which is a bijection whatever the widths are. */
static uint64_t encrypt(const vae_permutation *permutation, uint64_t value)
{
    const uint64_t low_mask = ((uint64_t)1 << permutation->low_bits) - 1;
    const uint64_t high_mask = ((uint64_t)1 << permutation->high_bits) - 1;
    uint64_t low = value & low_mask, high = value >> permutation->low_bits;
    for (int round = 0; round < VAE_PERMUTATION_ROUNDS; round += 2) {
        high ^= mix((uint32_t)low, permutation->key[round]) & high_mask;
        low ^= mix((uint32_t)high, permutation->key[round + 1]) & low_mask;
    }
    return high << permutation->low_bits | low;
}

uint64_t vae_permutation_apply(const vae_permutation *permutation, uint64_t position)
{
    uint64_t index = position;
    do {
        index = encrypt(permutation, index);
    } while (index >= permutation->count);
    return index;
}
