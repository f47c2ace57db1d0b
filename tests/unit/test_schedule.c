/* train/schedule.c: learning rate and beta against their definitions at chosen steps. */
#include <criterion/criterion.h>
#include <math.h>

#include "train/schedule.h"

enum { STEPS_PER_EPOCH = 10, EPOCHS = 10 };

static vae_config make_config(vae_schedule schedule)
{
    vae_config config = {0};
    config.train.epochs = EPOCHS;
    config.train.learning_rate = 0.5;
    config.train.schedule = schedule;
    config.train.schedule_factor = 0.1;
    config.train.beta = 2.0;
    return config;
}

static int64_t drops; /* of schedule = plateau */

static void expect_rate(const vae_config *config, int64_t step, double expected)
{
    const double rate = vae_schedule_learning_rate(config, STEPS_PER_EPOCH, step, drops);
    cr_expect(fabs(rate - expected) <= 1e-15, "step %d: %.17g, expected %.17g", (int)step, rate, expected);
}

static void expect_beta(const vae_config *config, int64_t step, double expected)
{
    const double beta = vae_schedule_beta(config, STEPS_PER_EPOCH, step);
    cr_expect(fabs(beta - expected) <= 1e-15, "step %d: %.17g, expected %.17g", (int)step, beta, expected);
}

Test(schedule, constant)
{
    const vae_config config = make_config(VAE_SCHEDULE_CONSTANT);
    expect_rate(&config, 0, 0.5);
    expect_rate(&config, 99, 0.5);
    expect_rate(&config, 1000000, 0.5);
}

Test(schedule, warmup_rises_linearly_to_the_whole)
{
    vae_config config = make_config(VAE_SCHEDULE_CONSTANT);
    config.train.warmup_steps = 4;
    expect_rate(&config, 0, 0.125);
    expect_rate(&config, 1, 0.25);
    expect_rate(&config, 3, 0.5);
    expect_rate(&config, 4, 0.5);
}

Test(schedule, step_falls_by_the_factor)
{
    vae_config config = make_config(VAE_SCHEDULE_STEP);
    config.train.schedule_epochs = 3;
    expect_rate(&config, 0, 0.5);
    expect_rate(&config, 29, 0.5);
    expect_rate(&config, 30, 0.05);
    expect_rate(&config, 59, 0.05);
    expect_rate(&config, 60, 0.005);
}

Test(schedule, cosine_goes_from_the_whole_to_the_floor)
{
    vae_config config = make_config(VAE_SCHEDULE_COSINE);
    expect_rate(&config, 0, 0.5);
    expect_rate(&config, 50, 0.25);
    expect_rate(&config, 100, 0.0);
    expect_rate(&config, 500, 0.0);
    config.train.schedule_floor = 0.2;
    expect_rate(&config, 50, 0.3);
    expect_rate(&config, 25, 0.5 * (0.2 + 0.8 * (0.5 + 0.5 * sqrt(0.5))));
    expect_rate(&config, 100, 0.1);
}

Test(schedule, cosine_begins_after_the_warmup)
{
    vae_config config = make_config(VAE_SCHEDULE_COSINE);
    config.train.warmup_steps = 20;
    expect_rate(&config, 0, 0.025);
    expect_rate(&config, 19, 0.5);
    expect_rate(&config, 20, 0.5);
    expect_rate(&config, 60, 0.25);
    config.train.warmup_steps = 100; /* nothing left to decay over */
    expect_rate(&config, 99, 0.5);
}

Test(schedule, beta_rises_over_fractions_of_epochs)
{
    vae_config config = make_config(VAE_SCHEDULE_CONSTANT);
    expect_beta(&config, 0, 2.0);
    config.train.kl_warmup_epochs = 0.8;
    expect_beta(&config, 0, 0.0);
    expect_beta(&config, 4, 1.0);
    expect_beta(&config, 8, 2.0);
    expect_beta(&config, 80, 2.0);
}

Test(schedule, beta_rises_from_its_start)
{
    vae_config config = make_config(VAE_SCHEDULE_CONSTANT);
    config.train.kl_warmup_epochs = 1;
    config.train.beta_start = 0.5;
    expect_beta(&config, 0, 0.5);
    expect_beta(&config, 5, 1.25);
    expect_beta(&config, 10, 2.0);
    config.train.beta_start = 3.0; /* or falls */
    expect_beta(&config, 0, 3.0);
    expect_beta(&config, 4, 2.6);
    expect_beta(&config, 11, 2.0);
}

