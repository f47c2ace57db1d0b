/* When a run is told that its code has collapsed, and when it is too early to say. */
#include <criterion/criterion.h>

#include "train/collapse.h"

static vae_design design;
static vae_latent_statistics nothing; /* no images held out */

static void setup(void)
{
    design = (vae_design){.traits = {.latent = 10, .has_posterior = true, .fits_decoder = true}};
    vae_config_defaults(&design.config);
}

TestSuite(collapse, .init = setup);

static bool seen(int64_t epoch, int64_t step, double kl, bool last)
{
    const vae_metrics_line line = {.epoch = epoch, .step = step, .kl = kl};
    return vae_collapse_seen(&design, &line, &nothing, last);
}

Test(collapse, is_told_where_there_is_enough_to_judge_by)
{
    cr_expect(seen(3, 60, 0.05, false));
    cr_expect(seen(1, 60, 0.05, true));
    cr_expect_not(seen(2, 60, 0.05, false), "slow starts recover");
    cr_expect_not(seen(3, 49, 0.05, true), "hardly a step was taken");
    cr_expect_not(seen(3, 60, 0.2, true), "a fiftieth of a nat a dimension");
}

Test(collapse, waits_for_the_full_weight)
{
    design.config.train.kl_warmup_epochs = 4.5;
    cr_expect_not(seen(5, 500, 0.0, true));
    cr_expect(seen(6, 600, 0.0, true));
    cr_expect_not(seen(7, 700, 0.0, false));
    cr_expect(seen(8, 800, 0.0, false));
}

/* In a cycle that rises again nothing is judged. */
Test(collapse, waits_for_the_full_weight_of_a_cycle)
{
    design.config.train.epochs = 20; /* two cycles of 10, whose first 5 rise */
    design.config.train.kl_schedule = VAE_KL_CYCLICAL;
    design.config.train.kl_cycles = 2;
    cr_expect_not(seen(7, 700, 0.0, false));
    cr_expect(seen(8, 800, 0.0, false));
    cr_expect_not(seen(12, 1200, 0.0, true));
    cr_expect(seen(20, 2000, 0.0, true));
}

Test(collapse, needs_a_kl_term_and_a_reconstruction)
{
    design.config.train.beta = 0;
    cr_expect_not(seen(9, 900, 0.0, true));
    design.config.train.beta = 1;
    design.traits.fits_decoder = false;
    cr_expect_not(seen(9, 900, 0.0, true));
    design.traits = (vae_traits){.latent = 10, .fits_decoder = true};
    cr_expect_not(seen(9, 900, 0.0, true));
}

Test(collapse, goes_by_active_dimensions_where_images_are_held_out)
{
    const float still[] = {0.5f, 0.0f, 0.5f, 0.0f}, moving[] = {-0.5f, 0.0f, 0.5f, 0.0f};
    const vae_metrics_line line = {.epoch = 9, .step = 900, .kl = 0.0};
    vae_latent_statistics latent;
    design.traits.latent = 1;
    cr_assert_eq(vae_latent_statistics_create(1, &latent), VAE_OK);
    vae_latent_statistics_add_posterior(&latent, still, 2, 2);
    cr_expect(vae_collapse_seen(&design, &line, &latent, false));
    vae_latent_statistics_reset(&latent);
    vae_latent_statistics_add_posterior(&latent, moving, 2, 2);
    cr_expect_not(vae_collapse_seen(&design, &line, &latent, false));
    vae_latent_statistics_free(&latent);
}
