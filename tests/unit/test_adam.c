/* adam against a scalar implementation written from the papers, on both backends; and what happens to NaN. */
#include "ops.h"

enum { STEPS = 5 };

static const vae_adam_options plain = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
static const vae_adam_options full = {
    .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.1, .clip_norm = 0.5};
/* The first step's norm, some 95, is below it, the second's less than twice above. */
static const vae_adam_options clip_some = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .clip_norm = 150};

/* Most gradients are beyond it, and the norm of what is left beyond the other. */
static const vae_adam_options clip_values = {
    .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .clip_value = 0.6, .clip_norm = 40};
/* "b" alone: "a" takes up 64 elements. */
static const vae_adam_options some = {
    .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.1, .clip_norm = 0.5, .first = 64, .count = 9024};

typedef struct adam_run {
    vae_layout layout;
    vae_program program;
    vae_tensor loss_rows;
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
} adam_run;

/* A program of an accumulated input and adam: the test writes the gradients itself. */
static void open_adam(const vae_backend *backend, vae_adam_options options, adam_run *r)
{
    *r = (adam_run){0};
    MUST(vae_layout_add(&r->layout, "a", vae_shape_matrix(7, 5), 5, NULL));
    MUST(vae_layout_add(&r->layout, "b", vae_shape_vector(9001), 5, NULL));
    vae_program_init(&r->program, "adam", &r->layout);
    MUST(vae_program_input(&r->program, "rows", vae_shape_vector(1), &r->loss_rows));
    MUST(vae_program_accumulate(&r->program, r->loss_rows, VAE_METRIC_RECONSTRUCTION, 1.0, 1));
    MUST(vae_program_adam(&r->program, options));
    MUST(vae_program_plan(&r->program));
    const vae_device_options device_options = {.threads = 2};
    MUST(backend->device_open(&device_options, &r->device));
    MUST(backend->store_create(r->device, &r->layout, true, &r->store));
    MUST(backend->executable_create(r->device, &r->program, r->store, NULL, &r->executable));
}

static void close_adam(const vae_backend *backend, adam_run *r)
{
    backend->executable_destroy(r->executable);
    backend->store_destroy(r->store);
    backend->device_close(r->device);
    vae_program_free(&r->program);
    vae_layout_free(&r->layout);
}

/* Fills the parameters proper; the padding between them stays zero, as the layout promises. */
static double *fill(const vae_layout *layout, uint64_t stream)
{
    double *values = calloc((size_t)layout->elements, sizeof *values);
    for (int32_t t = 0; t < layout->count; ++t) {
        for (int64_t i = 0; i < vae_shape_elements(&layout->parameters[t].shape); ++i) {
            values[layout->parameters[t].offset + i] = test_normal(stream, (uint64_t)(i + 100000 * t));
        }
    }
    return values;
}

static double within(double limit, double value)
{
    return limit > 0 ? fmin(fmax(value, -limit), limit) : value;
}

static void check_updates(const vae_backend *backend, vae_adam_options o, double allowed)
{
    adam_run r;
    open_adam(backend, o, &r);
    const int64_t count = r.layout.elements, end = o.count > 0 ? o.first + o.count : count;
    double *expected = fill(&r.layout, 1), *found = calloc((size_t)count, sizeof *found);
    double *first = calloc((size_t)count, sizeof *first), *second = calloc((size_t)count, sizeof *second);
    double norms = 0.0, sums[VAE_METRIC_COUNT];
    MUST(backend->store_write(r.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, expected));
    for (int step = 1; step <= STEPS; ++step) {
        const double rate = 0.01 / step;
        double *gradient = fill(&r.layout, (uint64_t)step + 10), norm = 0.0;
        /* Adam does not see a factor that all gradients share, so a clip shows only where they differ in size. */
        for (int64_t i = 0; i < count; ++i) {
            gradient[i] *= step;
            const double g = within(o.clip_value, gradient[i]);
            if (i >= o.first && i < end) norm += g * g;
        }
        norm = sqrt(norm);
        norms += norm;
        for (int64_t i = o.first; i < end; ++i) {
            double g = within(o.clip_value, gradient[i]);
            if (o.clip_norm > 0 && norm > o.clip_norm) g *= o.clip_norm / norm;
            expected[i] *= 1 - rate * o.weight_decay;
            first[i] += (1 - o.beta1) * (g - first[i]);
            second[i] += (1 - o.beta2) * (g * g - second[i]);
            const double mean = first[i] / (1 - pow(o.beta1, step)), square = second[i] / (1 - pow(o.beta2, step));
            expected[i] -= rate * mean / (sqrt(square) + o.epsilon);
        }
        const vae_step now = {.learning_rate = rate, .adam_step = (uint64_t)step};
        MUST(backend->store_write(r.store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, gradient));
        MUST(backend->executable_run(r.executable, &now));
        free(gradient);
    }
    MUST(backend->store_read(r.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, found));
    for (int64_t i = 0; i < count; ++i) {
        cr_assert_leq(fabs(found[i] - expected[i]), allowed, "%s: parameter %lld is %.9g, not %.9g", backend->name,
                      (long long)i, found[i], expected[i]);
    }
    MUST(backend->metrics_take(r.executable, sums));
    cr_assert_eq(sums[VAE_METRIC_STEPS], STEPS);
    cr_assert_leq(fabs(sums[VAE_METRIC_GRADIENT_NORM] - norms), 1e-6 * norms);
    free(expected);
    free(found);
    free(first);
    free(second);
    close_adam(backend, &r);
}

