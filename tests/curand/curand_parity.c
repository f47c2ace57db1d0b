/* Our random numbers against cuRAND's: its device header, compiled for the CPU, and its host generator. */
#include <criterion/criterion.h>
#include <curand.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "core/random.h"
#include "device_header.h"

/* Seeds, streams, steps and blocks in which every half word matters; elements beyond 2³² and 2⁶⁰ among them. */
static const uint64_t seeds[] = {0, 1, 42, 0xFFFFFFFFu, 0x100000000u, 0x123456789ABCDEFu, UINT64_MAX};
static const uint32_t streams[] = {VAE_STREAM_INITIALISE, VAE_STREAM_POSTERIOR, VAE_STREAM_IMPORTANCE, 0xFFFF};
static const uint64_t steps[] = {0, 1, 4690, 0xFFFFFFFFu, 0x100000000u, 0xFFFFFFFFFFFFu};
static const uint64_t blocks[] = {0, 1, 2, 1000, 0xFFFFFFFFu, 0x100000000u, 0x123456789ABCDEFu};

enum { SEEDS = sizeof seeds / sizeof *seeds, STREAMS = sizeof streams / sizeof *streams };
enum { STEPS = sizeof steps / sizeof *steps, BLOCKS = sizeof blocks / sizeof *blocks };
enum { CASES = SEEDS * STREAMS * STEPS * BLOCKS };

typedef struct place {
    uint64_t seed, step, block;
    uint32_t stream;
} place;

static place place_of(int i)
{
    return (place){
        .seed = seeds[i % SEEDS],
        .stream = streams[i / SEEDS % STREAMS],
        .step = steps[i / SEEDS / STREAMS % STEPS],
        .block = blocks[i / SEEDS / STREAMS / STEPS],
    };
}

/* A float32 word-to-uniform is off by half a unit twice, so log u is by 2⁻²³ at most, hence the radius r = √(-2 log u)
 * by 2⁻²³/r (and never by more than √(2·2⁻²³)); the angle is by three half units of 2π. */
static double normal_bound(double radius)
{
    return fmin(0x1p-23 / radius, sqrt(0x1p-22)) + radius * (3 * 0x1p-24 * 2 * M_PI + 4 * 0x1p-24);
}

static void check_normals(const double expected[4], const float found[4])
{
    for (int i = 0; i < 4; ++i) {
        const double bound = normal_bound(hypot(expected[i & 2], expected[i | 1]));
        cr_assert_leq(fabs(expected[i] - (double)found[i]), bound, "normal %d: %.9g, cuRAND %.9g, bound %g", i,
                      expected[i], (double)found[i], bound);
    }
}

/* ---- The device header ---- */

Test(curand_device, ten_rounds_are_exact)
{
    for (uint32_t i = 0; i < 100000; ++i) {
        /* Counters and keys that are themselves random. */
        const vae_philox counter = vae_random_block(7, 0, 0, i), key = vae_random_block(7, 1, 0, i);
        uint32_t expected[4];
        device_philox(counter.word, key.word, expected);
        const vae_philox found = vae_philox_4x32_10(counter, key.word[0], key.word[1]);
        cr_assert_arr_eq(found.word, expected, sizeof expected);
    }
}

Test(curand_device, words_are_exact)
{
    for (int i = 0; i < CASES; ++i) {
        const place p = place_of(i);
        uint32_t expected[4];
        device_words(p.seed, (uint64_t)p.stream << 48 | p.step, 4 * p.block, expected);
        const vae_philox found = vae_random_block(p.seed, p.stream, p.step, p.block);
        cr_assert_arr_eq(found.word, expected, sizeof expected,
                         "seed %" PRIu64 ", stream %" PRIu32 ", step %" PRIu64 ", block %" PRIu64, p.seed, p.stream,
                         p.step, p.block);
    }
}

/* curand_init(seed, stream << 48 | step, element) starts at that very element. */
Test(curand_device, every_element_has_its_own_offset)
{
    for (uint64_t element = 0; element < 1000; ++element) {
        uint32_t words[4];
        device_words(3, (uint64_t)VAE_STREAM_PRIOR << 48 | 9, element, words);
        for (uint64_t i = 0; i < 4; ++i) {
            const vae_philox found = vae_random_block(3, VAE_STREAM_PRIOR, 9, (element + i) / 4);
            cr_assert_eq(found.word[(element + i) % 4], words[i]);
        }
    }
}

Test(curand_device, uniforms_are_exact)
{
    for (uint32_t i = 0; i < 100000; ++i) {
        const uint32_t word = i < 16 ? i : i < 32 ? UINT32_MAX - (i - 16) : vae_random_block(5, 0, 0, i).word[0];
        cr_assert_eq(vae_random_uniform(word), device_uniform(word), "word %" PRIu32, word);
    }
}

Test(curand_device, normals_agree)
{
    for (int i = 0; i < CASES; ++i) {
        const place p = place_of(i);
        float expected[4];
        double found[4];
        device_normals(p.seed, (uint64_t)p.stream << 48 | p.step, 4 * p.block, expected);
        vae_random_normal4(p.seed, p.stream, p.step, p.block, found);
        check_normals(found, expected);
    }
    for (uint64_t block = 0; block < 250000; ++block) {
        float expected[4];
        double found[4];
        device_normals(1, (uint64_t)VAE_STREAM_POSTERIOR << 48, 4 * block, expected);
        vae_random_normal4(1, VAE_STREAM_POSTERIOR, 0, block, found);
        check_normals(found, expected);
    }
}

/* ---- The host generator ---- */

/* Philox's host generator deals out blocks of four numbers to 65,536 subsequences in turn. */
enum { SUBSEQUENCES = 65536, NUMBERS = 3 * 4 * SUBSEQUENCES + 4096 };

static curandGenerator_t make_generator(uint64_t seed)
{
    curandGenerator_t generator;
    cr_assert_eq(curandCreateGeneratorHost(&generator, CURAND_RNG_PSEUDO_PHILOX4_32_10), CURAND_STATUS_SUCCESS);
    cr_assert_eq(curandSetPseudoRandomGeneratorSeed(generator, seed), CURAND_STATUS_SUCCESS);
    return generator;
}

Test(curand_host, words_are_exact)
{
    for (int s = 0; s < SEEDS; ++s) {
        const curandGenerator_t generator = make_generator(seeds[s]);
        uint32_t *expected = calloc(NUMBERS, sizeof *expected);
        cr_assert_eq(curandGenerate(generator, expected, NUMBERS), CURAND_STATUS_SUCCESS);
        for (uint64_t i = 0; i < NUMBERS / 4; ++i) {
            const vae_philox found = vae_random_block(seeds[s], 0, i % SUBSEQUENCES, i / SUBSEQUENCES);
            cr_assert_arr_eq(found.word, expected + 4 * i, sizeof found.word, "seed %" PRIu64 ", block %" PRIu64,
                             seeds[s], i);
        }
        free(expected);
        curandDestroyGenerator(generator);
    }
}

Test(curand_host, normals_agree)
{
    const curandGenerator_t generator = make_generator(42);
    float *expected = calloc(NUMBERS, sizeof *expected);
    cr_assert_eq(curandGenerateNormal(generator, expected, NUMBERS, 0.0f, 1.0f), CURAND_STATUS_SUCCESS);
    for (uint64_t i = 0; i < NUMBERS / 4; ++i) {
        double found[4];
        vae_random_normal4(42, 0, i % SUBSEQUENCES, i / SUBSEQUENCES, found);
        check_normals(found, expected + 4 * i);
    }
    free(expected);
    curandDestroyGenerator(generator);
}
