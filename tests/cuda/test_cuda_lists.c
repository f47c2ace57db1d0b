/* Lists of instructions, sums of rows and log-sum-exp on the simulated device, where shapes make kernels take other
 * ways than those of tests/expressions.h: blocks that share a row, groups that are cut, numbers that are not finite. */
#include <simt/simt.h>

#include "backend/cuda/internal.h"
#include "expressions.h"

/* ---- One op against the reference ---- */

typedef vae_status (*append_reduction)(vae_program *program, const char *name, vae_tensor x, int64_t count,
                                       vae_tensor *y);

static vae_status append_sum_columns(vae_program *program, const char *name, vae_tensor x, int64_t count, vae_tensor *y)
{
    (void)count;
    return vae_program_sum_columns(program, name, x, y);
}

typedef struct reduction {
    append_reduction append;
    int64_t rows, columns, count;
} reduction;

/* The results in double, by backend. The caller frees. */
static double *reduce(const vae_backend *backend, const reduction *c, const double *x, int64_t *results)
{
    one_op o = {0};
    vae_program_init(&o.program, "reduction", &o.layout);
    MUST(vae_program_input(&o.program, "x", vae_shape_matrix(c->rows, c->columns), &o.input));
    MUST(c->append(&o.program, "y", o.input, c->count, &o.output));
    vae_program_mark_external(&o.program, o.output);
    MUST(vae_program_plan(&o.program));
    *results = o.program.tensors[o.output].elements;
    double *y = calloc((size_t)*results, sizeof *y);
    run_one_op(backend, &o, x, NULL, y, NULL);
    vae_program_free(&o.program);
    return y;
}

static void expect_same(const reduction *c, const double *x, double allowed)
{
    int64_t results;
    double *expected = reduce(&vae_backend_reference, c, x, &results);
    double *found = reduce(&vae_backend_cuda, c, x, &results);
    for (int64_t i = 0; i < results; ++i) {
        const bool same = expected[i] == found[i] || (isnan(expected[i]) && isnan(found[i]));
        cr_assert(same || fabs(found[i] - expected[i]) <= allowed * (1 + fabs(expected[i])),
                  "[%lld, %lld] by %lld: result %lld is %.9g, not %.9g", (long long)c->rows, (long long)c->columns,
                  (long long)c->count, (long long)i, found[i], expected[i]);
    }
    free(expected);
    free(found);
}

static const reduction reductions[] = {
    /* Rows that two lanes, a warp and a block share, one number and four at a time. */
    {append_sum_columns, 2500, 2, 0},
    {append_sum_columns, 5, 509, 0},
    {append_sum_columns, 3, 2047, 0},
    {append_sum_columns, 3, 2052, 0},
    {vae_program_log_sum_exp, 130, 3, 3},
    {vae_program_log_sum_exp, 7, 100, 100},
    {vae_program_log_sum_exp, 3, 2047, 2047},
    {vae_program_log_sum_exp, 2, 2052, 2052},
    /* Groups that a thread takes, that a block takes, and that several blocks share. */
    {vae_program_sum_rows, 3 * 16, 8, 16},
    {vae_program_sum_rows, 5 * 7, 3, 7},
    {vae_program_sum_rows, 300 * 17, 2, 17},
    {vae_program_sum_rows, 2 * 700, 5, 700},
    {vae_program_sum_rows, 3 * 331, 132, 331},
};

/* A device so small that blocks go round. */
Test(cuda_lists, reductions_of_every_way)
{
    simt_device_options options = simt_get_device_options();
    options.multiprocessors = 1;
    simt_set_device_options(&options);
    for (size_t k = 0; k < sizeof reductions / sizeof *reductions; ++k) {
        const int64_t count = reductions[k].rows * reductions[k].columns;
        double *x = calloc((size_t)count, sizeof *x);
        for (int64_t i = 0; i < count; ++i)
            x[i] = test_normal(11 + k, (uint64_t)i);
        expect_same(&reductions[k], x, 4e-6);
        free(x);
    }
}

/* ---- Sums of so many equal numbers that a float, to which one after the other is added, drifts away ---- */

Test(cuda_lists, long_sums_keep_their_accuracy)
{
    enum { MANY = 1 << 18 };
    static const reduction cases[] = {
        {append_sum_columns, 1, MANY, 0},
        {vae_program_sum_rows, MANY, 1, MANY},
        {vae_program_log_sum_exp, 1, MANY, MANY},
    };
    double *x = calloc(MANY, sizeof *x);
    for (int64_t i = 0; i < MANY; ++i)
        x[i] = 0.3;
    for (int k = 0; k < 3; ++k)
        expect_same(&cases[k], x, 3e-7);
    free(x);
}

/* ---- Numbers at the ends ---- */

