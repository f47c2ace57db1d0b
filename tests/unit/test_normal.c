/* The normal distribution against values computed with 60 digits (mpmath). */
#include <criterion/criterion.h>
#include <math.h>

#include "core/normal.h"

typedef struct pair {
    double from, to;
} pair;

Test(normal, quantile)
{
    static const pair cases[] = {
        {0.5, 0.0},
        {0.25, -0.6744897501960817432},
        {0.75, 0.6744897501960817432},
        {0.025, -1.9599639845400542118},
        {0.4, -0.25334710313579974132},
        {0.6, 0.25334710313579974132},
        {0.0013, -3.0114537584997840363},
        {0.999, 3.0902323061678132778},
        {1e-10, -6.3613409024040561991},
        {0.9999999999, 6.3613408896974218642},
        {1e-100, -21.273453560965324294},
        {1e-300, -37.047096299361199237},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        const double found = vae_normal_quantile(cases[i].from);
        cr_expect(fabs(found - cases[i].to) <= 1e-14 * fmax(1.0, fabs(cases[i].to)), "quantile(%g) is %.17g, not %.17g",
                  cases[i].from, found, cases[i].to);
    }
}

Test(normal, quantile_ends)
{
    cr_expect_eq(vae_normal_quantile(0.0), -INFINITY);
    cr_expect_eq(vae_normal_quantile(1.0), INFINITY);
    cr_expect(isnan(vae_normal_quantile(-1e-9)));
    cr_expect(isnan(vae_normal_quantile(1.0 + 1e-9)));
    cr_expect(isnan(vae_normal_quantile(NAN)));
    /* The smallest and the largest double inside (0, 1); the former's cdf has no digits. */
    cr_expect_float_eq(vae_normal_quantile(4.9406564584124654e-324), -38.467405617144346, 0.02);
    cr_expect_float_eq(vae_normal_quantile(1.0 - 0x1p-53), 8.2095361516013869, 1e-12);
}

Test(normal, cdf)
{
    static const pair cases[] = {
        {0.0, 0.5},
        {1.0, 0.84134474606854294859},
        {-1.0, 0.15865525393145705141},
        {2.5, 0.99379033467422386483},
        {-6.0, 9.865876450376981407e-10},
        {-10.0, 7.619853024160526066e-24},
        {-37.0, 5.7255712225245768227e-300},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        const double found = vae_normal_cdf(cases[i].from);
        cr_expect(fabs(found - cases[i].to) <= 1e-12 * cases[i].to, "cdf(%g) is %.17g, not %.17g", cases[i].from, found,
                  cases[i].to);
    }
}

Test(normal, quantile_inverts_cdf_and_rises)
{
    double last = -INFINITY;
    for (int i = 1; i < 4000; ++i) {
        const double u = i / 4000.0, z = vae_normal_quantile(u);
        cr_assert_gt(z, last, "not above its predecessor at %g", u);
        cr_assert(fabs(vae_normal_cdf(z) - u) <= 1e-15, "cdf(quantile(%g)) is off by %g", u, vae_normal_cdf(z) - u);
        last = z;
    }
}
