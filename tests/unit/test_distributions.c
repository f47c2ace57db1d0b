/* Distributions: the ops that are written by hand against the entries composed of others, and entries against what
 * makes them densities. */
#include "distribution/distribution.h"
#include "ops.h"
#include "program/op.h"

enum { ROWS = 3, SAMPLES = 2, PIXELS = 5, CHANNELS = 2 };

static vae_likelihood_options options_of(vae_likelihood family, int64_t channels)
{
    return (vae_likelihood_options){
        .family = family, .channels = channels, .variance = 0.4, .scale = 2.0 / 255, .shift = -1, .mixtures = 1};
}

typedef struct density {
    vae_layout layout;
    vae_program program;
    vae_tensor x, ll;
    double *ll_values, *gradients;
} density;

/* log p of given numbers, and its gradient by the parameters, [rows, columns] and [rows', columns']. */
static void run_density(density *d, int64_t rows, int64_t columns, const double *parameters, const double *x)
{
    const vae_backend *b = &vae_backend_reference;
    const vae_device_options options = {.threads = 1};
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    vae_program_mark_external(&d->program, d->ll);
    MUST(vae_program_differentiate(&d->program, &(vae_loss_term){d->ll, {-0.7, VAE_SCALAR_ONE}}, 1));
    MUST(vae_program_fuse(&d->program));
    MUST(vae_program_plan(&d->program));
    d->ll_values = calloc((size_t)rows, sizeof *d->ll_values);
    d->gradients = calloc((size_t)d->layout.elements, sizeof *d->gradients);
    double *values = calloc((size_t)d->layout.elements, sizeof *values);
    memcpy(values, parameters, (size_t)(rows * columns) * sizeof *values);
    MUST(b->device_open(&options, &device));
    MUST(b->store_create(device, &d->layout, true, &store));
    MUST(b->store_write(store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, values));
    MUST(b->executable_create(device, &d->program, store, NULL, &executable));
    MUST(b->tensor_write(executable, d->x, VAE_FLOAT64, x));
    MUST(b->executable_run(executable, &op_step));
    MUST(b->tensor_read(executable, d->ll, VAE_FLOAT64, d->ll_values));
    MUST(b->store_read(store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, d->gradients));
    b->executable_destroy(executable);
    b->store_destroy(store);
    b->device_close(device);
    free(values);
}

static void open_density(density *d, int64_t rows, int64_t columns, int64_t x_rows, int64_t x_columns,
                         vae_tensor *parameters)
{
    *d = (density){0};
    MUST(vae_layout_add(&d->layout, "parameters", vae_shape_matrix(rows, columns), 1, NULL));
    vae_program_init(&d->program, "density", &d->layout);
    MUST(vae_program_add_parameter(&d->program, VAE_TENSOR_PARAMETER, 0, parameters));
    MUST(vae_program_input(&d->program, "x", vae_shape_matrix(x_rows, x_columns), &d->x));
}

static void close_density(density *d)
{
    vae_program_free(&d->program);
    vae_layout_free(&d->layout);
    free(d->ll_values);
    free(d->gradients);
}

static double *numbers(int64_t count, uint64_t stream, bool unit)
{
    double *values = calloc((size_t)count, sizeof *values);
    for (int64_t i = 0; i < count; ++i) {
        values[i] = test_normal(stream, (uint64_t)i);
        if (unit) values[i] = 0.5 * erfc(-values[i] * M_SQRT1_2);
    }
    return values;
}

static void compare_with_op(vae_likelihood family)
{
    const vae_likelihood_options options = options_of(family, CHANNELS);
    const int64_t rows = ROWS * SAMPLES, columns = PIXELS * vae_likelihood_width(&options);
    double *parameters = numbers(rows * columns, 1, false);
    double *x = numbers(ROWS * PIXELS * CHANNELS, 2, family == VAE_LIKELIHOOD_BERNOULLI);
    density d[2];
    for (int composed = 0; composed < 2; ++composed) {
        vae_tensor tensor;
        open_density(&d[composed], rows, columns, ROWS, PIXELS * CHANNELS, &tensor);
        vae_program *program = &d[composed].program;
        if (composed) {
            const vae_distribution *entry = vae_distribution_of(family);
            cr_assert_eq(entry->width(&options), vae_likelihood_width(&options));
            MUST(entry->log_prob(program, "ll", tensor, d[composed].x, &options, &d[composed].ll));
        } else {
            MUST(vae_program_likelihood(program, "ll", tensor, d[composed].x, &options, true, &d[composed].ll));
        }
        run_density(&d[composed], rows, columns, parameters, x);
    }
    for (int64_t r = 0; r < rows; ++r) {
        const double expected = d[0].ll_values[r], found = d[1].ll_values[r];
        cr_assert_float_eq(found, expected, 1e-10 * fabs(expected), "%s: %.12g, by the op %.12g",
                           vae_likelihood_name(family), found, expected);
    }
    for (int64_t i = 0; i < rows * columns; ++i) {
        const double expected = d[0].gradients[i], found = d[1].gradients[i];
        cr_assert_float_eq(found, expected, 1e-9 * (fabs(expected) + 1e-3), "%s: gradient %.12g, by the op %.12g",
                           vae_likelihood_name(family), found, expected);
    }
    close_density(&d[0]);
    close_density(&d[1]);
    free(parameters);
    free(x);
}

Test(distributions, ops_written_by_hand_are_their_entries)
{
    int compared = 0;
    for (int f = 0; f < VAE_LIKELIHOOD_COUNT; ++f) {
        const vae_distribution *entry = vae_distribution_of((vae_likelihood)f);
        if (!entry || !entry->log_prob) continue;
        compare_with_op((vae_likelihood)f);
        ++compared;
    }
    cr_assert_geq(compared, 4);
}

