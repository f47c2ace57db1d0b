/* family = student_prior: its prior is a density, what its program makes of normals is drawn from that density, and
 * with many degrees of freedom it is a VAE. */
#include <math.h>

#include "model/runner.h"
#include "training.h"

static vae_config student_config(const char *freedom)
{
    vae_config config = small_config();
    MUST(vae_config_set(&config, "model.family=student_prior"));
    MUST(vae_config_assign(&config, "model", "prior_freedom", freedom));
    return config;
}

/* ---- The density ---- */

/* One dimension, and an encoder that gives N(x, e^LOG_VARIANCE) of a number x, so that x tells where z is. */
enum { POINTS = 2801 };
#define LOG_VARIANCE (-16.0)
#define REACH 7.0

static vae_design line_design(const char *freedom)
{
    const vae_input input = {.height = 1, .width = 1, .channels = 1, .scale = 1.0, .dtype = VAE_FLOAT32};
    vae_config config = student_config(freedom);
    vae_design design;
    config.model.encoder.count = 0;
    config.model.latent.size[0] = 1;
    config.model.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
    MUST(vae_design_create(&config, &input, &design));
    return design;
}

static double *line_parameters(const vae_layout *layout)
{
    double *values = calloc((size_t)layout->elements, sizeof *values);
    const int32_t weight = vae_layout_find(layout, "posterior.weight"),
                  bias = vae_layout_find(layout, "posterior.bias");
    cr_assert(weight >= 0 && bias >= 0);
    values[layout->parameters[weight].offset] = 1.0;
    values[layout->parameters[bias].offset + 1] = LOG_VARIANCE;
    return values;
}

/* Of means x, z and log p(x|z) + log p(z) - log q(z|x). */
static void run_bound(const vae_design *design, const double *x, double *z, double *log_weight)
{
    const vae_backend *b = &vae_backend_reference;
    const vae_device_options options = {.threads = 1};
    double *parameters = line_parameters(&design->layout);
    vae_program program;
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    vae_program_init(&program, "bound", &design->layout);
    MUST(design->family->build(design, &(vae_build){.role = VAE_ROLE_BOUND, .rows = POINTS, .samples = 1}, &program));
    const vae_tensor drawn = vae_program_find(&program, "z");
    vae_program_mark_external(&program, drawn);
    MUST(vae_program_plan(&program));
    MUST(b->device_open(&options, &device));
    MUST(b->store_create(device, &design->layout, false, &store));
    MUST(b->store_write(store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, parameters));
    MUST(b->executable_create(device, &program, store, NULL, &executable));
    MUST(b->tensor_write(executable, vae_program_port(&program, "x"), VAE_FLOAT64, x));
    MUST(b->executable_run(executable, &(vae_step){.seed = 1}));
    MUST(b->tensor_read(executable, drawn, VAE_FLOAT64, z));
    MUST(b->tensor_read(executable, vae_program_port(&program, "log_weight"), VAE_FLOAT64, log_weight));
    b->executable_destroy(executable);
    b->store_destroy(store);
    b->device_close(device);
    vae_program_free(&program);
    free(parameters);
}

static double log_normal(double x, double log_variance)
{
    return -0.5 * (x * x * exp(-log_variance) + log_variance + log(2 * M_PI));
}

/* z, ascending, and p(z). The decoder gives 0, with variance 1. */
static void prior_density(const char *freedom, double *z, double *density)
{
    static double x[POINTS];
    vae_design design = line_design(freedom);
    for (int i = 0; i < POINTS; ++i)
        x[i] = sinh(REACH * (2.0 * i / (POINTS - 1) - 1));
    run_bound(&design, x, z, density);
    for (int i = 0; i < POINTS; ++i)
        density[i] = exp(density[i] - log_normal(x[i], 0) + log_normal(z[i] - x[i], LOG_VARIANCE));
    vae_design_free(&design);
}

/* By trapezoids, where |z| ≤ limit. */
static double integral(const double *z, const double *density, double limit)
{
    double sum = 0;
    for (int i = 1; i < POINTS; ++i) {
        if (fabs(z[i - 1] + z[i]) > 2 * limit) continue;
        sum += 0.5 * (density[i - 1] + density[i]) * (z[i] - z[i - 1]);
    }
    return sum;
}

/* ---- Draws ---- */

enum { DRAWS = 100000 };

