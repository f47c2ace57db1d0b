/* core/random.h and core/permutation.h: known answers, distributions, and an order that is pinned. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/permutation.h"
#include "core/random.h"

/* Known answers of Random123 (Salmon et al. 2011), kat_vectors, philox4x32 with 10 rounds. */
Test(random, philox_known_answers)
{
    const struct {
        vae_philox counter;
        uint32_t key[2];
        vae_philox expected;
    } answers[] = {
        {{{0, 0, 0, 0}}, {0, 0}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
        {{{~0u, ~0u, ~0u, ~0u}}, {~0u, ~0u}, {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
        {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
         {0xa4093822, 0x299f31d0},
         {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
    };
    for (int i = 0; i < 3; ++i) {
        const vae_philox found = vae_philox_4x32_10(answers[i].counter, answers[i].key[0], answers[i].key[1]);
        cr_assert_arr_eq(found.word, answers[i].expected.word, sizeof found.word);
    }
}

Test(random, block_places_stream_step_and_element_in_the_counter)
{
    const vae_philox expected =
        vae_philox_4x32_10((vae_philox){{0x22222222, 0x11111111, 0x00000007, 0x00030000}}, 0xBBBBBBBB, 0xAAAAAAAA);
    const vae_philox found = vae_random_block(0xAAAAAAAABBBBBBBBu, 3, 7, 0x1111111122222222u);
    cr_assert_arr_eq(found.word, expected.word, sizeof found.word);
}

Test(random, uniform_lies_in_0_to_1)
{
    cr_assert_eq(vae_random_uniform(0), 0x1p-33f);
    cr_assert_eq(vae_random_uniform(~0u), 1.0f);
    cr_assert_float_eq(vae_random_uniform(1u << 31), 0.5f, 1e-7);
}

/* Moments and tails of a million normals; the bounds are five standard errors. */
Test(random, normals_are_normal)
{
    enum { COUNT = 1000000 };
    double sum = 0, squares = 0, cubes = 0, fourths = 0;
    int beyond2 = 0, beyond4 = 0;
    for (uint64_t block = 0; block < COUNT / 4; ++block) {
        double normal[4];
        vae_random_normal4(1, VAE_STREAM_POSTERIOR, 0, block, normal);
        for (int i = 0; i < 4; ++i) {
            sum += normal[i];
            squares += normal[i] * normal[i];
            cubes += pow(normal[i], 3);
            fourths += pow(normal[i], 4);
            beyond2 += fabs(normal[i]) > 2;
            beyond4 += fabs(normal[i]) > 4;
        }
    }
    const double error = 1 / sqrt((double)COUNT);
    cr_assert_float_eq(sum / COUNT, 0, 5 * error);
    cr_assert_float_eq(squares / COUNT, 1, 5 * sqrt(2) * error);
    cr_assert_float_eq(cubes / COUNT, 0, 5 * sqrt(15) * error);
    cr_assert_float_eq(fourths / COUNT, 3, 5 * sqrt(96) * error);
    const double p2 = erfc(M_SQRT2), p4 = erfc(4 * M_SQRT1_2);
    cr_assert_float_eq((double)beyond2, p2 * COUNT, 5 * sqrt(p2 * COUNT));
    cr_assert_float_eq((double)beyond4, p4 * COUNT, 5 * sqrt(p4 * COUNT));
}

static double correlation(uint32_t stream, uint64_t step, uint64_t shift)
{
    enum { BLOCKS = 50000 };
    double products = 0;
    for (uint64_t block = 0; block < BLOCKS; ++block) {
        double a[4], b[4];
        vae_random_normal4(1, VAE_STREAM_POSTERIOR, 0, block, a);
        vae_random_normal4(1, stream, step, block + shift, b);
        for (int i = 0; i < 4; ++i)
            products += a[i] * b[i];
    }
    return products / (4 * BLOCKS);
}

Test(random, streams_steps_and_elements_are_unrelated)
{
    const double bound = 5 / sqrt(200000.0);
    cr_assert_float_eq(correlation(VAE_STREAM_PRIOR, 0, 0), 0, bound);
    cr_assert_float_eq(correlation(VAE_STREAM_POSTERIOR, 1, 0), 0, bound);
    cr_assert_float_eq(correlation(VAE_STREAM_POSTERIOR, 0, 1), 0, bound);
    cr_assert_float_eq(correlation(VAE_STREAM_POSTERIOR, 0, 0), 1, 5 * sqrt(2) / sqrt(200000.0));
}

/* ---- Permutation ---- */

static void check_bijection(uint64_t seed, uint64_t epoch, uint64_t count)
{
    uint8_t *seen = calloc(count, 1);
    const vae_permutation permutation = vae_permutation_make(seed, epoch, count);
    for (uint64_t i = 0; i < count; ++i) {
        const uint64_t index = vae_permutation_apply(&permutation, i);
        cr_assert_lt(index, count, "count %llu: %llu is outside", (unsigned long long)count, (unsigned long long)index);
        cr_assert(!seen[index], "count %llu: %llu comes twice", (unsigned long long)count, (unsigned long long)index);
        cr_assert_eq(vae_permutation_invert(&permutation, index), i);
        seen[index] = 1;
    }
    free(seen);
}

Test(permutation, is_a_bijection)
{
    for (uint64_t count = 1; count <= 300; ++count)
        check_bijection(1, count, count);
    const uint64_t counts[] = {511, 512, 513, 997, 4096, 4097, 59999, 60000, 65536, 65537, 1000003};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i)
        check_bijection(9, 3, counts[i]);
}

/* Where each position goes over many epochs: chi-square with n - 1 degrees of freedom, within six standard deviations.
 */
static void check_uniform(uint64_t count, int epochs)
{
    int *hits = calloc(count * count, sizeof *hits);
    for (int epoch = 0; epoch < epochs; ++epoch) {
        const vae_permutation permutation = vae_permutation_make(5, (uint64_t)epoch, count);
        for (uint64_t i = 0; i < count; ++i)
            hits[i * count + vae_permutation_apply(&permutation, i)]++;
    }
    const double expected = (double)epochs / (double)count;
    double chi_square = 0;
    for (uint64_t i = 0; i < count * count; ++i)
        chi_square += pow(hits[i] - expected, 2) / expected;
    const double freedom = (double)((count - 1) * (count - 1));
    cr_assert_lt(fabs(chi_square - freedom), 6 * sqrt(2 * freedom), "%llu: chi-square %g for %g degrees of freedom",
                 (unsigned long long)count, chi_square, freedom);
    free(hits);
}

Test(permutation, is_uniform)
{
    check_uniform(7, 20000);
    check_uniform(10, 20000);
    check_uniform(37, 20000);
    check_uniform(100, 20000);
}

/* Where two neighbours go, over many epochs: every ordered pair of different indices is as likely as every other. */
static void check_pairs(uint64_t count, int epochs)
{
    int *hits = calloc(count * count, sizeof *hits);
    for (int epoch = 0; epoch < epochs; ++epoch) {
        const vae_permutation permutation = vae_permutation_make(6, (uint64_t)epoch, count);
        const uint64_t at = (uint64_t)epoch % (count - 1);
        hits[vae_permutation_apply(&permutation, at) * count + vae_permutation_apply(&permutation, at + 1)]++;
    }
    const double cells = (double)(count * (count - 1)), expected = epochs / cells;
    double chi_square = 0;
    for (uint64_t i = 0; i < count * count; ++i) {
        if (i / count != i % count) chi_square += pow(hits[i] - expected, 2) / expected;
    }
    cr_assert_lt(fabs(chi_square - (cells - 1)), 6 * sqrt(2 * cells), "%llu: chi-square %g for %g degrees of freedom",
                 (unsigned long long)count, chi_square, cells - 1);
    free(hits);
}

Test(permutation, neighbours_part_uniformly)
{
    check_pairs(2, 20000);
    check_pairs(3, 60000);
    check_pairs(10, 200000);
    check_pairs(37, 400000);
    check_pairs(100, 1000000);
}

/* Positions of one epoch do not tell indices: 60,000 in 60 × 60 cells. */
Test(permutation, is_uniform_within_an_epoch)
{
    enum { COUNT = 60000, SIDE = 60 };
    for (uint64_t epoch = 0; epoch < 20; ++epoch) {
        static int hits[SIDE][SIDE];
        memset(hits, 0, sizeof hits);
        const vae_permutation permutation = vae_permutation_make(1, epoch, COUNT);
        for (uint64_t i = 0; i < COUNT; ++i)
            hits[i * SIDE / COUNT][vae_permutation_apply(&permutation, i) * SIDE / COUNT]++;
        const double expected = (double)COUNT / SIDE / SIDE, freedom = (SIDE - 1) * (SIDE - 1);
        double chi_square = 0;
        for (int i = 0; i < SIDE * SIDE; ++i)
            chi_square += pow(hits[i / SIDE][i % SIDE] - expected, 2) / expected;
        cr_assert_lt(fabs(chi_square - freedom), 6 * sqrt(2 * freedom), "epoch %d: chi-square %g", (int)epoch,
                     chi_square);
    }
}

Test(permutation, depends_on_seed_and_epoch)
{
    int same_epoch = 0, same_seed = 0;
    const vae_permutation a = vae_permutation_make(1, 1, 60000), b = vae_permutation_make(1, 2, 60000);
    const vae_permutation c = vae_permutation_make(2, 1, 60000);
    for (uint64_t i = 0; i < 60000; ++i) {
        same_epoch += vae_permutation_apply(&a, i) == vae_permutation_apply(&b, i);
        same_seed += vae_permutation_apply(&a, i) == vae_permutation_apply(&c, i);
    }
    cr_assert_lt(same_epoch, 12);
    cr_assert_lt(same_seed, 12);
}

Test(permutation, walks_within_the_smallest_power_of_two)
{
    const uint64_t counts[] = {1, 256, 257, 512, 513, 65536, 65537};
    const uint32_t bits[] = {8, 8, 9, 9, 10, 16, 17};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
        const vae_permutation permutation = vae_permutation_make(1, 0, counts[i]);
        cr_assert_eq(permutation.low_bits + permutation.high_bits, bits[i]);
    }
}

/* A resumed run needs the same order from every later version. */
Test(permutation, is_pinned)
{
    const vae_permutation permutation = vae_permutation_make(1, 0, 60000);
    const uint64_t pinned[] = {41372, 39251, 31839, 9436, 56984, 39511};
    for (uint64_t i = 0; i < sizeof pinned / sizeof *pinned; ++i) {
        cr_assert_eq(vae_permutation_apply(&permutation, i), pinned[i]);
    }
}
