/* Makes a permutation's keys; it is applied by an inline function, which kernels call too. */
#include "core/permutation.h"

#include "core/random.h"

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

vae_permutation vae_permutation_of_bucket(uint64_t seed, uint64_t epoch, uint64_t bucket, uint64_t count)
{
    return vae_permutation_make(seed, epoch | bucket << 32, count);
}