/* Of sketch-rnn: w = beta - (beta - start)·R^step. */
Test(schedule, exponential_beta_approaches_its_value)
{
    vae_config config = make_config(VAE_SCHEDULE_CONSTANT);
    config.train.kl_schedule = VAE_KL_EXPONENTIAL;
    config.train.beta_start = 0.5;
    config.train.kl_rate = 0.5;
    expect_beta(&config, 0, 0.5);
    expect_beta(&config, 1, 1.25);
    expect_beta(&config, 3, 1.8125);
    expect_beta(&config, 2000, 2.0);
    /* 0.5^6.64 is a hundredth. */
    const double full = vae_schedule_full_epochs(&config, STEPS_PER_EPOCH, 20);
    cr_expect_float_eq(full, 2.0 - log2(100.0) / STEPS_PER_EPOCH, 1e-12, "%.17g", full);
}

/* Fu et al. 2019, equation 6: M = 4 cycles of 25 steps, of which the first R = 2/5 rise. */
Test(schedule, cyclical_beta_rises_and_stays_in_each_cycle)
{
    vae_config config = make_config(VAE_SCHEDULE_CONSTANT);
    config.train.kl_schedule = VAE_KL_CYCLICAL;
    config.train.kl_cycles = 4;
    config.train.kl_rise = 0.4;
    for (int cycle = 0; cycle < 4; ++cycle) {
        expect_beta(&config, 25 * cycle, 0.0);
        expect_beta(&config, 25 * cycle + 5, 1.0);
        expect_beta(&config, 25 * cycle + 9, 1.8);
        expect_beta(&config, 25 * cycle + 10, 2.0);
        expect_beta(&config, 25 * cycle + 24, 2.0);
    }
    expect_beta(&config, 105, 2.0); /* past the end, the last cycle goes on */
    config.train.beta_start = 1.0;
    expect_beta(&config, 55, 1.5);
    /* Steps done when β has been full: 25 of a cycle, less 10. */
    cr_expect_float_eq(vae_schedule_full_epochs(&config, STEPS_PER_EPOCH, 25), 1.5, 1e-12);
    cr_expect_float_eq(vae_schedule_full_epochs(&config, STEPS_PER_EPOCH, 26), -0.9, 1e-12);
    cr_expect_float_eq(vae_schedule_full_epochs(&config, STEPS_PER_EPOCH, 100), 1.5, 1e-12);
}

Test(schedule, full_epochs_follow_the_warmup)
{
    vae_config config = make_config(VAE_SCHEDULE_CONSTANT);
    config.train.kl_warmup_epochs = 2.5;
    cr_expect_eq(vae_schedule_full_epochs(&config, STEPS_PER_EPOCH, 20), -0.5);
    cr_expect_eq(vae_schedule_full_epochs(&config, STEPS_PER_EPOCH, 40), 1.5);
}

/* Of sketch-rnn: (rate - minimum)·R^step + minimum. */
Test(schedule, exponential_rate_approaches_its_minimum)
{
    vae_config config = make_config(VAE_SCHEDULE_EXPONENTIAL);
    config.train.schedule_rate = 0.5;
    config.train.schedule_minimum = 0.1;
    expect_rate(&config, 0, 0.5);
    expect_rate(&config, 1, 0.3);
    expect_rate(&config, 3, 0.15);
    expect_rate(&config, 2000, 0.1);
    config.train.warmup_steps = 4;
    expect_rate(&config, 1, 0.15);
}

Test(schedule, plateau_falls_with_each_drop)
{
    const vae_config config = make_config(VAE_SCHEDULE_PLATEAU);
    expect_rate(&config, 0, 0.5);
    expect_rate(&config, 99, 0.5);
    drops = 1;
    expect_rate(&config, 50, 0.05);
    drops = 3;
    expect_rate(&config, 51, 0.0005);
    drops = 0;
}

/* ---- Scheduled sampling ---- */

static void expect_sampling(const vae_traits *traits, int64_t step, double expected)
{
    const double share = vae_schedule_sampling(traits, STEPS_PER_EPOCH, step);
    cr_expect(fabs(share - expected) <= 1e-15, "step %d: %.17g, expected %.17g", (int)step, share, expected);
}

Test(schedule, sampling_rises_linearly_then_stays)
{
    const vae_traits rising = {.sampling = 0.4, .sampling_epochs = 2.5}, constant = {.sampling = 0.4};
    expect_sampling(&rising, 0, 0.0);
    expect_sampling(&rising, 10, 0.16);
    expect_sampling(&rising, 25, 0.4);
    expect_sampling(&rising, 1000, 0.4);
    expect_sampling(&constant, 0, 0.4);
    expect_sampling(&(vae_traits){0}, 3, 0.0);
}
