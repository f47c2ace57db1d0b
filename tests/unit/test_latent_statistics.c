/* Statistics of each latent dimension, against numbers worked out by hand and by two passes. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "core/random.h"
#include "model/latent_statistics.h"

static vae_latent_statistics make(int64_t latent)
{
    vae_latent_statistics statistics;
    cr_assert_eq(vae_latent_statistics_create(latent, &statistics), VAE_OK);
    return statistics;
}

Test(latent_statistics, by_hand)
{
    /* Means (1, 0.05), (3, -0.05); variances (1, e), (e^2, 1). */
    const float rows[] = {1.0f, 0.05f, 0.0f, 1.0f, 3.0f, -0.05f, 2.0f, 0.0f};
    vae_latent_statistics s = make(2);
    vae_latent_statistics_add_posterior(&s, rows, 2, 4);
    cr_expect_float_eq(vae_latent_statistics_mean(&s, 0), 2.0, 1e-12);
    cr_expect_float_eq(vae_latent_statistics_mean(&s, 1), 0.0, 1e-12);
    cr_expect_float_eq(vae_latent_statistics_variance(&s, 0), 1.0, 1e-12);
    cr_expect_float_eq(vae_latent_statistics_variance(&s, 1), 0.0025, 1e-9);
    cr_expect_float_eq(vae_latent_statistics_kl(&s, 0), 0.5 * (0.5 + 0.5 * (9.0 + exp(2.0) - 1.0 - 2.0)), 1e-12);
    cr_expect_float_eq(vae_latent_statistics_kl(&s, 1), 0.5 * (0.5 * (0.0025 + M_E - 2.0) + 0.5 * 0.0025), 1e-8);
    cr_expect_eq(vae_latent_statistics_active(&s), 1);
    vae_latent_statistics_reset(&s);
    vae_latent_statistics_add_posterior(&s, rows, 1, 4);
    cr_expect_eq(vae_latent_statistics_mean(&s, 0), 1.0);
    cr_expect_eq(vae_latent_statistics_active(&s), 0);
    vae_latent_statistics_free(&s);
}

Test(latent_statistics, far_from_zero_and_in_pieces)
{
    enum { ROWS = 1000 };
    float rows[ROWS];
    double mean = 0.0, variance = 0.0;
    for (int i = 0; i < ROWS; ++i) {
        double normal[4];
        vae_random_normal4(1, VAE_STREAM_PRIOR, 0, (uint64_t)i, normal);
        rows[i] = (float)(1e6 + normal[0]);
        mean += (double)rows[i] / ROWS;
    }
    for (int i = 0; i < ROWS; ++i)
        variance += pow((double)rows[i] - mean, 2) / ROWS;
    vae_latent_statistics s = make(1);
    vae_latent_statistics_add(&s, rows, NULL, 0);
    vae_latent_statistics_add(&s, rows, NULL, 700);
    vae_latent_statistics_add(&s, rows + 700, NULL, 300);
    cr_expect_float_eq(vae_latent_statistics_mean(&s, 0), mean, 1e-8);
    cr_expect_float_eq(vae_latent_statistics_variance(&s, 0), variance, 1e-9);
    cr_expect_eq(vae_latent_statistics_kl(&s, 0), 0.0, "means alone have no KL");
    vae_latent_statistics_free(&s);
}

Test(latent_statistics, order)
{
    enum { LATENT = 37 };
    float row[2 * LATENT] = {0};
    int64_t order[LATENT];
    for (int j = 0; j < LATENT; ++j)
        row[j] = (float)(j * 17 % 31); /* some twice */
    vae_latent_statistics s = make(LATENT);
    vae_latent_statistics_add(&s, row, row + LATENT, 1);
    vae_latent_statistics_order(&s, order);
    bool seen[LATENT] = {false};
    for (int i = 0; i < LATENT; ++i) {
        seen[order[i]] = true;
        if (i == 0) continue;
        const float before = row[order[i - 1]], now = row[order[i]];
        cr_expect(before > now || (before == now && order[i - 1] < order[i]), "place %d", i);
    }
    for (int j = 0; j < LATENT; ++j)
        cr_expect(seen[j]);
    vae_latent_statistics_free(&s);
}
