/* Gaussian mixtures: known ones are found again, samples have their moments, and nothing depends on threads. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "model/mixture.h"

enum { COUNT = 3001, LATENT = 2 };

/* Thirds: round (-4, 0) with deviation 1/2; round (4, 1) with covariance [[1, 0.8], [0.8, 1]] for two of three. */
static float *make_codes(void)
{
    float *codes = calloc(COUNT * LATENT, sizeof *codes);
    for (int i = 0; i < COUNT; ++i) {
        double normal[4];
        vae_random_normal4(9, VAE_STREAM_PRIOR, 0, (uint64_t)i, normal);
        const bool left = i % 3 == 0;
        codes[2 * i] = (float)(left ? -4.0 + 0.5 * normal[0] : 4.0 + normal[0]);
        codes[2 * i + 1] = (float)(left ? 0.5 * normal[1] : 1.0 + 0.8 * normal[0] + 0.6 * normal[1]);
    }
    return codes;
}

static vae_mixture fit(const float *codes, int64_t count, vae_mixture_options options)
{
    vae_mixture mixture;
    cr_assert_eq(vae_mixture_fit(codes, count, LATENT, &options, &mixture), VAE_OK, "%s", vae_error_message());
    return mixture;
}

static double covariance(const vae_mixture *m, int k, int row, int column)
{
    const double *factor = m->factors + k * LATENT * LATENT;
    double sum = 0.0;
    for (int l = 0; l <= (row < column ? row : column); ++l)
        sum += factor[row * LATENT + l] * factor[column * LATENT + l];
    return sum;
}

Test(mixture, finds_what_the_codes_were_drawn_from)
{
    float *codes = make_codes();
    vae_mixture m = fit(codes, COUNT, vae_mixture_defaults(2, 1));
    const int left = m.means[0] > 0.0, right = 1 - left;
    cr_expect_float_eq(m.weights[left], 1.0 / 3.0, 0.002);
    cr_expect_float_eq(m.weights[0] + m.weights[1], 1.0, 1e-12);
    cr_expect_float_eq(m.means[2 * left], -4.0, 0.06);
    cr_expect_float_eq(m.means[2 * left + 1], 0.0, 0.06);
    cr_expect_float_eq(m.means[2 * right], 4.0, 0.08);
    cr_expect_float_eq(m.means[2 * right + 1], 1.0, 0.08);
    cr_expect_float_eq(covariance(&m, left, 0, 0), 0.25, 0.03);
    cr_expect_float_eq(covariance(&m, left, 1, 0), 0.0, 0.03);
    cr_expect_float_eq(covariance(&m, right, 1, 1), 1.0, 0.08);
    cr_expect_float_eq(covariance(&m, right, 1, 0), 0.8, 0.08);
    /* Far apart, the density of each is its own: minus the entropies, and that of the choice. */
    const double entropy =
        log(2.0 * M_PI * M_E) + log(1.0 / 3.0) / -3.0 + 2.0 / 3.0 * log(1.5) + (log(0.25) + 2.0 * log(0.6)) / 3.0;
    cr_expect_float_eq(m.log_density, -entropy, 0.05, "%g is not %g", m.log_density, -entropy);
    vae_mixture_free(&m);
    free(codes);
}

Test(mixture, one_component_is_the_codes_own_moments)
{
    float *codes = make_codes();
    vae_mixture m = fit(codes, COUNT, vae_mixture_defaults(1, 1));
    double mean[2] = {0}, square[3] = {0};
    for (int i = 0; i < COUNT; ++i) {
        for (int j = 0; j < 2; ++j)
            mean[j] += (double)codes[2 * i + j] / COUNT;
    }
    for (int i = 0; i < COUNT; ++i) {
        const double x = (double)codes[2 * i] - mean[0], y = (double)codes[2 * i + 1] - mean[1];
        square[0] += x * x / COUNT;
        square[1] += x * y / COUNT;
        square[2] += y * y / COUNT;
    }
    cr_expect_float_eq(m.means[0], mean[0], 1e-9);
    cr_expect_float_eq(covariance(&m, 0, 0, 0), square[0] + 1e-6, 1e-9);
    cr_expect_float_eq(covariance(&m, 0, 0, 1), square[1], 1e-9);
    cr_expect_float_eq(covariance(&m, 0, 1, 1), square[2] + 1e-6, 1e-9);
    vae_mixture_free(&m);
    free(codes);
}

