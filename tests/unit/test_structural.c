/* Ops that move numbers: what they give, written out by hand, on both host backends, and what their builders refuse. */
#include "ops.h"

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

/* Element i of an external tensor that is not `result` is i, plus 100 for the second, 200 for the third. */
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
            input[i] = (double)(100 * t + i);
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
