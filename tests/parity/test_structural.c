/* Ops that move numbers: what they give, written out by hand, in reference and in the backend that is held against it,
 * and what their builders refuse. */
#include "ops.h"
#include "program/op.h"

static const vae_backend *const backends[] = {&vae_backend_reference, &VAE_TEST_BACKEND};
/* A kernel of a GPU cannot report an error. */
static const bool reports_errors[] = {true,
#ifdef VAE_TEST_CUDA
                                      false
#else
                                      true
#endif
};

typedef struct fixture {
    vae_layout layout;
    vae_program program;
    bool bf16; /* precision of what is held against the reference */
} fixture;

static void open_fixture(fixture *f)
{
    *f = (fixture){0};
    vae_program_init(&f->program, "structural", &f->layout);
}

static vae_tensor add_input(fixture *f, const char *name, vae_shape shape)
{
    vae_tensor x;
    MUST(vae_program_input(&f->program, name, shape, &x));
    return x;
}

static void close_fixture(fixture *f)
{
    vae_program_free(&f->program);
    vae_layout_free(&f->layout);
}

/* Element i of an external tensor that is not `result` is i, plus 100 for the second, 200 for the third; an "index"
 * counts down to 0, each number twice. */
static void fill_inputs(const vae_backend *backend, const fixture *f, vae_executable *executable, vae_tensor result)
{
    for (vae_tensor t = 0; t < f->program.tensor_count; ++t) {
        const vae_tensor_info *info = &f->program.tensors[t];
        const bool is_index = strcmp(info->name, "index") == 0;
        double input[64];
        if (!info->external || t == result) continue;
        for (int64_t i = 0; i < info->elements; ++i)
            input[i] = (double)(is_index ? (info->elements - 1 - i) / 2 : 100 * t + i);
        MUST(backend->tensor_write(executable, t, VAE_FLOAT64, input));
    }
}

/* Runs it and reads `result`, or the gradients where there is none. */
static vae_status run_on(const vae_backend *backend, const fixture *f, vae_tensor result, double *values)
{
    const bool bf16 = f->bf16 && backend != &vae_backend_reference;
    const vae_device_options options = {.threads = 2, .precision = bf16 ? VAE_PRECISION_BF16 : VAE_PRECISION_FP32};
    const bool trains = result == VAE_NO_TENSOR;
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    MUST(backend->device_open(&options, &device));
    MUST(backend->store_create(device, &f->layout, trains, &store));
    MUST(backend->executable_create(device, &f->program, store, NULL, &executable));
    fill_inputs(backend, f, executable, result);
    const vae_status status = backend->executable_run(executable, &op_step);
    if (!status && trains) MUST(backend->store_read(store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, values));
    if (!status && !trains) MUST(backend->tensor_read(executable, result, VAE_FLOAT64, values));
    backend->executable_destroy(executable);
    backend->store_destroy(store);
    backend->device_close(device);
    return status;
}

static void plan(fixture *f, vae_tensor result)
{
    vae_program_mark_external(&f->program, result);
    if (!f->program.planned) MUST(vae_program_plan(&f->program));
}

static void expect_values(fixture *f, vae_tensor result, const double *expected)
{
    plan(f, result);
    for (int b = 0; b < 2; ++b) {
        double found[64];
        MUST(run_on(backends[b], f, result, found));
        for (int64_t i = 0; i < f->program.tensors[result].elements; ++i) {
            cr_assert_eq(found[i], expected[i], "%s: element %lld is %g, not %g", backends[b]->name, (long long)i,
                         found[i], expected[i]);
        }
    }
    close_fixture(f);
}

static void expect_error(vae_status found, const char *words)
{
    cr_assert_eq(found, VAE_ERROR_SHAPE);
    cr_assert_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
}

/* An error of a run, or NaN. */
static void expect_run_error(fixture *f, vae_tensor result, const char *words)
{
    plan(f, result);
    for (int b = 0; b < 2; ++b) {
        double found[64];
        const vae_status status = run_on(backends[b], f, result, found);
        cr_assert_eq(status, reports_errors[b] ? VAE_ERROR_ARGUMENT : VAE_OK, "%s", backends[b]->name);
        if (reports_errors[b]) {
            cr_assert_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
        } else {
            cr_assert(isnan(found[0]));
        }
    }
    close_fixture(f);
}

/* ---- Columns ---- */

Test(structural, a_slice_takes_columns_of_each_run)
{
    fixture f;
    vae_tensor y;
    open_fixture(&f);
    const vae_tensor x = add_input(&f, "x", vae_shape_matrix(2, 6));
    MUST(vae_program_slice(&f.program, "y", x, 3, 1, 2, &y));
    cr_assert(vae_shape_equal(&f.program.tensors[y].shape, &(vae_shape){2, {2, 4}}));
    expect_values(&f, y, (double[]){1, 2, 4, 5, 7, 8, 10, 11});
}

