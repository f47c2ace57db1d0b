/* Ops without an input, a backend against reference: batches from a data set, and samples of the prior. */
#include "core/permutation.h"
#include "ops.h"

enum { IMAGES = 300 };

/* A program of one op with one output, run on a backend. */
static double *run_source(const vae_backend *backend, const vae_program *program, const vae_column *images,
                          vae_tensor output, const vae_step *step)
{
    const vae_device_options options = {.threads = 2, .precision = VAE_PRECISION_FP32};
    vae_device *device;
    vae_store *store;
    vae_data *data = NULL;
    vae_executable *executable;
    double *values = calloc((size_t)program->tensors[output].elements + 1, sizeof *values);
    MUST(backend->device_open(&options, &device));
    MUST(backend->store_create(device, program->layout, false, &store));
    if (images) MUST(backend->data_create(device, images, &data));
    MUST(backend->executable_create(device, program, store, data, &executable));
    MUST(backend->executable_run(executable, step));
    MUST(backend->tensor_read(executable, output, VAE_FLOAT64, values));
    backend->executable_destroy(executable);
    backend->data_destroy(data);
    backend->store_destroy(store);
    backend->device_close(device);
    return values;
}

static void compare_source(const vae_program *program, const vae_column *images, vae_tensor output, double allowed)
{
    const vae_step steps[] = {
        {.seed = 3, .step = 0, .epoch = 0, .first = 0},
        {.seed = 0x123456789ABCDEF, .step = 77, .epoch = 5, .first = 41},
        {.seed = UINT64_MAX, .step = 0xFFFFFFFFFFFF, .epoch = 1, .first = 100},
    };
    for (size_t s = 0; s < sizeof steps / sizeof *steps; ++s) {
        double *expected = run_source(&vae_backend_reference, program, images, output, &steps[s]);
        double *found = run_source(&VAE_TEST_BACKEND, program, images, output, &steps[s]);
        for (int64_t i = 0; i < program->tensors[output].elements; ++i) {
            cr_assert(fabs(expected[i] - found[i]) <= allowed * fmax(1.0, fabs(expected[i])),
                      "%s, step %zu: [%lld] is %.9g, not %.9g", program->name, s, (long long)i, found[i], expected[i]);
        }
        free(expected);
        free(found);
    }
}

static void compare_gather(vae_shape shape, vae_gather gather)
{
    const int64_t rows = shape.size[0], elements = vae_shape_columns(&shape);
    uint8_t *pixels = malloc((size_t)(IMAGES * elements));
    float *floats = malloc((size_t)(IMAGES * elements) * sizeof *floats);
    for (int64_t i = 0; i < IMAGES * elements; ++i) {
        pixels[i] = (uint8_t)vae_random_block(1, 1, 1, (uint64_t)i).word[0];
        floats[i] = (float)pixels[i] / 3.0f;
    }
    const vae_column images = {.values = gather.floats ? (const void *)floats : pixels,
                               .dtype = gather.floats ? VAE_FLOAT32 : VAE_UINT8,
                               .count = IMAGES,
                               .elements = elements};
    vae_layout layout = {0};
    vae_program program;
    vae_tensor x;
    char name[64];
    gather.scale = 2.0 / 255;
    gather.shift = -1;
    snprintf(name, sizeof name, "gather %lld x %lld%s%s%s%s", (long long)rows, (long long)elements,
             gather.floats ? " of floats" : "", gather.shuffle ? " shuffled" : "", gather.binarise ? " binarised" : "",
             gather.flip ? " flipped" : "");
    vae_program_init(&program, name, &layout);
    MUST(vae_program_gather(&program, "x", shape, &gather, &x));
    vae_program_mark_external(&program, x);
    MUST(vae_program_plan(&program));
    compare_source(&program, &images, x, 2e-7);
    vae_program_free(&program);
    free(pixels);
    free(floats);
}

