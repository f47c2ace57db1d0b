/* Likelihoods on a backend and in reference: what must hold of probabilities and means, also far from where a model
 * begins. */
#include "ops.h"

static vae_likelihood_options options_of(vae_likelihood family, int64_t channels)
{
    return (vae_likelihood_options){
        .family = family, .channels = channels, .variance = 1, .scale = 2.0 / 255, .shift = -1, .mixtures = 3};
}

/* log p of one pixel for each of `rows` values of x [rows, channels], all under the same `numbers`; the gradient of the
 * first row goes into `gradient` unless NULL. */
static void log_probabilities(const vae_backend *backend, const vae_likelihood_options *options, const double *numbers,
                              const double *x, int64_t rows, double *ll, double *gradient)
{
    const int64_t width = vae_likelihood_width(options);
    double *repeated = calloc((size_t)(rows * width), sizeof *repeated);
    double *gradients = calloc((size_t)(rows * width), sizeof *gradients);
    for (int64_t i = 0; i < rows * width; ++i)
        repeated[i] = numbers[i % width];
    one_op o = {0};
    vae_program_init(&o.program, vae_likelihood_name(options->family), &o.layout);
    MUST(vae_program_input(&o.program, "prediction", vae_shape_matrix(rows, width), &o.input));
    MUST(vae_program_input(&o.program, "x", vae_shape_matrix(rows, options->channels), &o.data));
    MUST(vae_program_input(&o.program, "gradient", vae_shape_matrix(rows, width), &o.output2));
    MUST(vae_program_likelihood(&o.program, "ll", o.input, o.data, options, false, &o.output));
    o.program.ops[0].outputs[1] = o.output2;
    o.program.ops[0].attributes.likelihood.weight = (vae_weight){1.0, VAE_SCALAR_ONE};
    vae_program_mark_external(&o.program, o.output);
    MUST(vae_program_plan(&o.program));
    run_one_op(backend, &o, repeated, x, ll, gradients);
    if (gradient) memcpy(gradient, gradients, (size_t)width * sizeof *gradient);
    vae_program_free(&o.program);
    free(repeated);
    free(gradients);
}

static void expected_value(const vae_backend *backend, const vae_likelihood_options *options, const double *numbers,
                           double *mean)
{
    one_op o = {0};
    vae_program_init(&o.program, "mean", &o.layout);
    MUST(vae_program_input(&o.program, "numbers", vae_shape_matrix(1, vae_likelihood_width(options)), &o.input));
    MUST(vae_program_likelihood_mean(&o.program, "mean", o.input, options, &o.output));
    vae_program_mark_external(&o.program, o.output);
    MUST(vae_program_plan(&o.program));
    run_one_op(backend, &o, numbers, NULL, mean, NULL);
    vae_program_free(&o.program);
}

/* ---- Levels ---- */

/* Σ of p over the 256 levels of a grey pixel; *mean, Σ p·x, unless NULL. */
static double sum_over_levels(const vae_backend *backend, const vae_likelihood_options *options, const double *numbers,
                              double *mean)
{
    double x[VAE_LEVELS], ll[VAE_LEVELS], sum = 0, first = 0;
    for (int i = 0; i < VAE_LEVELS; ++i)
        x[i] = i * options->scale + options->shift;
    log_probabilities(backend, options, numbers, x, VAE_LEVELS, ll, NULL);
    for (int i = 0; i < VAE_LEVELS; ++i) {
        cr_assert_leq(ll[i], 1e-5, "level %d: log p is %g", i, ll[i]);
        sum += exp(ll[i]);
        first += exp(ll[i]) * x[i];
    }
    if (mean) *mean = first / sum;
    return sum;
}

static void expect_one(const vae_likelihood_options *options, const double *numbers, const char *what)
{
    const double exact = sum_over_levels(&vae_backend_reference, options, numbers, NULL);
    const double found = sum_over_levels(&VAE_TEST_BACKEND, options, numbers, NULL);
    cr_assert_float_eq(exact, 1, 1e-6, "%s, %s: reference: %.9g", vae_likelihood_name(options->family), what, exact);
    cr_assert_float_eq(found, 1, 1e-4, "%s, %s: %.9g", vae_likelihood_name(options->family), what, found);
}

Test(likelihoods, logistic_levels_sum_to_one)
{
    const vae_likelihood_options options = options_of(VAE_LIKELIHOOD_LOGISTIC, 1);
    const double means[] = {-30, -1, -0.5012, 0, 0.3, 1, 1.5}, log_scales[] = {-40, -7, -5, -2, 0, 4, 20};
    for (int m = 0; m < 7; ++m) {
        for (int s = 0; s < 7; ++s) {
            char what[64];
            snprintf(what, sizeof what, "mean %g, l %g", means[m], log_scales[s]);
            expect_one(&options, (double[]){means[m], log_scales[s]}, what);
        }
    }
}

