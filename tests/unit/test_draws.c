/* Draws of p(x|z): they follow the density that the likelihood has, and are a function of seed and row. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "distribution/distribution.h"
#include "ops.h"
#include "unit/runtime_model.h"

TestSuite(draws, .init = setup, .fini = teardown, .timeout = 120);

/* ---- Of one element, against its density ---- */

enum { DRAWS = 40000, POINTS = 20001 };

static vae_likelihood_options options_of(vae_likelihood family)
{
    return (vae_likelihood_options){.family = family, .channels = 1, .variance = 0.4, .scale = 1e-3, .shift = 0};
}

/* Location and log-scale; the first alone where a likelihood takes one number. */
static const double parameters[] = {0.3, -0.4};

static int by_value(const void *a, const void *b)
{
    const double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

/* Sorted. */
static void draw(const vae_likelihood_options *options, double *values)
{
    const vae_distribution *entry = vae_distribution_of(options->family);
    one_op o = {0};
    MUST(vae_layout_add_statistic(&o.layout, "likelihood.log_variance", vae_shape_vector(1), 0.0));
    vae_program_init(&o.program, "draw", &o.layout);
    MUST(vae_program_input(&o.program, "parameters", vae_shape_matrix(1, entry->width(options)), &o.input));
    MUST(entry->sample(&o.program, "x", o.input, DRAWS, VAE_STREAM_OBSERVE, options, &o.output));
    vae_program_mark_external(&o.program, o.output);
    MUST(vae_program_fuse(&o.program));
    MUST(vae_program_plan(&o.program));
    run_one_op(&vae_backend_reference, &o, parameters, NULL, values, NULL);
    vae_program_free(&o.program);
    vae_layout_free(&o.layout);
    qsort(values, DRAWS, sizeof *values, by_value);
}

/* e^ll at x [POINTS]. */
static void find_density(const vae_likelihood_options *options, const double *x, double *density)
{
    const vae_distribution *entry = vae_distribution_of(options->family);
    one_op o = {0};
    vae_program_init(&o.program, "density", &o.layout);
    MUST(vae_program_input(&o.program, "parameters", vae_shape_matrix(1, entry->width(options)), &o.input));
    MUST(vae_program_input(&o.program, "x", vae_shape_matrix(POINTS, 1), &o.data));
    MUST(entry->log_prob(&o.program, "ll", o.input, o.data, options, &o.output));
    vae_program_mark_external(&o.program, o.output);
    MUST(vae_program_plan(&o.program));
    run_one_op(&vae_backend_reference, &o, parameters, x, density, NULL);
    vae_program_free(&o.program);
    for (int i = 0; i < POINTS; ++i)
        density[i] = exp(density[i]);
}

/* The largest distance between the share of draws below x and the integral of the density (Kolmogorov & Smirnov). */
static double distance(const double *values, const double *x, const double *density)
{
    double below = 0.0, largest = 0.0;
    int drawn = 0;
    for (int i = 1; i < POINTS; ++i) {
        below += 0.5 * (x[i] - x[i - 1]) * (density[i] + density[i - 1]);
        while (drawn < DRAWS && values[drawn] < x[i])
            ++drawn;
        largest = fmax(largest, fabs(below - (double)drawn / DRAWS));
    }
    return largest;
}

Test(draws, follow_their_density)
{
    double *values = calloc(DRAWS, sizeof *values), *x = calloc(POINTS, sizeof *x),
           *density = calloc(POINTS, sizeof *x);
    int tried = 0;
    for (int i = 0; i < POINTS; ++i)
        x[i] = sinh(9.0 * (2.0 * i / (POINTS - 1) - 1.0)); /* heavy tails need a wide grid */
    for (int f = 0; f < VAE_DISTRIBUTION_COUNT; ++f) {
        const vae_likelihood_options options = options_of((vae_likelihood)f);
        vae_likelihood_options dense = options;
        const vae_distribution *entry = vae_distribution_of((vae_likelihood)f);
        if (!entry || !entry->sample) continue;
        if (!entry->log_prob) { /* gaussian_shared: a fixed variance of 1, the statistic being 0 */
            dense.family = VAE_LIKELIHOOD_GAUSSIAN;
            dense.variance = 1.0;
        }
        draw(&options, values);
        find_density(&dense, x, density);
        const double found = distance(values, x, density);
        cr_expect_lt(found, 1.63 / sqrt(DRAWS), "%s: %g", vae_likelihood_name((vae_likelihood)f), found); /* 1 % */
        ++tried;
    }
    cr_assert_eq(tried, 5);
    free(values);
    free(x);
    free(density);
}

/* ---- Of a model ---- */

enum { MANY = 700 };

/* Measured columns, standardised: mean 10 · column, deviation column + 1, and one log σ² for all of them. */
static vae_checkpoint make_measured(double log_variance)
{
    vae_config config = tiny_model_config();
    config.model.likelihood = VAE_LIKELIHOOD_GAUSSIAN_SHARED;
    config.data.normalise = VAE_NORMALISE_STANDARD;
    vae_checkpoint checkpoint = tiny_model_make(
        &config,
        (vae_input){.height = HEIGHT, .width = WIDTH, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_FLOAT32}, 3.0);
    const vae_layout *layout = &checkpoint.design.layout;
    float *values = checkpoint.arenas[VAE_ARENA_PARAMETERS];
    values[layout->parameters[vae_layout_find(layout, "likelihood.log_variance")].offset] = (float)log_variance;
    for (int j = 0; j < ELEMENTS; ++j) {
        values[layout->parameters[vae_layout_find(layout, "data.mean")].offset + j] = 10.0f * (float)j;
        values[layout->parameters[vae_layout_find(layout, "data.deviation")].offset + j] = (float)(j + 1);
    }
    return checkpoint;
}

Test(draws, lie_around_what_is_decoded_in_the_units_of_the_data)
{
    const double log_variance = -1.3;
    float *codes = make_codes(MANY), *means = make_room(MANY, ELEMENTS), *drawn[DEVICES] = {NULL};
    vae_checkpoint checkpoint = make_measured(log_variance);
    cr_assert_eq(vae_checkpoint_write(&checkpoint, path), VAE_OK, "%s", vae_error_message());
    vae_checkpoint_free(&checkpoint);
    for (int d = 0; d < DEVICES; ++d) {
        vae_model *model = open_on(devices[d]);
        drawn[d] = make_room(MANY, ELEMENTS);
        cr_assert_eq(vae_model_decode(model, codes, MANY, means), VAE_OK, "%s", vae_error_message());
        cr_assert_eq(vae_model_draw_from(model, 5, codes, 0, MANY, drawn[d]), VAE_OK, "%s", vae_error_message());
        vae_model_free(model);
    }
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < MANY * ELEMENTS; ++i) {
        const double noise = (double)(drawn[0][i] - means[i]) / (double)(i % ELEMENTS + 1);
        sum += noise;
        squares += noise * noise;
        cr_assert_float_eq((double)drawn[1][i], (double)drawn[0][i], 1e-3);
    }
    const double count = MANY * ELEMENTS, sigma = exp(0.5 * log_variance);
    cr_expect_float_eq(sum / count, 0.0, 4 * sigma / sqrt(count));
    cr_expect_float_eq(sqrt(squares / count), sigma, 4 * sigma / sqrt(2 * count));
    free(codes);
    free(means);
    free(drawn[0]);
    free(drawn[1]);
}

