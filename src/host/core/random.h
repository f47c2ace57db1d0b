/* Noise as a function: every random number is Philox4x32-10 (Salmon et al. 2011) of a key and a counter.
 *
 * The key is the seed. The counter's low 64 bits are element / 4, its high 64 bits (cuRAND's subsequence) are
 * stream << 48 | step; element % 4 picks the word. So curand_init(seed, stream << 48 | step, element) on a GPU gives
 * the same numbers, and no generator state exists anywhere. */
#ifndef VAE_CORE_RANDOM_H
#define VAE_CORE_RANDOM_H

#include <stdint.h>

/* What a number is for. Two uses never share a stream. Values are part of the checkpoint contract: append only. */
typedef enum vae_stream {
    VAE_STREAM_INITIALISE = 1, /* step: index of the parameter */
    VAE_STREAM_SHUFFLE = 2,    /* step: epoch */
    VAE_STREAM_POSTERIOR = 3,  /* step: training step */
    VAE_STREAM_BINARISE = 4,   /* step: training step */
    VAE_STREAM_BINARISE_STATIC = 5,
    VAE_STREAM_PRIOR = 6,
    VAE_STREAM_EVALUATE = 7, /* step: batch of the evaluation */
    VAE_STREAM_IMPORTANCE = 8,
    VAE_STREAM_MIXTURE = 9,      /* step: what of a mixture is drawn */
    VAE_STREAM_FLIP = 10,        /* step: training step */
    VAE_STREAM_OBSERVE = 11,     /* what p(x|z) adds to its mean */
    VAE_STREAM_AUGMENT = 12,     /* drawings that are varied; step: training step */
    VAE_STREAM_REPLACE = 13,     /* words that are left out; step: training step */
    VAE_STREAM_RECURRENT = 14,   /* dropout of recurrent cells; step: training step */
    VAE_STREAM_INFORMATION = 15, /* of the estimate of I(x; z) */
    VAE_STREAM_SAMPLE = 16,      /* words that are drawn in training; step: training step */
    VAE_STREAM_PHASE = 17,       /* that sounds are begun with; step: which of several */
    VAE_STREAM_DROPOUT = 64,     /* and the VAE_DROPOUT_LAYERS - 1 after it, one a layer; step: training step */
} vae_stream;
enum { VAE_DROPOUT_LAYERS = 64 };

/* Places of one program that draw from the same stream are sites of it: site n draws from the stream's number plus n
 * times this, so the first draws from the stream itself. A subsequence has 16 bits for both. */
enum { VAE_STREAM_SITE = 128, VAE_MAX_SITES = 512 };

typedef struct vae_philox {
    uint32_t word[4];
} vae_philox;

/* The ten-round bijection itself: counter words in, four random words out. */
static inline vae_philox vae_philox_4x32_10(vae_philox counter, uint32_t key0, uint32_t key1)
{
    for (int round = 0; round < 10; ++round) {
        const uint64_t product0 = (uint64_t)0xD2511F53u * counter.word[0];
        const uint64_t product1 = (uint64_t)0xCD9E8D57u * counter.word[2];
        const vae_philox next = {{(uint32_t)(product1 >> 32) ^ counter.word[1] ^ key0, (uint32_t)product1,
                                  (uint32_t)(product0 >> 32) ^ counter.word[3] ^ key1, (uint32_t)product0}};
        counter = next;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return counter;
}

/* The four words that belong to elements 4·block … 4·block + 3. */
static inline vae_philox vae_random_block(uint64_t seed, uint32_t stream, uint64_t step, uint64_t block)
{
    const uint64_t subsequence = (uint64_t)stream << 48 | (step & 0xFFFFFFFFFFFFu);
    const vae_philox counter = {
        {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)subsequence, (uint32_t)(subsequence >> 32)}};
    return vae_philox_4x32_10(counter, (uint32_t)seed, (uint32_t)(seed >> 32));
}

/* Uniform in (0, 1], cuRAND's mapping of a word. */
static inline float vae_random_uniform(uint32_t word)
{
    return (float)word * 0x1p-32f + 0x1p-33f;
}

/* The largest number that such a uniform may be where log(1 - u) must be finite. */
#define VAE_UNIFORM_BELOW_ONE 0x1.fffffep-1f

/* Standard normals of elements 4·block … 4·block + 3, by cuRAND's Box–Muller (curand_normal4), in double. */
void vae_random_normal4(uint64_t seed, uint32_t stream, uint64_t step, uint64_t block, double normal[4]);

#endif
