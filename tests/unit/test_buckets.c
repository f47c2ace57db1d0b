/* data/buckets.c: boundaries that run the fewest steps, and the order of items. */
#define _GNU_SOURCE
#include "data/buckets.h"
#include "unit/temporary.h"

enum { ITEMS = 5000 };

/* Lengths of a fixed sequence: many short ones, few long ones; from 2 rows on. */
static void make_offsets(int64_t offsets[ITEMS + 1], int64_t longest)
{
    uint32_t state = 7;
    offsets[0] = 13; /* those of a part do not begin at 0 */
    for (int i = 0; i < ITEMS; ++i) {
        state = state * 1664525u + 1013904223u;
        const double u = (double)(state >> 8) / (1 << 24);
        offsets[i + 1] = offsets[i] + 2 + (int64_t)(u * u * u * (double)(longest - 1));
    }
}

static vae_buckets make(const int64_t *offsets, int64_t count, int32_t most, int64_t batch)
{
    vae_buckets buckets;
    cr_assert_eq(vae_buckets_make(offsets, count, most, batch, NULL, &buckets), VAE_OK, "%s", vae_error_message());
    return buckets;
}

static int64_t rows_of(const int64_t *offsets, int64_t item)
{
    return offsets[item + 1] - offsets[item];
}

/* Every item is there once, in a bucket that has room for it, and the sums are those of the buckets. */
static void expect_sound(const vae_buckets *buckets, const int64_t *offsets, int64_t count, int64_t batch)
{
    static bool seen[ITEMS];
    int64_t place = 0, steps = 0, padded = 0;
    memset(seen, 0, sizeof seen);
    cr_assert(buckets->count >= 1 && buckets->count <= VAE_MAX_BUCKETS);
    for (int b = 0; b < buckets->count; ++b) {
        const vae_bucket *bucket = &buckets->bucket[b];
        cr_assert_eq(bucket->first, place);
        cr_assert_gt(bucket->count, 0);
        int64_t longest = 0;
        for (int64_t i = 0; i < bucket->count; ++i, ++place) {
            const int64_t item = buckets->order[place], rows = rows_of(offsets, item);
            cr_assert(item >= 0 && item < count && !seen[item]);
            seen[item] = true;
            if (place > 0) {
                const int64_t before = buckets->order[place - 1];
                cr_assert(rows_of(offsets, before) < rows || (rows_of(offsets, before) == rows && before < item));
            }
            if (rows > longest) longest = rows;
            steps += rows - 1;
            cr_assert_eq(vae_buckets_find(buckets, rows), b);
        }
        cr_assert_eq(bucket->steps, longest);
        padded += (bucket->count + batch - 1) / batch * batch * (longest - 1);
    }
    cr_expect_eq(place, count);
    cr_expect_eq(buckets->steps, steps);
    cr_expect_eq(buckets->padded_steps, padded);
    cr_expect_eq(vae_buckets_find(buckets, buckets->bucket[buckets->count - 1].steps + 1), -1);
}

Test(buckets, order_and_sums)
{
    static int64_t offsets[ITEMS + 1];
    const int64_t longest[] = {3, 82, 250, 1023, 1024, 30000};
    for (size_t i = 0; i < sizeof longest / sizeof *longest; ++i) {
        make_offsets(offsets, longest[i]);
        for (int32_t most = 1; most <= VAE_MAX_BUCKETS; most += 5) {
            vae_buckets buckets = make(offsets, ITEMS, most, 32);
            cr_expect_leq(buckets.count, most);
            expect_sound(&buckets, offsets, ITEMS, 32);
            vae_buckets_free(&buckets);
        }
    }
}

/* All ways to cut a small histogram in two and in three, tried out. */
static int64_t cost_of(const int64_t *histogram, int from, int to, int64_t batch)
{
    int64_t count = 0, steps = 0;
    for (int length = from; length < to; ++length) {
        count += histogram[length];
        if (histogram[length] > 0) steps = length;
    }
    return (count + batch - 1) / batch * batch * (steps > 0 ? steps - 1 : 0);
}

Test(buckets, boundaries_are_the_best)
{
    enum { LONGEST = 40, BATCH = 8 };
    static int64_t offsets[ITEMS + 1];
    int64_t histogram[LONGEST + 2] = {0};
    make_offsets(offsets, LONGEST);
    for (int i = 0; i < 300; ++i)
        histogram[rows_of(offsets, i)]++;
    int64_t two = cost_of(histogram, 0, LONGEST + 2, BATCH), three = two;
    for (int a = 0; a <= LONGEST + 1; ++a) {
        const int64_t begin = cost_of(histogram, 0, a, BATCH);
        const int64_t cut = begin + cost_of(histogram, a, LONGEST + 2, BATCH);
        if (cut < two) two = cut;
        for (int b = a; b <= LONGEST + 1; ++b) {
            const int64_t cuts = begin + cost_of(histogram, a, b, BATCH) + cost_of(histogram, b, LONGEST + 2, BATCH);
            if (cuts < three) three = cuts;
        }
    }
    vae_buckets of_two = make(offsets, 300, 2, BATCH), of_three = make(offsets, 300, 3, BATCH);
    cr_expect_eq(of_two.padded_steps, two);
    cr_expect_eq(of_three.padded_steps, three);
    cr_expect_lt(three, two);
    vae_buckets_free(&of_two);
    vae_buckets_free(&of_three);
}

/* Few items do not make many buckets, whose batches would be filled up. */
Test(buckets, no_more_than_pay)
{
    const int64_t offsets[] = {0, 5, 10, 16};
    vae_buckets buckets = make(offsets, 3, VAE_MAX_BUCKETS, 32);
    cr_expect_eq(buckets.count, 1);
    cr_expect_eq(buckets.padded_steps, 32 * 5);
    cr_expect_float_eq(vae_buckets_padding(&buckets), 1.0 - 13.0 / 160.0, 1e-12);
    vae_buckets_free(&buckets);
    buckets = make(offsets, 0, VAE_MAX_BUCKETS, 32);
    cr_expect_eq(buckets.count, 0);
    cr_expect_eq(vae_buckets_padding(&buckets), 0);
    vae_buckets_free(&buckets);
}

Test(buckets, order_in_a_file)
{
    char folder[64];
    static int64_t offsets[ITEMS + 1];
    temporary_make(folder);
    make_offsets(offsets, 82);
    vae_buckets memory = make(offsets, ITEMS, 16, 32), file;
    cr_assert_eq(vae_buckets_make(offsets, ITEMS, 16, 32, folder, &file), VAE_OK);
    cr_expect_not_null(file.mapping.start);
    cr_expect_arr_eq(memory.order, file.order, ITEMS * sizeof *file.order);
    vae_buckets_free(&memory);
    vae_buckets_free(&file);
    temporary_remove(folder);
    cr_expect_eq(vae_buckets_make(offsets, ITEMS, 16, 32, folder, &file), VAE_ERROR_IO);
    cr_expect_eq(file.count, 0);
}
