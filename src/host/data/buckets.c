/* Buckets of sequences: a histogram of lengths, boundaries by dynamic programming, an order by counting. */
#include "data/buckets.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BARS = 1024 }; /* of the histogram that boundaries are searched in: their square is the work */

/* Items of `steps` rows, or up to so many: bar i follows bar i - 1. */
typedef struct bar {
    int64_t steps, count;
} bar;

static vae_status no_memory(void)
{
    return vae_error_set(VAE_ERROR_MEMORY, "buckets of sequences: out of memory");
}

/* ---- The order ---- */

static int64_t length_of(const int64_t *offsets, int64_t item)
{
    return offsets[item + 1] - offsets[item];
}

static vae_status make_room(const char *folder, int64_t count, vae_buckets *buckets)
{
    const size_t bytes = (size_t)count * sizeof *buckets->order;
    if (folder) {
        VAE_TRY(vae_mapping_scratch(folder, bytes, &buckets->mapping));
        buckets->order = (void *)buckets->mapping.start;
        return VAE_OK;
    }
    buckets->order = malloc(bytes);
    return buckets->order ? VAE_OK : no_memory();
}

/* place[length] becomes the first place of that length, and is moved on by each item. */
static void sort(const int64_t *offsets, int64_t count, int64_t longest, int64_t *place, int64_t *order)
{
    int64_t next = 0;
    for (int64_t length = 0; length <= longest; ++length) {
        const int64_t items = place[length];
        place[length] = next;
        next += items;
    }
    for (int64_t item = 0; item < count; ++item)
        order[place[length_of(offsets, item)]++] = item;
}

/* ---- Boundaries ---- */

/* Steps that a decoder runs for `count` items in batches, the longest of `steps` rows. */
static int64_t cost_of(int64_t count, int64_t steps, int64_t batch)
{
    return (count + batch - 1) / batch * batch * (steps - 1);
}

/* The histogram, its bars as many as there are lengths or, of very many, each of several lengths. */
static int32_t make_bars(const int64_t *histogram, int64_t longest, bar bars[MAX_BARS])
{
    const int64_t width = (longest + MAX_BARS) / MAX_BARS;
    int32_t count = 0;
    for (int64_t length = 0; length <= longest; ++length) {
        if (histogram[length] == 0) continue;
        if (count == 0 || (length - 1) / width > (bars[count - 1].steps - 1) / width) bars[count++] = (bar){0, 0};
        bars[count - 1].steps = length;
        bars[count - 1].count += histogram[length];
    }
    return count;
}

/* Of the first n bars in k buckets: the least cost, and the bar that the last bucket begins with. */
typedef struct choice {
    int64_t cost;
    int32_t begin;
} choice;

/* before: those of one bucket less, NULL for the first; then now[n]. */
static void add_bucket(const bar *bars, int32_t count, int64_t batch, const choice *before, choice *now)
{
    for (int32_t n = 1; n <= count; ++n) {
        int64_t items = 0;
        now[n] = (choice){INT64_MAX, 0};
        for (int32_t begin = n - 1; begin >= 0; --begin) {
            items += bars[begin].count;
            if (before ? before[begin].cost == INT64_MAX : begin > 0) continue;
            const int64_t cost = (before ? before[begin].cost : 0) + cost_of(items, bars[n - 1].steps, batch);
            if (cost < now[n].cost) now[n] = (choice){cost, begin};
        }
    }
    now[0] = (choice){INT64_MAX, 0};
}

/* Fills the buckets from the last bar back. */
static void take(const bar *bars, int32_t bar_count, const choice *table, int32_t best, vae_buckets *buckets)
{
    int32_t end = bar_count;
    buckets->count = best;
    for (int32_t k = best - 1; k >= 0; --k) {
        const int32_t begin = table[k * (MAX_BARS + 1) + end].begin;
        vae_bucket *bucket = &buckets->bucket[k];
        *bucket = (vae_bucket){.steps = bars[end - 1].steps};
        for (int32_t i = begin; i < end; ++i)
            bucket->count += bars[i].count;
        end = begin;
    }
    for (int32_t k = 1; k < best; ++k)
        buckets->bucket[k].first = buckets->bucket[k - 1].first + buckets->bucket[k - 1].count;
}

static vae_status choose(const int64_t *histogram, int64_t longest, int32_t most, int64_t batch, vae_buckets *buckets)
{
    bar bars[MAX_BARS];
    const int32_t count = make_bars(histogram, longest, bars), tried = most < count ? most : count;
    choice *table = calloc((size_t)VAE_MAX_BUCKETS * (MAX_BARS + 1), sizeof *table);
    if (!table) return no_memory();
    int32_t best = 0;
    for (int32_t k = 0; k < tried; ++k) {
        choice *now = table + k * (MAX_BARS + 1);
        add_bucket(bars, count, batch, k > 0 ? now - (MAX_BARS + 1) : NULL, now);
        if (now[count].cost < table[best * (MAX_BARS + 1) + count].cost) best = k;
    }
    take(bars, count, table, best + 1, buckets);
    buckets->padded_steps = table[best * (MAX_BARS + 1) + count].cost;
    free(table);
    return VAE_OK;
}

/* ---- All together ---- */

static vae_status make(const int64_t *offsets, int64_t count, int32_t most, int64_t batch, const char *folder,
                       vae_buckets *buckets)
{
    int64_t longest = 1;
    for (int64_t item = 0; item < count; ++item) {
        if (length_of(offsets, item) > longest) longest = length_of(offsets, item);
    }
    int64_t *histogram = calloc((size_t)longest + 1, sizeof *histogram);
    if (!histogram) return no_memory();
    for (int64_t item = 0; item < count; ++item)
        histogram[length_of(offsets, item)]++;
    vae_status status = choose(histogram, longest, most, batch, buckets);
    if (!status) status = make_room(folder, count, buckets);
    if (!status) sort(offsets, count, longest, histogram, buckets->order);
    free(histogram);
    buckets->steps = offsets[count] - offsets[0] - count;
    return status;
}

vae_status vae_buckets_make(const int64_t *offsets, int64_t count, int32_t most, int64_t batch, const char *folder,
                            vae_buckets *buckets)
{
    *buckets = (vae_buckets){0};
    if (count < 1) return VAE_OK;
    const vae_status status = make(offsets, count, most, batch, folder, buckets);
    if (status) vae_buckets_free(buckets);
    return status;
}

void vae_buckets_free(vae_buckets *buckets)
{
    if (!buckets->mapping.start) free(buckets->order);
    vae_mapping_close(&buckets->mapping);
    *buckets = (vae_buckets){0};
}

double vae_buckets_padding(const vae_buckets *buckets)
{
    return buckets->padded_steps > 0 ? 1.0 - (double)buckets->steps / (double)buckets->padded_steps : 0.0;
}

int32_t vae_buckets_find(const vae_buckets *buckets, int64_t rows)
{
    for (int32_t i = 0; i < buckets->count; ++i) {
        if (rows <= buckets->bucket[i].steps) return i;
    }
    return -1;
}