Test(mixture, density_rises_and_threads_do_not_matter)
{
    float *codes = make_codes();
    vae_mixture_options options = vae_mixture_defaults(5, 7);
    double before = -INFINITY;
    options.tolerance = 0.0;
    for (options.iterations = 1; options.iterations <= 9; options.iterations += 2) {
        options.threads = 1;
        vae_mixture one = fit(codes, COUNT, options);
        options.threads = 3;
        vae_mixture three = fit(codes, COUNT, options);
        cr_expect_gt(one.log_density, before - 1e-9);
        before = one.log_density;
        const size_t numbers = 5 * (2 + LATENT + LATENT * LATENT);
        cr_expect_eq(memcmp(one.weights, three.weights, numbers * sizeof *one.weights), 0);
        vae_mixture_free(&one);
        vae_mixture_free(&three);
    }
    free(codes);
}

Test(mixture, samples_have_its_moments_and_are_functions_of_row_and_seed)
{
    enum { DRAWS = 20000 };
    float *codes = make_codes(), *drawn = calloc(DRAWS * LATENT, sizeof *drawn), few[10 * LATENT], other[10 * LATENT];
    vae_mixture m = fit(codes, COUNT, vae_mixture_defaults(2, 1));
    cr_assert_eq(vae_mixture_sample(&m, 5, 1.0, 0, DRAWS, drawn), VAE_OK);
    double left = 0.0, mean = 0.0, cross = 0.0, square = 0.0;
    for (int i = 0; i < DRAWS; ++i)
        left += drawn[2 * i] < 0.0f;
    cr_expect_float_eq(left / DRAWS, 1.0 / 3.0, 0.015);
    for (int i = 0; i < DRAWS; ++i) {
        if (drawn[2 * i] < 0.0f) continue;
        mean += (double)drawn[2 * i] / (DRAWS - left);
        square += pow((double)drawn[2 * i] - 4.0, 2) / (DRAWS - left);
        cross += ((double)drawn[2 * i] - 4.0) * ((double)drawn[2 * i + 1] - 1.0) / (DRAWS - left);
    }
    cr_expect_float_eq(mean, 4.0, 0.1);
    cr_expect_float_eq(square, 1.0, 0.1);
    cr_expect_float_eq(cross, 0.8, 0.1);
    vae_mixture_sample(&m, 5, 1.0, 0, 10, few);
    cr_expect_eq(memcmp(few, drawn, sizeof few), 0);
    vae_mixture_sample(&m, 6, 1.0, 0, 10, other);
    cr_expect_neq(memcmp(few, other, sizeof few), 0);
    /* Without temperature only the means are left. */
    vae_mixture_sample(&m, 5, 0.0, 0, 10, other);
    for (int i = 0; i < 10; ++i) {
        const int k = fabs((double)other[2 * i] - m.means[0]) > 1e-3;
        cr_expect_float_eq((double)other[2 * i], m.means[2 * k], 1e-5);
        cr_expect_eq(few[2 * i] < 0.0f, other[2 * i] < 0.0f);
    }
    vae_mixture_free(&m);
    free(codes);
    free(drawn);
}

Test(mixture, odd_codes)
{
    /* The same code many times over: empty components, and covariances that only the regularisation keeps. */
    float codes[40] = {0};
    vae_mixture m = fit(codes, 20, vae_mixture_defaults(4, 3));
    double sum = 0.0;
    for (int k = 0; k < 4; ++k)
        sum += m.weights[k];
    cr_expect_float_eq(sum, 1.0, 1e-12);
    cr_expect(isfinite(m.log_density));
    float drawn[20];
    cr_assert_eq(vae_mixture_sample(&m, 1, 1.0, 0, 10, drawn), VAE_OK);
    for (int i = 0; i < 20; ++i)
        cr_expect_lt(fabs((double)drawn[i]), 0.01);
    vae_mixture_free(&m);
    const vae_mixture_options options = vae_mixture_defaults(4, 3);
    cr_expect_eq(vae_mixture_fit(codes, 3, LATENT, &options, &m), VAE_ERROR_ARGUMENT);
    cr_expect_null(m.weights);
    codes[5] = NAN;
    cr_expect_eq(vae_mixture_fit(codes, 20, LATENT, &options, &m), VAE_ERROR_NUMERIC);
    cr_expect_null(m.weights);
}