Test(structural, a_pad_puts_zeros_beside_each_run)
{
    fixture f;
    vae_tensor y;
    open_fixture(&f);
    const vae_tensor x = add_input(&f, "x", vae_shape_matrix(1, 4));
    MUST(vae_program_pad(&f.program, "y", x, 5, 1, 2, &y));
    expect_values(&f, y, (double[]){0, 0, 1, 0, 0, 0, 2, 3, 0, 0});
}

Test(structural, a_concat_puts_runs_side_by_side)
{
    fixture f;
    vae_tensor y;
    open_fixture(&f);
    const vae_tensor a = add_input(&f, "a", vae_shape_matrix(2, 2)), b = add_input(&f, "b", vae_shape_matrix(2, 4));
    MUST(vae_program_concat(&f.program, "y", a, 1, b, 2, &y));
    expect_values(&f, y, (double[]){0, 100, 101, 1, 102, 103, 2, 104, 105, 3, 106, 107});
}

/* Numbers that a GPU moves four at a time. */
Test(structural, columns_move_by_fours)
{
    fixture f;
    vae_tensor y;
    open_fixture(&f);
    const vae_tensor x = add_input(&f, "x", vae_shape_matrix(2, 8));
    MUST(vae_program_slice(&f.program, "slice", x, 8, 4, 4, &y));
    MUST(vae_program_pad(&f.program, "pad", y, 12, 4, 4, &y));
    MUST(vae_program_concat(&f.program, "concat", y, 12, x, 8, &y));
    expect_values(&f, y, (double[]){0, 0, 0, 0, 4,  5,  6,  7,  0, 0, 0, 0, 0, 1, 2,  3,  4,  5,  6,  7,
                                    0, 0, 0, 0, 12, 13, 14, 15, 0, 0, 0, 0, 8, 9, 10, 11, 12, 13, 14, 15});
}

Test(structural, columns_that_do_not_fit_are_named)
{
    fixture f;
    vae_tensor y;
    open_fixture(&f);
    const vae_tensor x = add_input(&f, "x", vae_shape_matrix(2, 6)), rows = add_input(&f, "rows", vae_shape_vector(6));
    const vae_tensor other = add_input(&f, "other", vae_shape_matrix(3, 6));
    expect_error(vae_program_slice(&f.program, "s", x, 4, 0, 2, &y), "s: slice of [2, 6]: its columns are not");
    expect_error(vae_program_slice(&f.program, "s", x, 3, 2, 2, &y), "columns 2 to 3 lie outside runs of 3");
    expect_error(vae_program_slice(&f.program, "s", x, 3, -1, 2, &y), "columns -1 to 0 lie outside runs of 3");
    expect_error(vae_program_slice(&f.program, "s", x, 0, 0, 1, &y), "columns 0 to 0 lie outside runs of 0");
    expect_error(vae_program_slice(&f.program, "s", rows, 6, 0, 1, &y), "s: x has shape [6]");
    expect_error(vae_program_pad(&f.program, "p", x, 9, 0, 4, &y), "p: pad of [2, 6]: its columns are not");
    expect_error(vae_program_concat(&f.program, "c", x, 6, other, 6, &y), "c: concat of [2, 6] in runs of 6 columns");
    expect_error(vae_program_concat(&f.program, "c", x, 3, x, 2, &y), "as many rows and as many runs");
    expect_error(vae_program_concat(&f.program, "c", x, 0, x, 2, &y), "as many rows and as many runs");
    expect_error(vae_program_concat(&f.program, "c", x, 6, rows, 1, &y), "c: b has shape [6]");
    close_fixture(&f);
}

Test(structural, columns_are_reversed)
{
    fixture f;
    vae_tensor y;
    open_fixture(&f);
    const vae_tensor x = add_input(&f, "x", vae_shape_matrix(2, 3));
    MUST(vae_program_permute_columns(&f.program, "y", x, 0, false, &y));
    expect_values(&f, y, (double[]){2, 1, 0, 5, 4, 3});
}

/* The order is part of what a checkpoint means. */
Test(structural, a_seed_shuffles_columns_and_its_inverse_undoes_that)
{
    static const double shuffled[] = {7, 4, 1, 0, 2, 5, 6, 3};
    static const double plain[] = {0, 1, 2, 3, 4, 5, 6, 7};
    for (int both = 0; both < 2; ++both) {
        fixture f;
        vae_tensor y;
        open_fixture(&f);
        const vae_tensor x = add_input(&f, "x", vae_shape_matrix(1, 8));
        MUST(vae_program_permute_columns(&f.program, "y", x, 3, false, &y));
        if (both) MUST(vae_program_permute_columns(&f.program, "back", y, 3, true, &y));
        expect_values(&f, y, both ? plain : shuffled);
    }
}