Test(likelihoods, mixture_levels_sum_to_one)
{
    const vae_likelihood_options options = options_of(VAE_LIKELIHOOD_LOGISTIC_MIXTURE, 1);
    expect_one(&options, (double[]){0, 0, 0, -0.5, 0, 0.5, -3, -3, -3}, "equal");
    expect_one(&options, (double[]){80, -80, 3, -2, 0.1, 0.9, -30, 1, -5}, "uneven");
}

/* A level each of three colours: all mass lies in a small cube, so the sum over that is enough. */
Test(likelihoods, mixture_of_colours_sums_to_one)
{
    enum { SIDE = 12, ROWS = SIDE * SIDE * SIDE };
    const vae_likelihood_options options = options_of(VAE_LIKELIHOOD_LOGISTIC_MIXTURE, 3);
    static double x[ROWS * 3], ll[ROWS];
    double numbers[30] = {0.3, -0.2, 0.1};
    const double level = options.scale, first = 100;
    for (int k = 0; k < 3; ++k) {
        /* Means at the cube's middle, give or take, once the other colours have moved them: these are near x. */
        const double coefficients[3] = {atanh(0.2 * k), atanh(-0.1), atanh(0.15)};
        const double middle = (first + 5 + 0.4 * k) * level + options.shift;
        numbers[3 + k] = middle;
        numbers[6 + k] = middle - tanh(coefficients[0]) * middle;
        numbers[9 + k] = middle - (tanh(coefficients[1]) + tanh(coefficients[2])) * middle;
        for (int c = 0; c < 3; ++c) {
            numbers[12 + 3 * c + k] = log(0.25 * level);
            numbers[21 + 3 * c + k] = coefficients[c];
        }
    }
    for (int i = 0; i < ROWS; ++i) {
        x[3 * i] = (first + i % SIDE) * level + options.shift;
        x[3 * i + 1] = (first + i / SIDE % SIDE) * level + options.shift;
        x[3 * i + 2] = (first + i / SIDE / SIDE) * level + options.shift;
    }
    const vae_backend *backends[] = {&vae_backend_reference, &VAE_TEST_BACKEND};
    for (int b = 0; b < 2; ++b) {
        double sum = 0;
        log_probabilities(backends[b], &options, numbers, x, ROWS, ll, NULL);
        for (int i = 0; i < ROWS; ++i)
            sum += exp(ll[i]);
        cr_assert_float_eq(sum, 1, b == 0 ? 1e-6 : 1e-4, "%s: %.9g", backends[b]->name, sum);
    }
}

Test(likelihoods, categorical_levels_sum_to_one_and_give_the_mean)
{
    const vae_likelihood_options options = options_of(VAE_LIKELIHOOD_CATEGORICAL, 1);
    const double spreads[] = {0, 1, 30};
    for (int s = 0; s < 3; ++s) {
        double numbers[VAE_LEVELS], mean, found[2];
        for (int i = 0; i < VAE_LEVELS; ++i)
            numbers[i] = spreads[s] * test_normal(7, (uint64_t)i) + 40;
        expect_one(&options, numbers, "normals");
        sum_over_levels(&vae_backend_reference, &options, numbers, &mean);
        expected_value(&vae_backend_reference, &options, numbers, &found[0]);
        expected_value(&VAE_TEST_BACKEND, &options, numbers, &found[1]);
        cr_assert_float_eq(found[0], mean, 1e-9);
        cr_assert_float_eq(found[1], mean, 1e-5);
    }
}

Test(likelihoods, logistic_means_are_means)
{
    const vae_likelihood_options options = options_of(VAE_LIKELIHOOD_LOGISTIC, 1);
    double mean, found;
    sum_over_levels(&vae_backend_reference, &options, (double[]){0.25, -4}, &mean);
    expected_value(&VAE_TEST_BACKEND, &options, (double[]){0.25, -4}, &found);
    cr_assert_float_eq(found, mean, 1e-3);
    expected_value(&VAE_TEST_BACKEND, &options, (double[]){-7, 0}, &found);
    cr_assert_float_eq(found, -1, 1e-6, "a mean below the range is the range's end, not %g", found);
    const vae_likelihood_options mixture = options_of(VAE_LIKELIHOOD_LOGISTIC_MIXTURE, 1);
    const double numbers[] = {0.2, 1, -0.4, -0.3, 0.1, 0.4, -4, -4, -3.5};
    sum_over_levels(&vae_backend_reference, &mixture, numbers, &mean);
    expected_value(&VAE_TEST_BACKEND, &mixture, numbers, &found);
    cr_assert_float_eq(found, mean, 1e-3, "mixture: %g, not %g", found, mean);
}

/* ---- Densities ---- */

/* Trapezoids over [low, high] in reference; *mean is ∫ x p dx. */
static double integrate(const vae_likelihood_options *options, const double *numbers, double low, double high,
                        double *mean)
{
    enum { POINTS = 4001 };
    static double x[POINTS], ll[POINTS];
    const double step = (high - low) / (POINTS - 1);
    double sum = 0;
    for (int i = 0; i < POINTS; ++i)
        x[i] = low + i * step;
    log_probabilities(&vae_backend_reference, options, numbers, x, POINTS, ll, NULL);
    *mean = 0;
    for (int i = 0; i < POINTS; ++i) {
        const double share = (i == 0 || i == POINTS - 1 ? 0.5 : 1) * step * exp(ll[i]);
        sum += share;
        *mean += share * x[i];
    }
    return sum;
}

