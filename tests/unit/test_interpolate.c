/* model/interpolate.c: straight lines and great arcs between codes, and the cases where there is no one arc. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "model/interpolate.h"

static double dot(const float *a, const float *b, int64_t latent)
{
    double sum = 0.0;
    for (int64_t j = 0; j < latent; ++j)
        sum += (double)a[j] * (double)b[j];
    return sum;
}

static double length_of(const float *a, int64_t latent)
{
    return sqrt(dot(a, a, latent));
}

static double angle_between(const float *a, const float *b, int64_t latent)
{
    return acos(fmax(-1.0, fmin(1.0, dot(a, b, latent) / (length_of(a, latent) * length_of(b, latent)))));
}

static void expect_near(const float *found, const float *expected, int64_t latent, double tolerance, const char *what)
{
    for (int64_t j = 0; j < latent; ++j) {
        cr_expect(fabs((double)found[j] - (double)expected[j]) <= tolerance, "%s: [%d] is %.9g instead of %.9g", what,
                  (int)j, (double)found[j], (double)expected[j]);
    }
}

static const float general_a[] = {0.3f, -1.2f, 0.7f, 2.0f, -0.1f}, general_b[] = {-1.0f, 0.4f, 0.9f, 0.2f, 1.5f};

Test(interpolate, a_line_goes_straight)
{
    const float from[] = {1.0f, -2.0f, 0.0f}, to[] = {3.0f, 2.0f, 0.0f};
    const float quarter[] = {1.5f, -1.0f, 0.0f};
    float code[3];
    vae_interpolate_linear(from, to, 3, 0.25, code);
    expect_near(code, quarter, 3, 0.0, "a quarter");
}

Test(interpolate, both_begin_and_end_at_the_codes_themselves)
{
    float code[5];
    vae_interpolate_linear(general_a, general_b, 5, 0.0, code);
    cr_expect_eq(memcmp(code, general_a, sizeof code), 0);
    vae_interpolate_linear(general_a, general_b, 5, 1.0, code);
    cr_expect_eq(memcmp(code, general_b, sizeof code), 0);
    vae_interpolate_spherical(general_a, general_b, 5, 0.0, code);
    cr_expect_eq(memcmp(code, general_a, sizeof code), 0);
    vae_interpolate_spherical(general_a, general_b, 5, 1.0, code);
    cr_expect_eq(memcmp(code, general_b, sizeof code), 0);
}

Test(interpolate, an_arc_between_axes_is_known)
{
    const float from[] = {2.0f, 0.0f}, to[] = {0.0f, 2.0f};
    float code[2];
    vae_interpolate_spherical(from, to, 2, 1.0 / 3.0, code);
    cr_expect_float_eq((double)code[0], sqrt(3.0), 1e-6);
    cr_expect_float_eq((double)code[1], 1.0, 1e-6);
}

Test(interpolate, an_arc_turns_evenly_and_its_length_changes_evenly)
{
    const double angle = angle_between(general_a, general_b, 5);
    const double first = length_of(general_a, 5), last = length_of(general_b, 5);
    for (int i = 1; i < 16; ++i) {
        const double t = i / 16.0;
        float code[5];
        vae_interpolate_spherical(general_a, general_b, 5, t, code);
        cr_expect_float_eq(angle_between(general_a, code, 5), t * angle, 1e-6);
        cr_expect_float_eq(angle_between(code, general_b, 5), (1.0 - t) * angle, 1e-6);
        cr_expect_float_eq(length_of(code, 5), (1.0 - t) * first + t * last, 1e-6);
    }
}

Test(interpolate, an_arc_is_the_same_backwards)
{
    for (int i = 0; i <= 10; ++i) {
        float there[5], back[5];
        vae_interpolate_spherical(general_a, general_b, 5, i / 10.0, there);
        vae_interpolate_spherical(general_b, general_a, 5, 1.0 - i / 10.0, back);
        expect_near(there, back, 5, 1e-6, "backwards");
    }
}

Test(interpolate, the_same_direction_gives_a_line)
{
    float longer[5], close[5];
    for (int j = 0; j < 5; ++j) {
        longer[j] = 3.0f * general_a[j];
        close[j] = general_a[j] * (1.0f + (j % 2 ? 1e-6f : -1e-6f));
    }
    for (int i = 0; i <= 8; ++i) {
        float arc[5], line[5];
        vae_interpolate_spherical(general_a, longer, 5, i / 8.0, arc);
        vae_interpolate_linear(general_a, longer, 5, i / 8.0, line);
        expect_near(arc, line, 5, 1e-6, "the same direction");
        vae_interpolate_spherical(general_a, close, 5, i / 8.0, arc);
        vae_interpolate_linear(general_a, close, 5, i / 8.0, line);
        expect_near(arc, line, 5, 1e-6, "nearly the same direction");
        vae_interpolate_spherical(general_a, general_a, 5, i / 8.0, arc);
        expect_near(arc, general_a, 5, 1e-6, "the same code");
    }
}

Test(interpolate, zero_has_no_direction)
{
    const float zero[5] = {0};
    float code[5], half[5];
    for (int j = 0; j < 5; ++j)
        half[j] = 0.5f * general_a[j];
    vae_interpolate_spherical(zero, general_a, 5, 0.5, code);
    expect_near(code, half, 5, 0.0, "from zero");
    vae_interpolate_spherical(general_a, zero, 5, 0.5, code);
    expect_near(code, half, 5, 0.0, "to zero");
    vae_interpolate_spherical(zero, zero, 5, 0.5, code);
    expect_near(code, zero, 5, 0.0, "zero to zero");
}

Test(interpolate, opposite_codes_go_round_and_not_through_zero)
{
    float opposite[5];
    for (int j = 0; j < 5; ++j)
        opposite[j] = -2.0f * general_a[j];
    const double length = length_of(general_a, 5);
    for (int i = 0; i <= 8; ++i) {
        const double t = i / 8.0;
        float code[5], again[5];
        vae_interpolate_spherical(general_a, opposite, 5, t, code);
        vae_interpolate_spherical(general_a, opposite, 5, t, again);
        cr_expect_eq(memcmp(code, again, sizeof code), 0);
        cr_expect_float_eq(length_of(code, 5), (1.0 + t) * length, 1e-6);
        /* acos loses half the digits at the ends. */
        cr_expect_float_eq(angle_between(general_a, code, 5), t * M_PI, 1e-3);
    }
}

