/* The linear probes, and the factorisation and the minimiser below them. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "core/cholesky.h"
#include "core/lbfgs.h"
#include "core/random.h"
#include "model/class_probe.h"
#include "model/line_probe.h"
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

/* ---- The minimiser ---- */

enum { BOWL = 30 };

/* Σ i²·(x_i - i)² + (x_i - i)⁴: as steep as 900 in one direction, as flat as 1 in another. */
static double bowl(void *context, const double *x, double *gradient)
{
    double sum = 0.0;
    ++*(int *)context;
    for (int i = 0; i < BOWL; ++i) {
        const double past = x[i] - i, square = past * past, steep = (i + 1) * (i + 1);
        sum += steep * square + square * square;
        gradient[i] = 2.0 * steep * past + 4.0 * square * past;
    }
    return sum;
}

Test(lbfgs, finds_the_minimum)
{
    int calls = 0;
    double x[BOWL] = {0};
    const vae_lbfgs search = {BOWL, bowl, &calls, 1e-10, 1000};
    cr_assert_eq(vae_lbfgs_minimise(&search, x), VAE_OK, "%s", vae_error_message());
    for (int i = 0; i < BOWL; ++i)
        cr_expect_float_eq(x[i], i, 1e-5, "%d: %g", i, x[i]);
    cr_expect_lt(calls, 300, "%d calls", calls);
    calls = 0; /* the minimum itself */
    for (int i = 0; i < BOWL; ++i)
        x[i] = i;
    cr_assert_eq(vae_lbfgs_minimise(&search, x), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(calls, 1);
}

Test(lbfgs, says_where_it_fails)
{
    int calls = 0;
    double x[BOWL] = {0};
    const vae_lbfgs few = {BOWL, bowl, &calls, 1e-10, 3};
    cr_expect_eq(vae_lbfgs_minimise(&few, x), VAE_ERROR_NUMERIC);
    cr_expect_not_null(strstr(vae_error_message(), "in 3 steps"), "%s", vae_error_message());
    x[3] = NAN;
    cr_expect_eq(vae_lbfgs_minimise(&few, x), VAE_ERROR_NUMERIC);
    cr_expect_not_null(strstr(vae_error_message(), "not finite"), "%s", vae_error_message());
}

/* ---- All classes at once ---- */

/* Of two classes that weigh the same it is the other probe: their weights are opposite, so that the penalty on them is
 * half of that on the difference. */
Test(class_probe, of_two_classes_is_the_plane_between_them)
{
    float codes[COUNT * LATENT];
    int8_t has[COUNT];
    int32_t labels[COUNT];
    make_codes(1.0, codes, has);
    int64_t members[2] = {0, 0};
    for (int i = 0; i < COUNT; ++i)
        members[has[i]]++;
    for (int i = 0; i < COUNT; ++i) {
        if (has[i] == 0 && members[0] > members[1]) {
            has[i] = -1;
            members[0]--;
        }
        labels[i] = has[i];
    }
    vae_probe plane;
    vae_class_probe probe;
    const vae_labelled_codes data = {codes, labels, COUNT, LATENT, 2};
    cr_assert_eq(vae_probe_fit(codes, has, COUNT, LATENT, 0.05, &plane), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_class_probe_fit(&data, 0.1, 1, &probe), VAE_OK, "%s", vae_error_message());
    for (int j = 0; j <= LATENT; ++j) {
        const double difference = probe.weights[2 * j + 1] - probe.weights[2 * j];
        cr_expect_float_eq(difference, plane.weights[j], 1e-3 * fmax(1.0, fabs(plane.weights[j])), "%d: %g, not %g", j,
                           difference, plane.weights[j]);
    }
    int64_t ranks[COUNT], right[2] = {0, 0};
    cr_assert_eq(vae_class_probe_rank(&probe, &data, 1, ranks), VAE_OK);
    for (int i = 0; i < COUNT; ++i) {
        cr_expect_eq(ranks[i] < 0, labels[i] < 0);
        if (labels[i] >= 0) right[labels[i]] += ranks[i] == 0;
    }
    const double accuracy = 0.5 * ((double)right[0] / (double)members[0] + (double)right[1] / (double)members[1]);
    cr_expect_float_eq(accuracy, vae_probe_balanced_accuracy(&plane, codes, has, COUNT), 0.02);
    vae_probe_free(&plane);
    vae_class_probe_free(&probe);
}

/* Seven clouds at the corners of a polygon: each code is its cloud's, and the clouds beside it come next. */
static void make_clouds(int count, int classes, float *codes, int32_t *labels)
{
    for (int i = 0; i < count; ++i) {
        double normal[4];
        vae_random_normal4(5, VAE_STREAM_PRIOR, 0, (uint64_t)i, normal);
        labels[i] = i * 5 % classes;
        codes[2 * i] = (float)(3.0 * cos(2.0 * M_PI * labels[i] / classes) + 0.2 * normal[0]);
        codes[2 * i + 1] = (float)(3.0 * sin(2.0 * M_PI * labels[i] / classes) + 0.2 * normal[1] + 40.0);
    }
}

Test(class_probe, tells_clouds_apart_with_any_number_of_threads)
{
    enum { CLOUDS = 7, CODES = 203 };
    float codes[2 * CODES];
    int32_t labels[CODES], next[CODES];
    int64_t ranks[CODES];
    vae_class_probe first, probe;
    make_clouds(CODES, CLOUDS, codes, labels);
    const vae_labelled_codes data = {codes, labels, CODES, 2, CLOUDS}, beside = {codes, next, CODES, 2, CLOUDS};
    cr_assert_eq(vae_class_probe_fit(&data, 1e-3, 1, &first), VAE_OK, "%s", vae_error_message());
    for (int threads = 2; threads <= 5; ++threads) {
        cr_assert_eq(vae_class_probe_fit(&data, 1e-3, threads, &probe), VAE_OK, "%s", vae_error_message());
        cr_expect_arr_eq(probe.weights, first.weights, 3 * CLOUDS * sizeof *probe.weights);
        cr_assert_eq(vae_class_probe_rank(&probe, &data, threads, ranks), VAE_OK);
        for (int i = 0; i < CODES; ++i) {
            cr_expect_eq(ranks[i], 0);
            next[i] = (labels[i] + 1) % CLOUDS;
        }
        cr_assert_eq(vae_class_probe_rank(&probe, &beside, threads, ranks), VAE_OK);
        for (int i = 0; i < CODES; ++i)
            cr_expect(ranks[i] == 1 || ranks[i] == 2, "rank %d", (int)ranks[i]);
        vae_class_probe_free(&probe);
    }
    vae_class_probe_free(&first);
}

Test(class_probe, needs_classes_and_finite_codes)
{
    float codes[] = {1, 2, 3, 4};
    int32_t labels[] = {0, 2, 2, -1};
    vae_class_probe probe;
    vae_labelled_codes data = {codes, labels, 4, 1, 3};
    cr_expect_eq(vae_class_probe_fit(&data, 1e-3, 1, &probe), VAE_ERROR_ARGUMENT);
    cr_expect_not_null(strstr(vae_error_message(), "2 of 3 have any"), "%s", vae_error_message());
    cr_expect_null(probe.weights);
    labels[1] = labels[2] = 0;
    data.classes = 1;
    cr_expect_eq(vae_class_probe_fit(&data, 1e-3, 1, &probe), VAE_ERROR_ARGUMENT);
    labels[1] = 1;
    data.classes = 2;
    codes[2] = INFINITY;
    cr_expect_eq(vae_class_probe_fit(&data, 1e-3, 1, &probe), VAE_ERROR_NUMERIC);
    cr_expect_not_null(strstr(vae_error_message(), "probe: what is to be minimised is not finite"), "%s",
                       vae_error_message());
    codes[2] = 7.0f; /* one without a label has no part, whatever it is */
    codes[3] = NAN;
    cr_expect_eq(vae_class_probe_fit(&data, 1e-3, 1, &probe), VAE_OK, "%s", vae_error_message());
    vae_class_probe_free(&probe);
}

/* ---- Numbers ---- */

Test(line_probe, finds_the_line_and_what_it_explains)
{
    float codes[COUNT * LATENT];
    int8_t has[COUNT];
    double numbers[COUNT];
    make_codes(0.0, codes, has);
    for (int i = 0; i < COUNT; ++i) {
        numbers[i] = i % 5 == 0 ? NAN : 3.0 * (double)codes[i * LATENT + 1] - (double)codes[i * LATENT + 4] + 7.0;
        if (i % 5 == 0) codes[i * LATENT] = NAN; /* has no part */
    }
    vae_probe probe;
    cr_assert_eq(vae_line_probe_fit(codes, numbers, COUNT, LATENT, 1e-9, &probe), VAE_OK, "%s", vae_error_message());
    const double expected[] = {0, 3, 0, 0, -1, 7};
    for (int j = 0; j <= LATENT; ++j)
        cr_expect_float_eq(probe.weights[j], expected[j], 1e-5, "%d: %g", j, probe.weights[j]);
    cr_expect_float_eq(vae_line_probe_explained(&probe, codes, numbers, COUNT), 1.0, 1e-9);
    /* The mean explains nothing. */
    memset(probe.weights, 0, LATENT * sizeof *probe.weights);
    double mean = 0.0;
    for (int i = 0; i < COUNT; ++i)
        mean += i % 5 == 0 ? 0.0 : numbers[i] / (COUNT - COUNT / 5);
    probe.weights[LATENT] = mean;
    cr_expect_float_eq(vae_line_probe_explained(&probe, codes, numbers, COUNT), 0.0, 1e-9);
    vae_probe_free(&probe);
}

/* Where l2 is as much as a standardised dimension's own share, half of the slope is left. */
Test(line_probe, l2_shrinks)
{
    const float codes[] = {10, 14, 10, 14};
    const double numbers[] = {-5, 5, -5, 5};
    vae_probe probe;
    cr_assert_eq(vae_line_probe_fit(codes, numbers, 4, 1, 1.0, &probe), VAE_OK, "%s", vae_error_message());
    cr_expect_float_eq(probe.weights[0], 1.25, 1e-12);
    cr_expect_float_eq(vae_probe_score(&probe, (const float[]){12}), 0.0, 1e-12);
    vae_probe_free(&probe);
}

Test(line_probe, needs_numbers_that_vary)
{
    const float codes[] = {1, 2, INFINITY, 3};
    const double same[] = {2, 2, NAN, 2}, unknown[] = {NAN, NAN, NAN, NAN}, some[] = {1, 2, 3, 4};
    vae_probe probe;
    cr_expect_eq(vae_line_probe_fit(codes, same, 4, 1, 1e-3, &probe), VAE_ERROR_ARGUMENT);
    cr_expect_null(probe.weights);
    cr_expect_eq(vae_line_probe_fit(codes, unknown, 4, 1, 1e-3, &probe), VAE_ERROR_ARGUMENT);
    cr_expect_eq(vae_line_probe_fit(codes, some, 4, 1, 1e-3, &probe), VAE_ERROR_NUMERIC);
    cr_expect(isnan(vae_line_probe_explained(&(vae_probe){1, (double[]){0, 2}}, codes, same, 4)));
}
