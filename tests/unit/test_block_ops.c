/* Builders and backward passes of the ops between layers: what they refuse, how many ops they append, and what the
 * norms keep from step to step. */
#include "ops.h"

typedef struct block {
    vae_layout layout;
    vae_program program;
    vae_tensor matrix, images;
} block;

static void open_block(block *b)
{
    *b = (block){0};
    MUST(vae_layout_add(&b->layout, "a.weight", vae_shape_matrix(3, 3), 3, NULL));
    MUST(vae_layout_add(&b->layout, "a.bias", vae_shape_vector(3), 3, NULL));
    MUST(vae_layout_add_filled(&b->layout, "n.scale", vae_shape_vector(3), 1.0));
    MUST(vae_layout_add_filled(&b->layout, "n.shift", vae_shape_vector(3), 0.0));
    MUST(vae_layout_add_statistic(&b->layout, "n.mean", vae_shape_vector(3), 0.0));
    MUST(vae_layout_add_statistic(&b->layout, "n.variance", vae_shape_vector(3), 1.0));
    vae_program_init(&b->program, "block", &b->layout);
    MUST(vae_program_input(&b->program, "x", vae_shape_matrix(4, 3), &b->matrix));
    MUST(vae_program_input(&b->program, "pictures", vae_shape_images(4, 2, 2, 3), &b->images));
}

static void close_block(block *b)
{
    vae_program_free(&b->program);
    vae_layout_free(&b->layout);
}

static void expect_error(vae_status found, vae_status expected, const char *words)
{
    cr_assert_eq(found, expected);
    cr_assert_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
}

Test(block_ops, what_does_not_fit_is_named)
{
    block b;
    vae_tensor y;
    open_block(&b);
    expect_error(vae_program_add(&b.program, "sum", b.matrix, b.images, &y), VAE_ERROR_SHAPE,
                 "sum: [4, 3] and [4, 2, 2, 3] cannot be added");
    expect_error(vae_program_upsample(&b.program, "up", b.matrix, 2, &y), VAE_ERROR_SHAPE,
                 "up: upsampling [4, 3] by 2");
    expect_error(vae_program_upsample(&b.program, "up", b.images, 0, &y), VAE_ERROR_SHAPE, "by 0");
    expect_error(vae_program_dropout(&b.program, "drop", b.matrix, 1.0, 0, &y), VAE_ERROR_ARGUMENT, "rate is 1");
    expect_error(vae_program_dropout(&b.program, "drop", b.matrix, 0.1, 64, &y), VAE_ERROR_ARGUMENT,
                 "at most 64 dropout layers");
    expect_error(vae_program_batch_norm(&b.program, "m", b.matrix, 0, true, &y), VAE_ERROR_SHAPE, "'m.scale'");
    close_block(&b);
}

static int32_t count_ops(const vae_program *program, vae_op_kind kind)
{
    int32_t count = 0;
    for (int32_t i = 0; i < program->op_count; ++i)
        count += program->ops[i].kind == kind;
    return count;
}

static void differentiate(block *b, vae_tensor y)
{
    vae_tensor target, ll;
    MUST(vae_program_input(&b->program, "target", vae_shape_matrix(4, 3), &target));
    MUST(vae_program_likelihood(&b->program, "ll", y, target, &unit_gaussian, true, &ll));
    MUST(vae_program_differentiate(&b->program, &(vae_loss_term){ll, row_weight}, 1));
}

Test(block_ops, one_reader_costs_no_op)
{
    block b;
    vae_tensor y;
    open_block(&b);
    MUST(vae_program_dense(&b.program, "a", b.matrix, VAE_ACTIVATION_TANH, true, &y));
    MUST(vae_program_batch_norm(&b.program, "n", y, VAE_ACTIVATION_RELU, true, &y));
    MUST(vae_program_activate(&b.program, "same", y, VAE_ACTIVATION_IDENTITY, &y));
    MUST(vae_program_dropout(&b.program, "drop", y, 0.5, 0, &y));
    /* Nothing flows back into x, so the sum's gradient needs no copy. */
    MUST(vae_program_add(&b.program, "sum", b.matrix, y, &y));
    differentiate(&b, y);
    cr_assert_eq(count_ops(&b.program, VAE_OP_ADD), 1);
    cr_assert_eq(count_ops(&b.program, VAE_OP_ACTIVATE), 1);
    cr_assert_eq(count_ops(&b.program, VAE_OP_DROPOUT), 2);
    cr_assert_eq(b.program.op_count, 6 + 3);
    close_block(&b);
}

Test(block_ops, a_second_reader_costs_a_copy_and_a_sum)
{
    block b;
    vae_tensor x, y;
    open_block(&b);
    MUST(vae_program_dense(&b.program, "a", b.matrix, VAE_ACTIVATION_TANH, true, &x));
    MUST(vae_program_batch_norm(&b.program, "n", x, VAE_ACTIVATION_RELU, true, &y));
    MUST(vae_program_add(&b.program, "sum", x, y, &y));
    differentiate(&b, y);
    cr_assert_eq(count_ops(&b.program, VAE_OP_ADD), 2);
    cr_assert_eq(count_ops(&b.program, VAE_OP_ACTIVATE), 1);
    close_block(&b);
}

