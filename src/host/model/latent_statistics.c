/* Sums for each dimension, the mean, variance and KL that follow from them, and dimensions in order of KL. */
#include "model/latent_statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST, DEVIATION, SQUARE, KL, SUM_COUNT };

vae_status vae_latent_statistics_create(int64_t latent, vae_latent_statistics *statistics)
{
    *statistics = (vae_latent_statistics){.latent = latent};
    statistics->sums = calloc((size_t)(SUM_COUNT * latent), sizeof *statistics->sums);
    if (statistics->sums) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "latent statistics: out of memory");
}

vae_status vae_latent_statistics_copy(const vae_latent_statistics *from, vae_latent_statistics *to)
{
    VAE_TRY(vae_latent_statistics_create(from->latent, to));
    to->count = from->count;
    memcpy(to->sums, from->sums, (size_t)(SUM_COUNT * from->latent) * sizeof *from->sums);
    return VAE_OK;
}

void vae_latent_statistics_free(vae_latent_statistics *statistics)
{
    free(statistics->sums);
    *statistics = (vae_latent_statistics){0};
}

void vae_latent_statistics_reset(vae_latent_statistics *statistics)
{
    statistics->count = 0;
    memset(statistics->sums, 0, (size_t)(SUM_COUNT * statistics->latent) * sizeof *statistics->sums);
}

static void add_row(vae_latent_statistics *statistics, const float *row, const float *log_variance)
{
    const int64_t latent = statistics->latent;
    double *first = statistics->sums + FIRST * latent, *deviation = statistics->sums + DEVIATION * latent;
    double *square = statistics->sums + SQUARE * latent, *kl = statistics->sums + KL * latent;
    for (int64_t j = 0; j < latent; ++j) {
        const double mean = (double)row[j];
        /* Deviations from the first row, so that the variance of codes far from zero is not lost in their squares. */
        if (statistics->count == 0) first[j] = mean;
        const double difference = mean - first[j];
        deviation[j] += difference;
        square[j] += difference * difference;
        if (!log_variance) continue;
        kl[j] += 0.5 * (mean * mean + expm1((double)log_variance[j]) - (double)log_variance[j]);
    }
    statistics->count++;
}

void vae_latent_statistics_add(vae_latent_statistics *statistics, const float *mean, const float *log_variance,
                               int64_t rows)
{
    for (int64_t r = 0; r < rows; ++r) {
        const int64_t place = r * statistics->latent;
        add_row(statistics, mean + place, log_variance ? log_variance + place : NULL);
    }
}

void vae_latent_statistics_add_posterior(vae_latent_statistics *statistics, const float *posterior, int64_t rows,
                                         int64_t width)
{
    for (int64_t r = 0; r < rows; ++r) {
        const float *row = posterior + r * width;
        add_row(statistics, row, width == statistics->latent ? NULL : row + statistics->latent);
    }
}

static double per_row(const vae_latent_statistics *statistics, int which, int64_t j)
{
    return statistics->sums[which * statistics->latent + j] / (double)statistics->count;
}

double vae_latent_statistics_mean(const vae_latent_statistics *statistics, int64_t j)
{
    return statistics->sums[FIRST * statistics->latent + j] + per_row(statistics, DEVIATION, j);
}

double vae_latent_statistics_variance(const vae_latent_statistics *statistics, int64_t j)
{
    const double deviation = per_row(statistics, DEVIATION, j);
    return fmax(per_row(statistics, SQUARE, j) - deviation * deviation, 0.0);
}

double vae_latent_statistics_kl(const vae_latent_statistics *statistics, int64_t j)
{
    return per_row(statistics, KL, j);
}

int64_t vae_latent_statistics_active(const vae_latent_statistics *statistics)
{
    int64_t active = 0;
    for (int64_t j = 0; j < statistics->latent; ++j)
        active += vae_latent_statistics_variance(statistics, j) > VAE_ACTIVE_VARIANCE;
    return active;
}

/* ---- Order ---- */

static bool comes_before(const vae_latent_statistics *s, int64_t a, int64_t b)
{
    const double kl_a = vae_latent_statistics_kl(s, a), kl_b = vae_latent_statistics_kl(s, b);
    if (kl_a != kl_b) return kl_a > kl_b;
    const double variance_a = vae_latent_statistics_variance(s, a), variance_b = vae_latent_statistics_variance(s, b);
    return variance_a != variance_b ? variance_a > variance_b : a < b;
}

/* Moves order[root] down to its place in a heap of `count` whose root comes last. */
static void sift(const vae_latent_statistics *s, int64_t *order, int64_t root, int64_t count)
{
    for (int64_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && comes_before(s, order[child], order[child + 1])) ++child;
        if (!comes_before(s, order[root], order[child])) return;
        const int64_t moved = order[root];
        order[root] = order[child];
        order[child] = moved;
    }
}

/* A heap sort: qsort() takes no context, and a latent space may have a million dimensions. */
void vae_latent_statistics_order(const vae_latent_statistics *statistics, int64_t *order)
{
    const int64_t latent = statistics->latent;
    for (int64_t j = 0; j < latent; ++j)
        order[j] = j;
    for (int64_t root = latent / 2 - 1; root >= 0; --root)
        sift(statistics, order, root, latent);
    for (int64_t end = latent - 1; end > 0; --end) {
        const int64_t last = order[0];
        order[0] = order[end];
        order[end] = last;
        sift(statistics, order, 0, end);
    }
}