Test(draws, are_a_function_of_seed_and_row)
{
    static const int64_t firsts[] = {0, 1, 255, 256, 400};
    vae_model *model = save_and_open(make_measured(0.0), "cpu");
    float *codes = make_codes(MANY), *all = make_room(MANY, ELEMENTS), *some = make_room(MANY, ELEMENTS);
    cr_assert_eq(vae_model_draw_from(model, 5, codes, 0, MANY, all), VAE_OK, "%s", vae_error_message());
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; ++i) {
        const int64_t first = firsts[i], count = 270;
        cr_assert_eq(vae_model_draw_from(model, 5, codes + first * LATENT, first, count, some), VAE_OK);
        for (int64_t k = 0; k < count * ELEMENTS; ++k)
            cr_assert_float_eq((double)some[k], (double)all[first * ELEMENTS + k], 1e-3, "from row %d", (int)first);
    }
    cr_assert_eq(vae_model_draw_from(model, 6, codes, 0, MANY, some), VAE_OK);
    int64_t same = 0;
    for (int64_t k = 0; k < MANY * ELEMENTS; ++k)
        same += some[k] == all[k];
    cr_expect_lt(same, 10);
    vae_model_free(model);
    free(codes);
    free(all);
    free(some);
}

Test(draws, are_refused_of_a_likelihood_that_nothing_draws_from)
{
    float code[LATENT] = {0}, x[ELEMENTS];
    vae_model *model = save_and_open(make_bernoulli(), "cpu");
    cr_expect_eq(vae_model_draw_from(model, 1, code, 0, 1, x), VAE_ERROR_CONFIG);
    cr_expect_str_eq(vae_error_message(),
                     "[model] likelihood: no noise can be drawn from bernoulli, only from gaussian, gaussian_shared, "
                     "gaussian_pixel, laplace, student_t");
    cr_expect_eq(vae_model_draw_from(model, 1, NULL, 0, 1, x), VAE_ERROR_ARGUMENT);
    vae_model_free(model);
}
