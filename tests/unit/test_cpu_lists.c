/* The cpu backend's elementwise functions, sums and log-sum-exp at every SIMD level that the processor has, also where
 * numbers are zero, subnormal, infinite or NaN. */
#include <float.h>

#include "backend/reference/kernels.h"
#include "cpu_levels.h"
#include "expressions.h"

static vae_host_device device = {.threads = 1};

/* Runs the program's only op, which reads `x` and `second`. */
static void run(const vae_cpu_isa *isa, const vae_program *program, float *x, float *second, float *y)
{
    const vae_op *op = &program->ops[0];
    vae_call call = {.program = program, .op = op, .inputs = {x, second}, .outputs = {y}, .step = &op_step};
    call.device = &device.base;
    cr_assert_eq(program->op_count, 1);
    const vae_kernel *kernel = isa->kernels[op->kind];
    if (kernel->prepare) MUST(kernel->prepare(&call));
    MUST(kernel->run(&call));
    if (kernel->release) kernel->release(&call);
}

/* y of x, [count] both. */
static void apply(const vae_cpu_isa *isa, vae_function function, float *x, float *second, float *y, int64_t count)
{
    vae_layout layout = {0};
    vae_program program;
    vae_tensor a, b = VAE_NO_TENSOR;
    vae_program_init(&program, "apply", &layout);
    MUST(vae_program_input(&program, "a", vae_shape_vector(count), &a));
    if (second) MUST(vae_program_input(&program, "b", vae_shape_vector(count), &b));
    applied(&program, function, a, b);
    run(isa, &program, x, second, y);
    vae_program_free(&program);
}

static void log_sum_exp(const vae_cpu_isa *isa, float *x, float *y, int64_t runs, int64_t count)
{
    vae_layout layout = {0};
    vae_program program;
    vae_tensor a, b;
    vae_program_init(&program, "log_sum_exp", &layout);
    MUST(vae_program_input(&program, "a", vae_shape_vector(runs * count), &a));
    MUST(vae_program_log_sum_exp(&program, "y", a, count, &b));
    run(isa, &program, x, NULL, y);
    vae_program_free(&program);
}

static void expect(const char *what, const vae_cpu_isa *isa, double x, double expected, double found, double allowed)
{
    if (isnan(expected)) {
        cr_assert(isnan(found), "%s, %s of %g: %g, not NaN", isa->name, what, x, found);
    } else if (isinf(expected) || fabs(expected) > (double)FLT_MAX) {
        cr_assert(isinf(found) && signbit(found) == signbit(expected), "%s, %s of %g: %g", isa->name, what, x, found);
    } else {
        cr_assert_leq(fabs(found - expected), allowed, "%s, %s of %g: %.9g, not %.9g", isa->name, what, x, found,
                      expected);
    }
}

static void check_logarithms(const vae_cpu_isa *isa)
{
    float x[] = {0.0f, -0.0f, -1.0f, -INFINITY, INFINITY, NAN,         1e-45f,  1e-40f,    -FLT_MIN,
                 1.0f, 0.5f,  3.0f,  FLT_MIN,   1e9f,     1.1754e-38f, FLT_MAX, 0.9999999f};
    enum { COUNT = sizeof x / sizeof *x };
    float y[COUNT];
    apply(isa, VAE_FUNCTION_LOG, x, NULL, y, COUNT);
    for (int i = 0; i < COUNT; ++i)
        expect("log", isa, (double)x[i], log((double)x[i]), (double)y[i], 2e-7 * fabs(log((double)x[i])));
}

/* Below -87.3 it stays there. */
static void check_exponentials(const vae_cpu_isa *isa)
{
    float x[] = {0.0f, 1.0f, -87.0f, -200.0f, -INFINITY, 88.0f, 88.4f, 88.7f, 88.722f, 88.75f, 1e30f, INFINITY, NAN};
    enum { COUNT = sizeof x / sizeof *x };
    float y[COUNT];
    apply(isa, VAE_FUNCTION_EXP, x, NULL, y, COUNT);
    for (int i = 0; i < COUNT; ++i)
        expect("exp", isa, (double)x[i], exp((double)x[i]), (double)y[i], 3e-7 * exp((double)x[i]) + 2e-38);
}

/* At places that no loop divides, so that the rest is seen too. */
static void check_function(const vae_cpu_isa *isa, vae_function function)
{
    enum { COUNT = 3001 };
    static float x[COUNT], b[COUNT], y[COUNT];
    const vae_function_info *info = vae_function_info_of(function);
    const bool positive = function == VAE_FUNCTION_LOG || function == VAE_FUNCTION_SQRT;
    for (int i = 0; i < COUNT; ++i) {
        x[i] = (float)(positive ? 0.01 + i * 0.003 : -9 + i * 0.006);
        b[i] = (float)(0.7 + i % 7);
    }
    apply(isa, function, x, info->operands == 2 ? b : NULL, y, COUNT);
    for (int i = 0; i < COUNT; ++i) {
        const double operands[VAE_LIST_OPERANDS] = {(double)x[i], (double)b[i]};
        const double expected = vae_reference_function(function, VAE_PART_VALUE, operands);
        expect(info->name, isa, (double)x[i], expected, (double)y[i], 1e-6 * fmax(fabs(expected), 0.3));
    }
}

static void check_log_sum_exp(const vae_cpu_isa *isa)
{
    float x[6][3] = {{1, 2, 3},
                     {-INFINITY, -INFINITY, -INFINITY},
                     {-INFINITY, 200, 190},
                     {INFINITY, -INFINITY, 1},
                     {NAN, -INFINITY, -INFINITY},
                     {INFINITY, NAN, 0}};
    const double expected[6] = {3.4076059644443806, -INFINITY, 200.00004539889922, INFINITY, NAN, NAN};
    float y[6];
    log_sum_exp(isa, &x[0][0], y, 6, 3);
    for (int i = 0; i < 6; ++i)
        expect("log_sum_exp", isa, (double)x[i][0], expected[i], (double)y[i], 3e-7 * fabs(expected[i]));
    enum { LONG = 5003 };
    static float wide[2 * LONG];
    for (int i = 0; i < 2 * LONG; ++i)
        wide[i] = (float)(i % 100);
    log_sum_exp(isa, wide, y, 2, LONG);
    for (int r = 0; r < 2; ++r) {
        double sum = 0;
        for (int i = 0; i < LONG; ++i)
            sum += exp((double)wide[r * LONG + i] - 99);
        expect("log_sum_exp of many", isa, r, 99 + log(sum), (double)y[r], 2e-5);
    }
}

Test(cpu_lists, every_level_takes_any_number)
{
    const vae_cpu_isa *levels[3];
    const int count = levels_here(levels);
    for (int i = 0; i < count; ++i) {
        check_logarithms(levels[i]);
        check_exponentials(levels[i]);
        check_log_sum_exp(levels[i]);
        for (int f = 0; f < VAE_FUNCTION_COUNT; ++f)
            check_function(levels[i], (vae_function)f);
    }
}