Test(block_ops, a_norm_for_evaluation_has_no_backward_pass)
{
    block b;
    vae_tensor y, target, ll;
    open_block(&b);
    MUST(vae_program_batch_norm(&b.program, "n", b.matrix, VAE_ACTIVATION_RELU, false, &y));
    MUST(vae_program_input(&b.program, "target", vae_shape_matrix(4, 3), &target));
    MUST(vae_program_likelihood(&b.program, "ll", y, target, &unit_gaussian, true, &ll));
    expect_error(vae_program_differentiate(&b.program, &(vae_loss_term){ll, row_weight}, 1), VAE_ERROR_ARGUMENT,
                 "n: 'batch_norm' was not built for training");
    close_block(&b);
}

/* ---- Threads ---- */

static double *gradients_with(int threads, op_program *p)
{
    op_run r;
    open_run(&vae_backend_cpu, threads, p, &r);
    MUST(r.backend->executable_run(r.executable, &op_step));
    double *gradients = read_arena(p, &r, VAE_ARENA_GRADIENTS);
    close_run(&r);
    return gradients;
}

Test(block_ops, every_thread_count_gives_the_same_bits)
{
    static const op_case cases[] = {
        OP_CASE("batch norm of images", FAMILY_BATCH_NORM, 37, 14, 13, 1, VAE_ACTIVATION_SILU, 1, 1, false),
        OP_CASE("layer norm of images", FAMILY_LAYER_NORM, 37, 14, 13, 1, VAE_ACTIVATION_SILU, 1, 1, false),
        OP_CASE("upsampling", FAMILY_UPSAMPLE, 37, 14, 3, 2, 0, 1, 1, false),
        OP_CASE("dropout", FAMILY_DROPOUT, 37, 14, 13, 1, 0, 1, 1, false),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        op_program p;
        build_case(&cases[i], &p);
        double *one = gradients_with(1, &p);
        for (int threads = 2; threads <= 3; ++threads) {
            double *more = gradients_with(threads, &p);
            cr_assert_arr_eq(one, more, (size_t)p.layout.elements * sizeof *one, "%s, %d threads", cases[i].name,
                             threads);
            free(more);
        }
        free(one);
        free_case(&p);
    }
}

/* ---- Running statistics ---- */

/* Runs a batch norm in training on `rows` rows of x and gives the statistics after it, two numbers a channel. */
static void train_norm(const vae_backend *backend, int64_t rows, const double *x, double mean[3], double variance[3])
{
    const vae_device_options options = {.threads = 1};
    block b;
    vae_tensor input, y;
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    open_block(&b);
    MUST(vae_program_input(&b.program, "batch", vae_shape_matrix(rows, 3), &input));
    MUST(vae_program_batch_norm(&b.program, "n", input, VAE_ACTIVATION_RELU, true, &y));
    MUST(vae_program_plan(&b.program));
    MUST(backend->device_open(&options, &device));
    MUST(backend->store_create(device, &b.layout, true, &store));
    double *values = calloc((size_t)b.layout.elements, sizeof *values);
    const int64_t at = b.layout.parameters[vae_layout_find(&b.layout, "n.mean")].offset;
    const int64_t variance_at = b.layout.parameters[vae_layout_find(&b.layout, "n.variance")].offset;
    for (int i = 0; i < 3; ++i)
        values[variance_at + i] = 1.0;
    MUST(backend->store_write(store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, values));
    MUST(backend->executable_create(device, &b.program, store, NULL, &executable));
    MUST(backend->tensor_write(executable, input, VAE_FLOAT64, x));
    MUST(backend->executable_run(executable, &op_step));
    MUST(backend->store_read(store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, values));
    memcpy(mean, values + at, 3 * sizeof *mean);
    memcpy(variance, values + variance_at, 3 * sizeof *variance);
    free(values);
    backend->executable_destroy(executable);
    backend->store_destroy(store);
    backend->device_close(device);
    close_block(&b);
}

static const vae_backend *const backends[] = {&vae_backend_reference, &vae_backend_cpu};
enum { BACKEND_COUNT = sizeof backends / sizeof *backends };

Test(block_ops, running_statistics_follow_the_batch)
{
    /* Means 2, 20, -1; unbiased variances 1, 100, 0. */
    const double x[] = {1, 10, -1, 2, 20, -1, 3, 30, -1};
    const double means[] = {0.2, 2.0, -0.1}, variances[] = {1.0, 10.9, 0.9};
    for (int b = 0; b < BACKEND_COUNT; ++b) {
        double mean[3], variance[3];
        train_norm(backends[b], 3, x, mean, variance);
        for (int i = 0; i < 3; ++i) {
            cr_assert_float_eq(mean[i], means[i], 1e-6, "%s: mean %g, not %g", backends[b]->name, mean[i], means[i]);
            cr_assert_float_eq(variance[i], variances[i], 1e-5, "%s: variance %g, not %g", backends[b]->name,
                               variance[i], variances[i]);
        }
    }
}

/* One row has no unbiased variance; a batch that is not finite would spoil every evaluation after it. */
Test(block_ops, running_statistics_stay_where_the_batch_has_none)
{
    const double row[] = {5, 6, 7}, rows[] = {1, NAN, 3, 4, 5, INFINITY};
    for (int b = 0; b < BACKEND_COUNT; ++b) {
        double mean[3], variance[3];
        train_norm(backends[b], 1, row, mean, variance);
        for (int i = 0; i < 3; ++i)
            cr_assert(mean[i] == 0.0 && variance[i] == 1.0, "%s", backends[b]->name);
        train_norm(backends[b], 2, rows, mean, variance);
        cr_assert_float_eq(mean[0], 0.25, 1e-6, "%s: mean %g", backends[b]->name, mean[0]);
        for (int i = 1; i < 3; ++i)
            cr_assert(mean[i] == 0.0 && variance[i] == 1.0, "%s", backends[b]->name);
    }
}