static void expect_density(vae_likelihood family, const double *numbers, double low, double high)
{
    const vae_likelihood_options options = options_of(family, 1);
    double mean, found;
    const double sum = integrate(&options, numbers, low, high, &mean);
    cr_assert_float_eq(sum, 1, 1e-5, "%s: integral %.9g", vae_likelihood_name(family), sum);
    expected_value(&VAE_TEST_BACKEND, &options, numbers, &found);
    cr_assert_float_eq(found, mean, 1e-5, "%s: mean %.9g, not %.9g", vae_likelihood_name(family), found, mean);
}

Test(likelihoods, densities_integrate_to_one_and_give_the_mean)
{
    const double logits[] = {-30, -2, -0.9, -0.3, -1e-4, 0, 1e-8, 0.2, 0.6, 1.1, 5, 40};
    for (int i = 0; i < 12; ++i)
        expect_density(VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI, &logits[i], 0, 1);
    expect_density(VAE_LIKELIHOOD_GAUSSIAN_PIXEL, (double[]){0.3, -3}, -2, 2.6);
    expect_density(VAE_LIKELIHOOD_LAPLACE, (double[]){0.25, -1}, -5.25, 5.75);
}

/* A pixel that never changes: the width stays above the floor whatever l is, and the gradient finite. */
Test(likelihoods, extremes_agree)
{
    const vae_likelihood families[] = {VAE_LIKELIHOOD_GAUSSIAN_PIXEL, VAE_LIKELIHOOD_LAPLACE, VAE_LIKELIHOOD_LOGISTIC};
    const double means[] = {-50, -1, 0.5, 0.51, 50}, log_widths[] = {-80, -12, -7, 0, 30};
    for (int f = 0; f < 3; ++f) {
        const vae_likelihood_options options = options_of(families[f], 1);
        for (int i = 0; i < 25; ++i) {
            const double numbers[] = {means[i / 5], log_widths[i % 5]}, x = 191 * options.scale + options.shift;
            double expected, found, wanted[2], gradient[2];
            log_probabilities(&vae_backend_reference, &options, numbers, &x, 1, &expected, wanted);
            log_probabilities(&VAE_TEST_BACKEND, &options, numbers, &x, 1, &found, gradient);
            cr_assert_float_eq(found, expected, 1e-5 * (1 + fabs(expected)), "%s(%g, %g): %.9g, not %.9g",
                               vae_likelihood_name(families[f]), numbers[0], numbers[1], found, expected);
            cr_assert_leq(expected, -vae_likelihood_floor(&options) + 1);
            for (int k = 0; k < 2; ++k) {
                cr_assert_float_eq(gradient[k], wanted[k], 1e-4 * (fabs(wanted[0]) + fabs(wanted[1])) + 1e-6,
                                   "%s(%g, %g): gradient %d is %.9g, not %.9g", vae_likelihood_name(families[f]),
                                   numbers[0], numbers[1], k, gradient[k], wanted[k]);
            }
        }
    }
}

/* ---- bf16 copies of gradients, which the products of the backward pass read ---- */

Test(likelihoods, bf16_gradients_are_close)
{
    const vae_device_options options = {.threads = 2, .precision = VAE_PRECISION_BF16};
    vae_device *device;
    if (VAE_TEST_BACKEND.device_open(&options, &device)) {
        printf("this processor has no bf16\n");
        return;
    }
    VAE_TEST_BACKEND.device_close(device);
    for (int i = 0; i < OP_CASE_COUNT; ++i) {
        if (op_cases[i].family != FAMILY_LIKELIHOOD) continue;
        op_program p;
        op_run exact, rounded;
        build_case(&op_cases[i], &p);
        open_run(&vae_backend_reference, 1, &p, &exact);
        open_run_with(&VAE_TEST_BACKEND, &options, &p, &rounded);
        MUST(exact.backend->executable_run(exact.executable, &op_step));
        MUST(rounded.backend->executable_run(rounded.executable, &op_step));
        double *a = read_arena(&p, &exact, VAE_ARENA_GRADIENTS), *b = read_arena(&p, &rounded, VAE_ARENA_GRADIENTS),
               scale = 0, error = 0;
        for (int64_t k = 0; k < p.layout.trained_elements; ++k) {
            cr_assert(isfinite(b[k]), "%s: gradient %lld is %g", op_cases[i].name, (long long)k, b[k]);
            scale = fmax(scale, fabs(a[k]));
            error = fmax(error, fabs(a[k] - b[k]));
        }
        cr_assert_leq(error, 0.15 * scale, "%s: gradients differ by %.3g of %.3g", op_cases[i].name, error, scale);
        free(a);
        free(b);
        close_run(&rounded);
        close_run(&exact);
        free_case(&p);
    }
}