enum { POINTS = 40001 };

/* One mean, [1, 1], of the first row of the parameters. */
static double mean_of(const vae_likelihood_options *options, int64_t width, const double *parameters)
{
    one_op o = {0};
    double mean;
    vae_program_init(&o.program, "mean", &o.layout);
    MUST(vae_program_input(&o.program, "parameters", vae_shape_matrix(1, width), &o.input));
    MUST(vae_distribution_mean(&o.program, "mean", o.input, options, &o.output));
    vae_program_mark_external(&o.program, o.output);
    MUST(vae_program_plan(&o.program));
    run_one_op(&vae_backend_reference, &o, parameters, NULL, &mean, NULL);
    vae_program_free(&o.program);
    return mean;
}

/* Of one element, over a grid that grows with the distance from the middle: heavy tails need a wide one. */
static void check_density(vae_likelihood family)
{
    const vae_likelihood_options options = options_of(family, 1);
    const int64_t width = vae_distribution_width(&options);
    double *parameters = calloc((size_t)(POINTS * width), sizeof *parameters);
    double *x = calloc(POINTS, sizeof *x), sum = 0, first_moment = 0;
    density d;
    vae_tensor tensor;
    for (int64_t i = 0; i < POINTS; ++i) {
        x[i] = sinh(9.0 * (2.0 * (double)i / (POINTS - 1) - 1.0));
        for (int64_t k = 0; k < width; ++k)
            parameters[i * width + k] = 0.3 - 0.5 * (double)k;
    }
    open_density(&d, POINTS, width, POINTS, 1, &tensor);
    MUST(vae_distribution_likelihood(&d.program, "ll", tensor, d.x, &options, true, &d.ll));
    run_density(&d, POINTS, width, parameters, x);
    for (int64_t i = 0; i + 1 < POINTS; ++i) {
        const double left = exp(d.ll_values[i]), right = exp(d.ll_values[i + 1]), step = 0.5 * (x[i + 1] - x[i]);
        sum += step * (left + right);
        first_moment += step * (x[i] * left + x[i + 1] * right);
    }
    const double mean = mean_of(&options, width, parameters);
    cr_assert_float_eq(sum, 1.0, 1e-4, "%s integrates to %.8g", vae_likelihood_name(family), sum);
    cr_assert_float_eq(first_moment, mean, 1e-3, "%s: its mean is %.8g, not %.8g", vae_likelihood_name(family),
                       first_moment, mean);
    close_density(&d);
    free(parameters);
    free(x);
}

Test(distributions, densities_that_are_only_composed_integrate_to_one_and_have_their_mean)
{
    for (int f = VAE_LIKELIHOOD_COUNT; f < VAE_DISTRIBUTION_COUNT; ++f)
        check_density((vae_likelihood)f);
}

/* z, KL and log p(z) - log q(z|x), of the same noise. */
Test(distributions, gaussian_sample_kl_is_its_entry)
{
    enum { LATENT = 3 };
    const vae_likelihood_options options = {.channels = LATENT};
    const vae_posterior_options sample = {
        .samples = SAMPLES, .stream = VAE_STREAM_POSTERIOR, .sampled = true, .with_kl = true, .with_log_ratio = true};
    const vae_distribution *entry = &vae_distribution_gaussian_diagonal;
    double *posterior = numbers(ROWS * 2 * LATENT, 3, false);
    double found[2][3][ROWS * SAMPLES * LATENT];
    for (int composed = 0; composed < 2; ++composed) {
        vae_layout layout = {0};
        vae_program program;
        vae_tensor input, z, kl, ratio;
        vae_program_init(&program, "posterior", &layout);
        MUST(vae_program_input(&program, "posterior", vae_shape_matrix(ROWS, 2 * LATENT), &input));
        if (composed) {
            vae_tensor log_q, log_p;
            MUST(entry->sample(&program, "z", input, SAMPLES, VAE_STREAM_POSTERIOR, &options, &z));
            MUST(entry->kl(&program, "kl", input, &options, &kl));
            MUST(entry->log_prob(&program, "log_q", input, z, &options, &log_q));
            MUST(vae_distribution_standard_normal(&program, "log_p", z, &log_p));
            MUST(vae_program_apply(&program, "ratio", VAE_FUNCTION_SUBTRACT, log_p, log_q, &ratio));
        } else {
            vae_posterior_outputs outputs;
            MUST(vae_program_gaussian_sample_kl(&program, "sample", input, sample, &outputs));
            z = outputs.z, kl = outputs.kl, ratio = outputs.log_ratio;
        }
        const vae_tensor wanted[] = {z, kl, ratio};
        for (int k = 0; k < 3; ++k)
            vae_program_mark_external(&program, wanted[k]);
        MUST(vae_program_fuse(&program));
        MUST(vae_program_plan(&program));
        for (int k = 0; k < 3; ++k) {
            const one_op o = {.layout = layout, .program = program, .input = input, .output = wanted[k]};
            run_one_op(&vae_backend_reference, &o, posterior, NULL, found[composed][k], NULL);
        }
        vae_program_free(&program);
    }
    const int counts[] = {ROWS * SAMPLES * LATENT, ROWS, ROWS * SAMPLES};
    for (int k = 0; k < 3; ++k)
        for (int i = 0; i < counts[k]; ++i)
            cr_assert_float_eq(found[1][k][i], found[0][k][i], 1e-10, "%d, %d: %.12g, by the op %.12g", k, i,
                               found[1][k][i], found[0][k][i]);
    free(posterior);
}