Test(cuda_lists, log_sum_exp_of_numbers_that_are_not_finite)
{
    enum { RUNS = 6, COUNT = 2052 };
    const double first[RUNS] = {INFINITY, -INFINITY, NAN, -INFINITY, 3e38, -3e38};
    const int64_t counts[] = {4, 33, COUNT};
    for (int k = 0; k < 3; ++k) {
        double *x = calloc((size_t)(RUNS * counts[k]), sizeof *x);
        for (int64_t i = 0; i < RUNS * counts[k]; ++i)
            x[i] = i / counts[k] == 2 || i / counts[k] == 3 ? -INFINITY : -0.01 * (double)(i % counts[k]);
        for (int64_t run = 0; run < RUNS; ++run)
            x[run * counts[k] + (run * 7 + 1) % counts[k]] = first[run];
        expect_same(&(reduction){vae_program_log_sum_exp, RUNS, counts[k], counts[k]}, x, 4e-6);
        free(x);
    }
}

/* ---- The search for NaN ---- */

Test(cuda_lists, the_first_nan_is_named_by_the_tensor_that_was_fused_away)
{
    expect_first_nan(&vae_backend_cuda, VAE_FUNCTION_LOG, "log");
    expect_first_nan(&vae_backend_cuda, VAE_FUNCTION_SQRT, "sqrt");
    expect_first_nan(&vae_backend_cuda, VAE_FUNCTION_SIGMOID, "");
}

/* ---- What products read in bf16 ---- */

/* A layer between two lists: it reads what one makes, and its backward pass a gradient that the other makes. */
static double *layer_gradients(const vae_backend *backend, vae_precision precision, int64_t *elements)
{
    enum { ROWS = 6, COLUMNS = 8, OUT = 4 };
    op_program p = {0};
    op_run r = {.backend = backend};
    vae_tensor x, y, wide;
    MUST(vae_layout_add(&p.layout, "x", vae_shape_matrix(ROWS, COLUMNS), 1, NULL));
    MUST(vae_layout_add(&p.layout, "layer.weight", vae_shape_matrix(COLUMNS, OUT), 1, NULL));
    MUST(vae_layout_add(&p.layout, "layer.bias", vae_shape_vector(OUT), 1, NULL));
    vae_program_init(&p.program, "layer", &p.layout);
    MUST(vae_program_add_parameter(&p.program, VAE_TENSOR_PARAMETER, 0, &x));
    wide = applied(&p.program, VAE_FUNCTION_SQUARE, applied(&p.program, VAE_FUNCTION_TANH, x, VAE_NO_TENSOR),
                   VAE_NO_TENSOR);
    MUST(vae_program_dense(&p.program, "layer", wide, VAE_ACTIVATION_IDENTITY, true, &y));
    y = applied(&p.program, VAE_FUNCTION_EXP, applied(&p.program, VAE_FUNCTION_MULTIPLY, y, y), VAE_NO_TENSOR);
    MUST(vae_program_differentiate(&p.program, &(vae_loss_term){y, expression_weight}, 1));
    MUST(vae_program_fuse(&p.program));
    MUST(vae_program_plan(&p.program));
    MUST(backend->device_open(&(vae_device_options){.threads = 1, .precision = precision}, &r.device));
    MUST(backend->store_create(r.device, &p.layout, true, &r.store));
    double *values = calloc((size_t)p.layout.elements, sizeof *values);
    for (int64_t i = 0; i < p.layout.elements; ++i)
        values[i] = 0.5 * test_normal(5, (uint64_t)i);
    MUST(backend->store_write(r.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, values));
    MUST(backend->executable_create(r.device, &p.program, r.store, NULL, &r.executable));
    MUST(backend->executable_run(r.executable, &op_step));
    MUST(backend->store_read(r.store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, values));
    for (int32_t i = 0; precision == VAE_PRECISION_BF16 && i < r.executable->lowering.count; ++i)
        cr_assert_neq(r.executable->lowering.launches[i].kind, VAE_LAUNCH_ROUND_BF16, "lists write their own copies");
    *elements = p.layout.elements;
    close_run(&r);
    vae_program_free(&p.program);
    vae_layout_free(&p.layout);
    return values;
}

Test(cuda_lists, products_read_the_copies_that_lists_write)
{
    int64_t elements;
    double *expected = layer_gradients(&vae_backend_reference, VAE_PRECISION_FP32, &elements), largest = 0;
    double *found = layer_gradients(&vae_backend_cuda, VAE_PRECISION_BF16, &elements);
    for (int64_t i = 0; i < elements; ++i)
        largest = fmax(largest, fabs(expected[i]));
    for (int64_t i = 0; i < elements; ++i) {
        cr_assert(fabs(found[i] - expected[i]) <= 0.02 * largest, "gradient %lld is %g, not %g", (long long)i, found[i],
                  expected[i]);
    }
    free(expected);
    free(found);
}
