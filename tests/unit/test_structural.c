/* Ops that move numbers: what they give, written out by hand, on both host backends, and what their builders refuse. */
#include "ops.h"
#include "program/op.h"

typedef struct fixture {
    vae_layout layout;
    vae_program program;
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
 * counts down to 0. */
static vae_status run_on(const vae_backend *backend, const fixture *f, vae_tensor result, double *values)
{
    const vae_device_options options = {.threads = 2, .precision = VAE_PRECISION_FP32};
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    MUST(backend->device_open(&options, &device));
    MUST(backend->store_create(device, &f->layout, false, &store));
    MUST(backend->executable_create(device, &f->program, store, NULL, &executable));
    for (vae_tensor t = 0; t < f->program.tensor_count; ++t) {
        const vae_tensor_info *info = &f->program.tensors[t];
        double input[64];
        if (!info->external || t == result) continue;
        for (int64_t i = 0; i < info->elements; ++i)
            input[i] = (double)(strcmp(info->name, "index") == 0 ? info->elements - 1 - i : 100 * t + i);
        MUST(backend->tensor_write(executable, t, VAE_FLOAT64, input));
    }
    const vae_status status = backend->executable_run(executable, &op_step);
    if (!status) MUST(backend->tensor_read(executable, result, VAE_FLOAT64, values));
    backend->executable_destroy(executable);
    backend->store_destroy(store);
    backend->device_close(device);
    return status;
}

static void expect_values(fixture *f, vae_tensor result, const double *expected)
{
    static const vae_backend *const backends[] = {&vae_backend_reference, &vae_backend_cpu};
    vae_program_mark_external(&f->program, result);
    MUST(vae_program_plan(&f->program));
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

/* An error of a run, on both backends. */
static void expect_run_error(fixture *f, vae_tensor result, const char *words)
{
    static const vae_backend *const backends[] = {&vae_backend_reference, &vae_backend_cpu};
    vae_program_mark_external(&f->program, result);
    MUST(vae_program_plan(&f->program));
    for (int b = 0; b < 2; ++b) {
        double found[64];
        cr_assert_eq(run_on(backends[b], f, result, found), VAE_ERROR_ARGUMENT, "%s", backends[b]->name);
        cr_assert_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
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
    expect_values(&f, y, (double[]){104, 105, 102, 103, 100, 101});
}

Test(structural, a_number_that_no_row_has_is_named)
{
    fixture f;
    vae_tensor y;
    open_fixture(&f);
    vae_tensor index = add_input(&f, "index", vae_shape_vector(5)), x = add_input(&f, "x", vae_shape_matrix(4, 2));
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
