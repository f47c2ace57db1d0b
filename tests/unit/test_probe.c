/* The linear probe and the factorisation below it. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "core/cholesky.h"
#include "core/random.h"
#include "model/probe.h"

enum { COUNT = 400, LATENT = 5 };

Test(cholesky, solves_and_gives_the_determinant)
{
    double a[9] = {4, NAN, NAN, 2, 5, NAN, -2, 1, 6};
    const double whole[9] = {4, 2, -2, 2, 5, 1, -2, 1, 6}, x[3] = {1, -2, 3};
    double b[3] = {0};
    for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j)
            b[i] += whole[3 * i + j] * x[j];
    }
    cr_assert(vae_cholesky_factor(a, 3));
    cr_expect_float_eq(vae_cholesky_log_determinant(a, 3), log(4 * 29 - 2 * 14 + -2 * 12), 1e-12);
    vae_cholesky_solve(a, 3, b);
    for (int i = 0; i < 3; ++i)
        cr_expect_float_eq(b[i], x[i], 1e-12);
    double singular[4] = {1, 0, 1, 1}, negative[1] = {-1};
    cr_expect_not(vae_cholesky_factor(singular, 2));
    cr_expect_not(vae_cholesky_factor(negative, 1));
}

/* Normals; a fifth has it, those whose dimensions 1 and 3 add up to more than a noisy threshold. */
static void make_codes(double noise, float *codes, int8_t *has)
{
    for (int i = 0; i < COUNT; ++i) {
        double normal[8];
        vae_random_normal4(3, VAE_STREAM_PRIOR, 0, 2 * (uint64_t)i, normal);
        vae_random_normal4(3, VAE_STREAM_PRIOR, 0, 2 * (uint64_t)i + 1, normal + 4);
        for (int j = 0; j < LATENT; ++j)
            codes[i * LATENT + j] = (float)(normal[j] * (j + 1) + 10.0);
        has[i] = normal[1] + normal[3] + noise * normal[5] > 1.2;
    }
}

Test(probe, finds_the_plane)
{
    float codes[COUNT * LATENT];
    int8_t has[COUNT];
    make_codes(0.0, codes, has);
    vae_probe probe;
    cr_assert_eq(vae_probe_fit(codes, has, COUNT, LATENT, 1e-6, &probe), VAE_OK, "%s", vae_error_message());
    cr_expect_gt(vae_probe_balanced_accuracy(&probe, codes, has, COUNT), 0.985);
    /* Dimension 1 was stretched by 2, dimension 3 by 4. */
    cr_expect_float_eq(probe.weights[1] / probe.weights[3], 2.0, 0.1);
    cr_expect_lt(fabs(probe.weights[0] / probe.weights[3]), 0.15);
    vae_probe_free(&probe);
}

/* The derivative of the loss, written out for codes as they are, vanishes at the fit; unknown ones have no part. */
Test(probe, is_at_the_minimum)
{
    float codes[COUNT * LATENT];
    int8_t has[COUNT];
    make_codes(1.0, codes, has);
    for (int i = 0; i < COUNT; i += 7)
        has[i] = -1;
    vae_probe probe;
    cr_assert_eq(vae_probe_fit(codes, has, COUNT, LATENT, 1e-9, &probe), VAE_OK, "%s", vae_error_message());
    double members[2] = {0, 0}, gradient[LATENT + 1] = {0};
    for (int i = 0; i < COUNT; ++i) {
        if (has[i] >= 0) ++members[has[i]];
    }
    for (int i = 0; i < COUNT; ++i) {
        if (has[i] < 0) continue;
        const double p = 1.0 / (1.0 + exp(-vae_probe_score(&probe, codes + i * LATENT)));
        for (int j = 0; j <= LATENT; ++j)
            gradient[j] += (p - has[i]) * 0.5 / members[has[i]] * (j < LATENT ? (double)codes[i * LATENT + j] : 1.0);
    }
    for (int j = 0; j <= LATENT; ++j)
        cr_expect_float_eq(gradient[j], 0.0, 1e-6, "dimension %d: %g", j, gradient[j]);
    vae_probe_free(&probe);
}

Test(probe, both_classes_weigh_the_same)
{
    /* On a line: nine of ten have it not; the plane lies in the middle all the same. */
    float codes[20];
    int8_t has[20];
    for (int i = 0; i < 20; ++i) {
        has[i] = i >= 18;
        codes[i] = (has[i] ? 1.0f : -1.0f) + (i % 2 ? 0.5f : -0.5f);
    }
    vae_probe probe;
    cr_assert_eq(vae_probe_fit(codes, has, 20, 1, 1.0, &probe), VAE_OK);
    cr_expect_float_eq(vae_probe_score(&probe, (const float[]){0.0f}), 0.0, 1e-7);
    /* A guess of the common class is right nine times of ten, which counts as one half. */
    probe.weights[0] = 0.0;
    probe.weights[1] = -1.0;
    cr_expect_float_eq(vae_probe_balanced_accuracy(&probe, codes, has, 20), 0.5, 1e-12);
    vae_probe_free(&probe);
}

Test(probe, parted_classes_constant_dimensions_and_single_classes)
{
    const float codes[] = {5, -1, 5, -2, 5, 1, 5, 2};
    int8_t has[] = {0, 0, 1, 1};
    vae_probe probe;
    cr_assert_eq(vae_probe_fit(codes, has, 4, 2, 1e-9, &probe), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(vae_probe_balanced_accuracy(&probe, codes, has, 4), 1.0);
    cr_expect_eq(probe.weights[0], 0.0);
    vae_probe_free(&probe);
    memset(has, 0, sizeof has);
    cr_expect_eq(vae_probe_fit(codes, has, 4, 2, 1e-3, &probe), VAE_ERROR_ARGUMENT);
    cr_expect_null(probe.weights);
}
