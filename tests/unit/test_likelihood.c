/* program/likelihood.c: widths, what is refused, floors, bits, and the running mean of the shared variance. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <vae/status.h>

#include "program/likelihood.h"
#include "program/shared_variance.h"

static vae_likelihood_options options_of(vae_likelihood family, int64_t channels)
{
    return (vae_likelihood_options){
        .family = family, .channels = channels, .variance = 1, .scale = 1.0 / 255, .mixtures = 5};
}

Test(likelihood, width)
{
    const struct {
        vae_likelihood family;
        int64_t grey, colour;
    } cases[] = {
        {VAE_LIKELIHOOD_BERNOULLI, 1, 3},          {VAE_LIKELIHOOD_GAUSSIAN_SHARED, 1, 3},
        {VAE_LIKELIHOOD_GAUSSIAN_PIXEL, 2, 6},     {VAE_LIKELIHOOD_LAPLACE, 2, 6},
        {VAE_LIKELIHOOD_CATEGORICAL, 256, 768},    {VAE_LIKELIHOOD_LOGISTIC, 2, 6},
        {VAE_LIKELIHOOD_LOGISTIC_MIXTURE, 15, 50}, {VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI, 1, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        const vae_likelihood_options grey = options_of(cases[i].family, 1), colour = options_of(cases[i].family, 3);
        cr_assert_eq(vae_likelihood_width(&grey), cases[i].grey, "%s", vae_likelihood_name(cases[i].family));
        cr_assert_eq(vae_likelihood_width(&colour), cases[i].colour, "%s", vae_likelihood_name(cases[i].family));
    }
}

static void expect_refused(vae_likelihood_options options, const char *word)
{
    cr_assert_eq(vae_likelihood_check(&options), VAE_ERROR_CONFIG, "%s", word);
    cr_assert_not_null(strstr(vae_error_message(), word), "%s", vae_error_message());
}

Test(likelihood, check_refuses_what_a_family_cannot_do)
{
    for (int64_t channels = 0; channels <= 5; ++channels) {
        const vae_likelihood_options mixture = options_of(VAE_LIKELIHOOD_LOGISTIC_MIXTURE, channels);
        if (channels == 1 || channels == 3) {
            cr_assert_eq(vae_likelihood_check(&mixture), VAE_OK, "%s", vae_error_message());
        } else {
            expect_refused(mixture, "channels");
        }
    }
    vae_likelihood_options options = options_of(VAE_LIKELIHOOD_LOGISTIC_MIXTURE, 1);
    options.mixtures = 0;
    expect_refused(options, "mixtures");
    options = options_of(VAE_LIKELIHOOD_GAUSSIAN, 1);
    options.variance = 0;
    expect_refused(options, "variance");
    options = options_of(VAE_LIKELIHOOD_LOGISTIC, 1);
    options.scale = 0;
    expect_refused(options, "levels");
}

Test(likelihood, bits_per_dimension)
{
    const vae_likelihood_options categorical = options_of(VAE_LIKELIHOOD_CATEGORICAL, 1);
    cr_assert_float_eq(vae_likelihood_bits_per_dimension(&categorical, 10 * log(256), 10), 8, 1e-12);
    /* A density of 1 over [0, 1] gives each of 255 widths of a level one part in 255. */
    const vae_likelihood_options flat = options_of(VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI, 1);
    cr_assert_float_eq(vae_likelihood_bits_per_dimension(&flat, 0, 10), log2(255), 1e-12);
    const vae_likelihood_options bernoulli = options_of(VAE_LIKELIHOOD_BERNOULLI, 1);
    const vae_likelihood_options mse = options_of(VAE_LIKELIHOOD_MSE, 1);
    cr_assert(isnan(vae_likelihood_bits_per_dimension(&bernoulli, 100, 10)));
    cr_assert(isnan(vae_likelihood_bits_per_dimension(&mse, 100, 10)));
}

Test(likelihood, shared_variance_has_a_floor)
{
    const vae_likelihood_options options = options_of(VAE_LIKELIHOOD_GAUSSIAN_SHARED, 1);
    const double floor = vae_likelihood_floor(&options);
    cr_assert_float_eq(vae_shared_variance(6, 12, floor), 0.5, 1e-12);
    cr_assert_float_eq(vae_shared_variance(0, 12, floor), 1.0 / (255 * 255), 1e-12);
    cr_assert(isnan(vae_shared_variance(NAN, 12, floor)));
}

/* Exponential smoothing from zero, divided by what its weights add up to. */
Test(likelihood, running_variance_is_the_corrected_mean)
{
    double log_variance = 3, sum = 0, weights = 0;
    for (int step = 1; step <= 500; ++step) {
        const double variance = 0.2 + 0.1 * sin(step);
        sum = 0.95 * sum + 0.05 * variance;
        weights = 0.95 * weights + 0.05;
        log_variance = vae_running_log_variance(log_variance, variance, (uint64_t)step);
        cr_assert_float_eq(exp(log_variance), sum / weights, 1e-10, "step %d", step);
    }
    cr_assert_eq(vae_running_log_variance(log_variance, NAN, 501), log_variance);
    cr_assert_eq(vae_running_log_variance(log_variance, INFINITY, 501), log_variance);
}