Test(interpolate, nearly_opposite_codes_keep_their_own_arc)
{
    /* It goes by way of -y, though the axis that opposite codes would go by is +y. */
    const float from[] = {1.0f, 0.0f}, to[] = {-1.0f, -1e-5f}, half[] = {5e-6f, -1.0f};
    float code[2];
    vae_interpolate_spherical(from, to, 2, 0.5, code);
    expect_near(code, half, 2, 1e-7, "half-way");
    vae_interpolate_spherical(from, to, 2, 1.0, code);
    expect_near(code, to, 2, 0.0, "the end");
    /* Too near to opposite to have an arc of its own, it still ends where it should. */
    const float nearer[] = {-1.0f, -5e-8f};
    vae_interpolate_spherical(from, nearer, 2, 1.0, code);
    expect_near(code, nearer, 2, 0.0, "the end of one that goes by way of an axis");
}

Test(interpolate, one_dimension_has_no_arcs)
{
    const float from[] = {2.0f}, to[] = {-2.0f}, longer[] = {6.0f};
    float code[1];
    vae_interpolate_spherical(from, to, 1, 0.25, code);
    cr_expect_float_eq((double)code[0], 1.0, 1e-6);
    vae_interpolate_spherical(from, longer, 1, 0.25, code);
    cr_expect_float_eq((double)code[0], 3.0, 1e-6);
}

Test(interpolate, long_and_short_codes_do_not_overflow)
{
    const float lengths[] = {1e-40f, 1e-30f, 1e30f, 3e38f};
    for (int i = 0; i < 4; ++i) {
        const float from[] = {lengths[i], 0.0f}, to[] = {0.0f, lengths[i]};
        float code[2];
        vae_interpolate_spherical(from, to, 2, 0.5, code);
        const double expected = (double)lengths[i] * sqrt(0.5);
        cr_expect_float_eq((double)code[0], expected, 1e-5 * expected);
        cr_expect_float_eq((double)code[1], expected, 1e-5 * expected);
    }
}
