/* From times of single steps to a measurement: parts add up, and what disturbs some steps is left out. */
#include <criterion/criterion.h>
#include <math.h>

#include "backend/measurement.h"

enum { REPEATS = 40, PARTS = 3 };

static vae_step_times make_times(void)
{
    vae_step_times times;
    cr_assert_eq(vae_step_times_create(REPEATS, REPEATS, PARTS, &times), VAE_OK);
    for (int64_t i = 0; i < REPEATS; ++i) {
        times.whole[i] = 6.0;
        for (int k = 0; k < PARTS; ++k)
            times.each[i * PARTS + k] = k + 1;
    }
    return times;
}

static void expect(double value, double wanted)
{
    cr_expect_leq(fabs(value - wanted), 1e-12 * wanted, "%g, not %g", value, wanted);
}

Test(measurement, steps_that_were_disturbed_do_not_count)
{
    vae_step_times times = make_times();
    /* A few far too long, a few too short, in different places. */
    for (int64_t i = 0; i < REPEATS / 5; ++i) {
        times.whole[5 * i] = i % 2 ? 1e6 : 0.1;
        times.each[(5 * i + 1) * PARTS + i % PARTS] = 1e6;
    }
    vae_measurement m;
    cr_assert_eq(vae_measurement_create(&times, &m), VAE_OK);
    expect(m.step_seconds, 6.0);
    expect(m.step_median_seconds, 6.0);
    cr_expect_eq(m.count, PARTS);
    cr_expect_eq(m.repeats, REPEATS);
    cr_expect(isnan(m.replay_seconds) && isnan(m.event_seconds));
    for (int k = 0; k < PARTS; ++k) {
        expect(m.parts[k].seconds, k + 1);
        expect(m.parts[k].median_seconds, k + 1);
    }
    vae_measurement_free(&m);
    vae_step_times_free(&times);
}

Test(measurement, parts_add_up_where_every_step_is_disturbed_in_another_part)
{
    vae_step_times times = make_times();
    for (int64_t i = 0; i < REPEATS; ++i) {
        times.whole[i] += 9.0;
        times.each[i * PARTS + i % PARTS] += 9.0;
    }
    vae_measurement m;
    cr_assert_eq(vae_measurement_create(&times, &m), VAE_OK);
    double sum = 0.0, medians = 0.0;
    for (int k = 0; k < PARTS; ++k) {
        sum += m.parts[k].seconds;
        medians += m.parts[k].median_seconds;
    }
    expect(m.step_seconds, 15.0);
    expect(sum, 15.0);
    /* Which is why medians are not what is added up. */
    expect(medians, 6.0);
    vae_measurement_free(&m);
    vae_step_times_free(&times);
}

Test(measurement, one_step_is_enough)
{
    vae_step_times times;
    vae_measurement m;
    cr_assert_eq(vae_step_times_create(1, 1, 1, &times), VAE_OK);
    times.whole[0] = 2.0;
    times.replays[0] = 1.25;
    times.each[0] = 1.5;
    cr_assert_eq(vae_measurement_create(&times, &m), VAE_OK);
    expect(m.step_seconds, 2.0);
    expect(m.replay_seconds, 1.25);
    expect(m.parts[0].seconds, 1.5);
    vae_measurement_free(&m);
    vae_step_times_free(&times);
}