Test(structural, rows_are_transposed_by_groups)
{
    fixture f;
    vae_tensor y;
    open_fixture(&f);
    const vae_tensor x = add_input(&f, "x", vae_shape_matrix(6, 2));
    cr_assert_eq(vae_program_transpose_rows(&f.program, "y", x, 4, &y), VAE_ERROR_SHAPE);
    MUST(vae_program_transpose_rows(&f.program, "y", x, 3, &y));
    expect_values(&f, y, (double[]){0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11});
}

/* ---- Products ---- */

Test(structural, a_product_of_two_matrices)
{
    fixture f;
    vae_tensor y;
    open_fixture(&f);
    const vae_tensor a = add_input(&f, "a", vae_shape_matrix(2, 1)), b = add_input(&f, "b", vae_shape_matrix(3, 1));
    MUST(vae_program_matmul(&f.program, "y", a, false, b, true, &y));
    cr_assert(vae_shape_equal(&f.program.tensors[y].shape, &(vae_shape){2, {2, 3}}));
    expect_values(&f, y, (double[]){0, 0, 0, 100, 101, 102});
}

Test(structural, a_product_sums_over_what_both_have)
{
    fixture f;
    vae_tensor y;
    open_fixture(&f);
    const vae_tensor a = add_input(&f, "a", vae_shape_matrix(2, 3)), b = add_input(&f, "b", vae_shape_matrix(2, 1));
    MUST(vae_program_matmul(&f.program, "y", a, true, b, false, &y));
    expect_values(&f, y, (double[]){3 * 101, 100 + 4 * 101, 2 * 100 + 5 * 101});
}

#ifdef VAE_TEST_CUDA
static vae_status append_moved(fixture *f, int how, vae_tensor x, vae_tensor *y)
{
    switch (how) {
    case 0: return vae_program_slice(&f->program, "slice", x, 4, 1, 2, y);
    case 1: return vae_program_pad(&f->program, "pad", x, 7, 1, 4, y);
    case 2: return vae_program_concat(&f->program, "concat", x, 2, x, 2, y);
    case 3: return vae_program_permute_columns(&f->program, "order", x, 3, false, y);
    default: return vae_program_gather_rows(&f->program, "rows", x, add_input(f, "index", vae_shape_vector(4)), y);
    }
}

/* A product reads bf16 copies, which whoever makes its operands writes along. Numbers are whole and small, so nothing
 * is rounded. */
Test(structural, products_read_the_copies_of_what_was_moved)
{
    for (int how = 0; how < 5; ++how) {
        fixture f;
        vae_tensor y;
        double expected[64];
        open_fixture(&f);
        f.bf16 = true;
        const vae_tensor x = add_input(&f, "x", vae_shape_matrix(4, 4));
        MUST(append_moved(&f, how, x, &y));
        MUST(vae_program_matmul(&f.program, "product", y, true, x, false, &y));
        plan(&f, y);
        MUST(run_on(&vae_backend_reference, &f, y, expected));
        expect_values(&f, y, expected);
    }
}
#endif

Test(structural, matrices_that_do_not_meet_are_named)
{
    fixture f;
    vae_tensor y;
    open_fixture(&f);
    const vae_tensor a = add_input(&f, "a", vae_shape_matrix(2, 3)), rows = add_input(&f, "rows", vae_shape_vector(3));
    expect_error(vae_program_matmul(&f.program, "m", a, false, a, false, &y),
                 "m: the product of [2, 3] and [2, 3]: rows of 3 meet columns of 2");
    expect_error(vae_program_matmul(&f.program, "m", a, true, a, true, &y), "[2, 3] transposed and [2, 3] transposed");
    expect_error(vae_program_matmul(&f.program, "m", a, false, rows, false, &y), "m: b has shape [3]");
    close_fixture(&f);
}