/* Of one dimension. */
static void draw_prior(const char *freedom, float *normals, float *z)
{
    const vae_device_options options = {.threads = 1};
    vae_design design = line_design(freedom);
    vae_device *device;
    vae_store *store;
    vae_runner runner;
    MUST(vae_backend_reference.device_open(&options, &device));
    MUST(vae_backend_reference.store_create(device, &design.layout, false, &store));
    const vae_instance instance = {&design, device, store};
    MUST(vae_runner_create(&runner, &instance, (vae_build){.role = VAE_ROLE_PRIOR, .rows = DRAWS}, NULL));
    cr_assert(design.traits.draws_prior && design.traits.normals == 2);
    for (int i = 0; i < 2 * DRAWS; ++i)
        normals[i] = (float)test_normal(8, (uint64_t)i);
    MUST(vae_runner_write(&runner, "normals", normals));
    MUST(vae_runner_run(&runner, &(vae_step){0}));
    MUST(vae_runner_read(&runner, "z", z));
    vae_runner_destroy(&runner);
    vae_backend_reference.store_destroy(store);
    vae_backend_reference.device_close(device);
    vae_design_free(&design);
}

static float normals[2 * DRAWS], draws[DRAWS];

/* t: 97.5 % of the distribution lie below it (SciPy). Five standard errors. */
Test(student_prior, its_program_draws_from_its_density)
{
    static const struct {
        const char *freedom;
        double t;
    } cases[] = {
        {"1", 12.706204736174694}, {"2.5", 3.5746548420036817}, {"5", 2.5705818356363146}, {"10", 2.228138851986274}};
    static double z[POINTS], density[POINTS];
    for (size_t c = 0; c < sizeof cases / sizeof *cases; ++c) {
        const double limits[] = {0.5, 1, cases[c].t}, freedom = atof(cases[c].freedom);
        prior_density(cases[c].freedom, z, density);
        draw_prior(cases[c].freedom, normals, draws);
        /* Of ν = 1, 2/(π·sinh 7) lie beyond the points. */
        cr_expect_float_eq(integral(z, density, INFINITY), 1, freedom > 1 ? 1e-5 : 1.2e-3, "%s", cases[c].freedom);
        for (int l = 0; l < 3; ++l) {
            const double expected = integral(z, density, limits[l]);
            double inside = 0;
            for (int i = 0; i < DRAWS; ++i)
                inside += fabs(draws[i]) <= limits[l];
            cr_expect_float_eq(inside / DRAWS, expected, 5 * sqrt(expected * (1 - expected) / DRAWS) + 1e-3,
                               "%s: %g of the draws within %g, not %g", cases[c].freedom, inside / DRAWS, limits[l],
                               expected);
            if (l == 2) cr_expect_float_eq(expected, 0.95, 1e-3, "%s: %g", cases[c].freedom, expected);
        }
    }
}

/* ν/(ν - 2); the standard error of ten degrees' is √(3/DRAWS) of it. */
Test(student_prior, draws_have_the_variance_of_their_degrees)
{
    double sum = 0;
    draw_prior("10", normals, draws);
    for (int i = 0; i < DRAWS; ++i)
        sum += (double)draws[i] * (double)draws[i];
    cr_expect_float_eq(sum / DRAWS, 1.25, 5 * 1.25 * sqrt(3.0 / DRAWS), "%g", sum / DRAWS);
}

/* ---- Many degrees of freedom ---- */

static double *train(const vae_backend *backend, const vae_config *config, double *loss)
{
    const vae_device_options options = {.threads = 1, .precision = VAE_PRECISION_FP32};
    training t;
    open_training(backend, &options, config, &t);
    for (int s = 0; s < 12; ++s)
        *loss = run_step(&t, s);
    double *parameters = read_parameters(&t);
    close_training(&t);
    return parameters;
}

Test(student_prior, of_many_degrees_is_a_vae_with_a_sampled_kl)
{
    static const vae_backend *const backends[] = {&vae_backend_reference, &vae_backend_cpu};
    const vae_config student = student_config("1e6"), few = student_config("3");
    vae_config plain = small_config();
    MUST(vae_config_set(&plain, "model.kl=sampled"));
    draw_prior("1e6", normals, draws);
    for (int i = 0; i < DRAWS; ++i)
        cr_assert_float_eq(draws[i], normals[2 * i], 1e-4 * (1 + fabs(normals[2 * i])));
    for (int b = 0; b < 2; ++b) {
        double plain_loss, loss, other;
        double *expected = train(backends[b], &plain, &plain_loss), *found = train(backends[b], &student, &loss);
        double *far = train(backends[b], &few, &other);
        cr_expect_float_eq(loss, plain_loss, 1e-4, "%s: %.9g, not %.9g", backends[b]->name, loss, plain_loss);
        cr_expect_gt(fabs(other - plain_loss), 1e-2, "%s: %.9g", backends[b]->name, other);
        for (int64_t i = 0; i < 100; ++i)
            cr_assert_float_eq(found[i], expected[i], 1e-4, "%s: [%d]", backends[b]->name, (int)i);
        free(expected);
        free(found);
        free(far);
    }
}