Test(adam, follows_the_papers)
{
    check_updates(&vae_backend_reference, plain, 1e-12);
    check_updates(&vae_backend_reference, full, 1e-12);
    check_updates(&vae_backend_reference, clip_some, 1e-12);
    check_updates(&vae_backend_cpu, plain, 2e-6);
    check_updates(&vae_backend_cpu, full, 2e-6);
    check_updates(&vae_backend_cpu, clip_some, 2e-6);
}

Test(adam, clips_by_value_before_the_norm)
{
    check_updates(&vae_backend_reference, clip_values, 1e-12);
    check_updates(&vae_backend_cpu, clip_values, 2e-6);
}

Test(adam, updates_some_parameters_only)
{
    check_updates(&vae_backend_reference, some, 1e-12);
    check_updates(&vae_backend_cpu, some, 2e-6);
    vae_layout layout = {0};
    vae_program program;
    MUST(vae_layout_add(&layout, "a", vae_shape_matrix(7, 5), 5, NULL));
    vae_program_init(&program, "adam", &layout);
    cr_expect_eq(vae_program_adam(&program, (vae_adam_options){.first = 64, .count = 1}), VAE_ERROR_ARGUMENT);
    cr_expect_eq(vae_program_adam(&program, (vae_adam_options){.first = 3, .count = 1}), VAE_ERROR_ARGUMENT);
    vae_program_free(&program);
    vae_layout_free(&layout);
}

/* A gradient that is NaN stays one, so that the step after it is refused. */
Test(adam, clipping_by_value_hides_no_nan)
{
    const vae_backend *const backends[] = {&vae_backend_reference, &vae_backend_cpu};
    for (int b = 0; b < 2; ++b) {
        adam_run r;
        open_adam(backends[b], clip_values, &r);
        double *gradient = fill(&r.layout, 2), *after = fill(&r.layout, 3);
        const vae_step step = {.learning_rate = 0.1, .adam_step = 1};
        gradient[3] = NAN;
        MUST(backends[b]->store_write(r.store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, gradient));
        MUST(backends[b]->executable_run(r.executable, &step));
        MUST(backends[b]->store_read(r.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, after));
        cr_expect(isnan(after[3]), "%s", backends[b]->name);
        free(gradient);
        free(after);
        close_adam(backends[b], &r);
    }
}

static void check_guard(const vae_backend *backend, double bad)
{
    adam_run r;
    open_adam(backend, plain, &r);
    double *before = fill(&r.layout, 1), *gradient = fill(&r.layout, 2), *after = fill(&r.layout, 3);
    const vae_step step = {.learning_rate = 0.1, .adam_step = 1};
    MUST(backend->store_write(r.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, before));
    MUST(backend->store_read(r.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, before));
    MUST(backend->store_write(r.store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, gradient));
    MUST(backend->tensor_write(r.executable, r.loss_rows, VAE_FLOAT64, &bad));
    MUST(backend->executable_run(r.executable, &step));
    MUST(backend->store_read(r.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, after));
    cr_assert_arr_eq(before, after, (size_t)r.layout.elements * sizeof *before);
    free(before);
    free(gradient);
    free(after);
    close_adam(backend, &r);
}

Test(adam, a_loss_that_is_not_finite_changes_nothing)
{
    check_guard(&vae_backend_reference, NAN);
    check_guard(&vae_backend_cpu, NAN);
    check_guard(&vae_backend_cpu, INFINITY);
}

static void check_search(const vae_backend *backend)
{
    op_program p;
    op_run r;
    char name[VAE_NAME_SIZE];
    build_case(&op_cases[7], &p); /* dense gelu */
    open_run(backend, 2, &p, &r);
    MUST(backend->executable_find_nonfinite(r.executable, &op_step, name, sizeof name));
    cr_assert_str_empty(name);
    /* An overflow in the second layer: its weights are finite, its output is not. */
    const int32_t layer = vae_layout_find(&p.layout, "layer.weight");
    const double huge = backend->dtype == VAE_FLOAT64 ? 1e308 : 3e38;
    for (int i = 0; i < 99; ++i)
        r.parameters[p.layout.parameters[layer].offset + i] = i % 2 ? huge : -huge;
    MUST(backend->store_write(r.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, r.parameters));
    MUST(backend->executable_find_nonfinite(r.executable, &op_step, name, sizeof name));
    cr_assert_str_eq(name, "layer");
    r.parameters[p.layout.parameters[layer].offset] = NAN;
    MUST(backend->store_write(r.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, r.parameters));
    MUST(backend->executable_find_nonfinite(r.executable, &op_step, name, sizeof name));
    cr_assert_str_eq(name, "layer.weight");
    close_run(&r);
    free_case(&p);
}

Test(adam, the_first_bad_tensor_is_named)
{
    check_search(&vae_backend_reference);
    check_search(&vae_backend_cpu);
}