/* Only the weight and the bias are there to train. */
Test(structural, a_mask_that_is_a_statistic_has_no_gradient)
{
    fixture f;
    vae_tensor x, weight, mask, bias, y, square;
    open_fixture(&f);
    MUST(vae_layout_add(&f.layout, "weight", vae_shape_matrix(3, 2), 3, NULL));
    MUST(vae_layout_add(&f.layout, "bias", vae_shape_matrix(1, 2), 3, NULL));
    MUST(vae_layout_add_statistic(&f.layout, "mask", vae_shape_matrix(3, 2), 1));
    x = add_input(&f, "x", vae_shape_matrix(4, 3));
    MUST(vae_program_add_parameter(&f.program, VAE_TENSOR_PARAMETER, 0, &weight));
    MUST(vae_program_add_parameter(&f.program, VAE_TENSOR_PARAMETER, 1, &bias));
    MUST(vae_program_add_parameter(&f.program, VAE_TENSOR_PARAMETER, 2, &mask));
    MUST(vae_program_masked_dense(&f.program, "y", x, weight, mask, bias, &y));
    MUST(vae_program_apply(&f.program, "square", VAE_FUNCTION_SQUARE, y, VAE_NO_TENSOR, &square));
    MUST(vae_program_differentiate(&f.program, &(vae_loss_term){square, {1, VAE_SCALAR_ONE}}, 1));
    cr_assert_neq(vae_program_find(&f.program, "d_weight"), VAE_NO_TENSOR);
    cr_assert_neq(vae_program_find(&f.program, "d_bias"), VAE_NO_TENSOR);
    cr_assert_eq(vae_program_find(&f.program, "d_mask"), VAE_NO_TENSOR);
    cr_assert_eq(vae_program_find(&f.program, "d_x"), VAE_NO_TENSOR);
    close_fixture(&f);
}

/* ---- Rows ---- */

Test(structural, rows_come_by_their_numbers)
{
    fixture f;
    vae_tensor y;
    open_fixture(&f);
    const vae_tensor index = add_input(&f, "index", vae_shape_matrix(3, 1));
    const vae_tensor x = add_input(&f, "x", vae_shape_matrix(4, 2));
    MUST(vae_program_gather_rows(&f.program, "y", x, index, &y));
    cr_assert(vae_shape_equal(&f.program.tensors[y].shape, &(vae_shape){2, {3, 2}}));
    expect_values(&f, y, (double[]){102, 103, 100, 101, 100, 101});
}

/* The table's rows are zero, so the likelihood's gradient by a gathered row is the target's. */
Test(structural, gradients_of_a_row_that_comes_twice_add_up)
{
    enum { ROWS = 4, COLUMNS = 2, COUNT = 5 };
    fixture f;
    vae_tensor table, y, ll;
    open_fixture(&f);
    MUST(vae_layout_add(&f.layout, "table", vae_shape_matrix(ROWS, COLUMNS), 1, NULL));
    MUST(vae_program_add_parameter(&f.program, VAE_TENSOR_PARAMETER, 0, &table));
    const vae_tensor index = add_input(&f, "index", vae_shape_vector(COUNT));
    const vae_tensor target = add_input(&f, "target", vae_shape_matrix(COUNT, COLUMNS));
    MUST(vae_program_gather_rows(&f.program, "y", table, index, &y));
    MUST(vae_program_likelihood(&f.program, "ll", y, target, &unit_gaussian, true, &ll));
    MUST(vae_program_differentiate(&f.program, &(vae_loss_term){ll, {2, VAE_SCALAR_ONE}}, 1));
    MUST(vae_program_plan(&f.program));
    /* Rows 2, 1, 1, 0, 0 of the table; the target's numbers are 200, 201, … */
    const double expected[ROWS * COLUMNS] = {
        2 * (206 + 208), 2 * (207 + 209), 2 * (202 + 204), 2 * (203 + 205), 2 * 200, 2 * 201, 0, 0};
    for (int b = 0; b < 2; ++b) {
        double found[VAE_ALIGNMENT_ELEMENTS];
        MUST(run_on(backends[b], &f, VAE_NO_TENSOR, found));
        for (int i = 0; i < ROWS * COLUMNS; ++i)
            cr_assert_eq(found[i], expected[i], "%s: %d: %g, not %g", backends[b]->name, i, found[i], expected[i]);
    }
    close_fixture(&f);
}

Test(structural, a_number_that_no_row_has_is_named)
{
    fixture f;
    vae_tensor y;
    open_fixture(&f);
    vae_tensor index = add_input(&f, "index", vae_shape_vector(10)), x = add_input(&f, "x", vae_shape_matrix(4, 2));
    MUST(vae_program_gather_rows(&f.program, "lookup", x, index, &y));
    expect_run_error(&f, y, "structural: 'lookup': entry 0 of the index is 4, but must be a whole number from 0 to 3");
    open_fixture(&f);
    x = add_input(&f, "x", vae_shape_matrix(4, 2));
    index = add_input(&f, "number", vae_shape_vector(1));
    MUST(vae_program_gather_rows(&f.program, "lookup", x, index, &y));
    expect_run_error(&f, y, "entry 0 of the index is 100");
    open_fixture(&f);
    x = add_input(&f, "x", vae_shape_matrix(4, 2));
    expect_error(vae_program_gather_rows(&f.program, "lookup", x, x, &y), "the index has shape [4, 2]");
    close_fixture(&f);
}