/* Kinds of one shape: shuffled or not, bytes, binarised bytes, or floats. */
static vae_gather gather_kind(int kind)
{
    return (vae_gather){.shuffle = kind % 2 == 1, .binarise = kind / 2 == 1, .floats = kind / 2 == 2};
}

Test(parity_data, gather)
{
    const int64_t widths[] = {1, 3, 4, 20, 31, 64, 560, 784};
    for (size_t w = 0; w < sizeof widths / sizeof *widths; ++w) {
        for (int kind = 0; kind < 6; ++kind) {
            const vae_gather gather = gather_kind(kind);
            compare_gather(vae_shape_matrix(1, widths[w]), gather);
            compare_gather(vae_shape_matrix(131, widths[w]), gather);
        }
    }
    for (int kind = 0; kind < 6; ++kind) {
        vae_gather gather = gather_kind(kind);
        gather.flip = true;
        compare_gather(vae_shape_images(131, 4, 4, 1), gather);
        compare_gather(vae_shape_images(131, 3, 5, 3), gather);
    }
}

Test(parity_data, prior_sample)
{
    const int64_t shapes[][2] = {{1, 1}, {3, 5}, {7, 4}, {128, 20}, {521, 131}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i) {
        vae_layout layout = {0};
        vae_program program;
        vae_tensor z;
        vae_program_init(&program, "prior_sample", &layout);
        MUST(vae_program_prior_sample(&program, "z", vae_shape_matrix(shapes[i][0], shapes[i][1]), 0.7, &z));
        vae_program_mark_external(&program, z);
        MUST(vae_program_plan(&program));
        compare_source(&program, NULL, z, 4e-6);
        vae_program_free(&program);
    }
}

/* More rows than a kernel has threads; the numbers are whole, so that every order of adding them is exact. */
Test(parity_data, accumulate)
{
    const int64_t counts[] = {1, 255, 257, 1000, 70001};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; ++c) {
        vae_layout layout = {0};
        vae_program program;
        vae_tensor rows;
        double expected = 0, *values = calloc((size_t)counts[c], sizeof *values);
        vae_program_init(&program, "accumulate", &layout);
        MUST(vae_program_input(&program, "rows", vae_shape_vector(counts[c]), &rows));
        MUST(vae_program_accumulate(&program, rows, VAE_METRIC_RECONSTRUCTION, -1.0, counts[c]));
        MUST(vae_program_accumulate(&program, rows, VAE_METRIC_KL, 1.0, 0));
        MUST(vae_program_plan(&program));
        for (int64_t i = 0; i < counts[c]; ++i) {
            values[i] = (double)(vae_random_block(4, 4, 4, (uint64_t)i).word[0] >> 20);
            expected += values[i];
        }
        const vae_device_options options = {.threads = 2, .precision = VAE_PRECISION_FP32};
        vae_device *device;
        vae_store *store;
        vae_executable *executable;
        double sums[VAE_METRIC_COUNT];
        MUST(VAE_TEST_BACKEND.device_open(&options, &device));
        MUST(VAE_TEST_BACKEND.store_create(device, &layout, false, &store));
        MUST(VAE_TEST_BACKEND.executable_create(device, &program, store, NULL, &executable));
        MUST(VAE_TEST_BACKEND.tensor_write(executable, rows, VAE_FLOAT64, values));
        for (int run = 0; run < 2; ++run)
            MUST(VAE_TEST_BACKEND.executable_run(executable, &op_step));
        MUST(VAE_TEST_BACKEND.metrics_take(executable, sums));
        cr_assert_eq(sums[VAE_METRIC_RECONSTRUCTION], -2 * expected);
        cr_assert_eq(sums[VAE_METRIC_KL], 2 * expected);
        cr_assert_eq(sums[VAE_METRIC_ROWS], 2.0 * (double)counts[c]);
        VAE_TEST_BACKEND.executable_destroy(executable);
        VAE_TEST_BACKEND.store_destroy(store);
        VAE_TEST_BACKEND.device_close(device);
        vae_program_free(&program);
        free(values);
    }
}
