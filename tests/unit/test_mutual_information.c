/* I(x; z) of posteriors whose mutual information is known, and which posteriors of many are kept. */
#include <criterion/criterion.h>
#include <math.h>

#include "core/random.h"
#include "model/mutual_information.h"

enum { ROWS = 512 };

static vae_posterior_sample make(int64_t latent)
{
    vae_posterior_sample sample;
    cr_assert_eq(vae_posterior_sample_create(latent, &sample), VAE_OK);
    return sample;
}

static double information_of(const vae_posterior_sample *sample)
{
    double information;
    cr_assert_eq(vae_mutual_information(sample, &information), VAE_OK);
    return information;
}

/* The posterior is the prior whatever x is: draws alone keep the estimate from 0. */
Test(mutual_information, a_collapsed_code_tells_nothing)
{
    static const float posterior[ROWS * 4];
    vae_posterior_sample sample = make(2);
    vae_posterior_sample_add(&sample, posterior, ROWS, 4);
    cr_expect_lt(fabs(information_of(&sample)), 0.15);
    vae_posterior_sample_free(&sample);
}

Test(mutual_information, codes_far_apart_tell_which_x_it_was)
{
    static float posterior[ROWS * 4];
    vae_posterior_sample sample = make(2);
    for (int i = 0; i < ROWS; ++i)
        posterior[4 * i] = 100.0f * (float)i;
    vae_posterior_sample_add(&sample, posterior, ROWS, 4);
    cr_expect_float_eq(information_of(&sample), log(ROWS), 0.15);
    vae_posterior_sample_free(&sample);
}

/* A Gaussian channel: means of variance 9, noise of variance e^-1, so ½ log(1 + 9e) nats. */
Test(mutual_information, of_a_gaussian_channel)
{
    static float posterior[ROWS * 2];
    vae_posterior_sample sample = make(1);
    for (int i = 0; i < ROWS; ++i) {
        double normal[4];
        vae_random_normal4(4, VAE_STREAM_PRIOR, 0, (uint64_t)i, normal);
        posterior[2 * i] = (float)(3.0 * normal[0]);
        posterior[2 * i + 1] = -1.0f;
    }
    vae_posterior_sample_add(&sample, posterior, ROWS, 2);
    const double information = information_of(&sample), expected = 0.5 * log(1.0 + 9.0 * M_E);
    cr_expect_float_eq(information, expected, 0.1, "%g is not %g", information, expected);
    vae_posterior_sample_free(&sample);
}

/* Of any number of rows, in any pieces, one in `stride` is kept, from the first on. */
Test(mutual_information, keeps_rows_evenly_spread)
{
    enum { MANY = 5000 };
    static float posterior[MANY * 2];
    vae_posterior_sample whole = make(1), pieces = make(1);
    for (int i = 0; i < MANY; ++i)
        posterior[2 * i] = (float)i;
    vae_posterior_sample_add(&whole, posterior, MANY, 2);
    for (int i = 0; i < MANY; i += 125)
        vae_posterior_sample_add(&pieces, posterior + 2 * i, 125, 2);
    cr_expect_eq(whole.stride, 16);
    cr_expect_eq(whole.kept, (MANY + 15) / 16);
    for (int64_t i = 0; i < whole.kept; ++i)
        cr_assert_eq(whole.rows[2 * i], (float)(16 * i));
    cr_expect_eq(information_of(&whole), information_of(&pieces));
    vae_posterior_sample_reset(&whole);
    cr_expect(isnan(information_of(&whole)));
    vae_posterior_sample_add(&whole, posterior, 3, 1); /* means alone */
    cr_expect(isnan(information_of(&whole)));
    vae_posterior_sample_free(&whole);
    vae_posterior_sample_free(&pieces);
}
