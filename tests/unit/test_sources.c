/* The ops that no gradient passes through, on both backends, against what their definitions say: gather, prior_sample
 * and accumulate. */
#include "backend/check.h"
#include "core/permutation.h"
#include "ops.h"

enum { IMAGES = 23, ELEMENTS = 37, ROWS = 9, PIXELS = IMAGES * ELEMENTS };

static const vae_backend *const backends[] = {&vae_backend_reference, &vae_backend_cpu};
enum { BACKEND_COUNT = sizeof backends / sizeof *backends };

static const vae_step step = {.seed = 7, .step = 3, .epoch = 2, .first = 11, .beta = 1.0};

typedef struct source_run {
    const vae_backend *backend;
    vae_layout layout;
    vae_program program;
    vae_device *device;
    vae_store *store;
    vae_data *data;
    vae_executable *executable;
} source_run;

static void open_source(const vae_backend *backend, const vae_column *images, source_run *r)
{
    r->backend = backend;
    const vae_device_options options = {.threads = 2};
    MUST(vae_program_plan(&r->program));
    MUST(backend->device_open(&options, &r->device));
    MUST(backend->store_create(r->device, &r->layout, false, &r->store));
    if (images) MUST(backend->data_create(r->device, images, &r->data));
    MUST(backend->executable_create(r->device, &r->program, r->store, r->data, &r->executable));
}

static void close_source(source_run *r)
{
    r->backend->executable_destroy(r->executable);
    if (r->data) r->backend->data_destroy(r->data);
    r->backend->store_destroy(r->store);
    r->backend->device_close(r->device);
    vae_program_free(&r->program);
    vae_layout_free(&r->layout);
}

/* ---- gather ---- */

typedef struct gather_case {
    const char *name;
    bool shuffle, floats, binarise;
    double scale, shift;
} gather_case;

/* u, in (0, 1], turns a pixel white where u·255 ≤ pixel: 0 never, 255 always. */
static double binary_pixel(uint64_t element, uint8_t pixel)
{
    const vae_philox random = vae_random_block(step.seed, VAE_STREAM_BINARISE, step.step, element / 4);
    return vae_random_uniform(random.word[element % 4]) * 255.0f <= (float)pixel ? 255.0 : 0.0;
}

/* The pixels and, of a case of float32, a third of them. */
static void check_gather(const vae_backend *backend, const gather_case *c, const uint8_t *pixels, const float *thirds)
{
    source_run r = {0};
    vae_tensor x;
    double found[ROWS * ELEMENTS];
    const vae_column bytes = {.values = pixels, .dtype = VAE_UINT8, .count = IMAGES, .elements = ELEMENTS},
                     floats = {.values = thirds, .dtype = VAE_FLOAT32, .count = IMAGES, .elements = ELEMENTS};
    const vae_permutation order = vae_permutation_make(step.seed, step.epoch, IMAGES);
    vae_program_init(&r.program, "gather", &r.layout);
    const vae_gather gather = {
        .shuffle = c->shuffle, .floats = c->floats, .binarise = c->binarise, .scale = c->scale, .shift = c->shift};
    MUST(vae_program_gather(&r.program, "x", vae_shape_matrix(ROWS, ELEMENTS), &gather, &x));
    vae_program_mark_external(&r.program, x);
    open_source(backend, c->floats ? &floats : &bytes, &r);
    MUST(backend->executable_run(r.executable, &step));
    MUST(backend->tensor_read(r.executable, x, VAE_FLOAT64, found));
    for (uint64_t i = 0; i < ROWS * ELEMENTS; ++i) {
        const uint64_t position = (uint64_t)step.first + i / ELEMENTS;
        const uint64_t image = c->shuffle ? vae_permutation_apply(&order, position) : position;
        const uint64_t at = image * ELEMENTS + i % ELEMENTS;
        const double value = c->binarise ? binary_pixel(i, pixels[at]) : c->floats ? (double)thirds[at] : pixels[at];
        const double expected = value * c->scale + c->shift;
        cr_assert_leq(fabs(found[i] - expected), 1e-6, "%s, %s: element %d is %g, not %g", backend->name, c->name,
                      (int)i, found[i], expected);
    }
    close_source(&r);
}

Test(sources, gather_takes_the_rows_of_the_order_scales_shifts_and_binarises)
{
    static const gather_case cases[] = {
        {"in order", false, false, false, 1.0 / 255.0, 0.0},
        {"shuffled", true, false, false, 1.0 / 255.0, 0.0},
        {"symmetric", true, false, false, 2.0 / 255.0, -1.0},
        {"standard", false, false, false, 0.013, 0.7},
        {"binarised", false, false, true, 1.0 / 255.0, 0.0},
        {"binarised, shuffled", true, false, true, 1.0 / 255.0, 0.0},
        {"binarised, symmetric", true, false, true, 2.0 / 255.0, -1},
        {"floats", false, true, false, 1.0, 0.0},
        {"floats, shuffled", true, true, false, 0.5, -1.0},
    };
    uint8_t pixels[PIXELS];
    float thirds[PIXELS];
    for (int i = 0; i < PIXELS; ++i) {
        pixels[i] = (uint8_t)(i * 151 % 256);
        thirds[i] = (float)pixels[i] / 3.0f;
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        for (int b = 0; b < BACKEND_COUNT; ++b)
            check_gather(backends[b], &cases[i], pixels, thirds);
    }
}

/* Each row is the image or its mirror image, by its own coin, which another step throws again. */
Test(sources, gather_flips_rows_by_chance)
{
    enum { HEIGHT = 3, WIDTH = 5, CHANNELS = 3, COUNT = 200, SIZE = HEIGHT * WIDTH * CHANNELS };
    static uint8_t pixels[COUNT * SIZE];
    static float floats[COUNT * SIZE];
    static double found[COUNT * SIZE];
    const vae_column images[] = {{.values = pixels, .dtype = VAE_UINT8, .count = COUNT, .elements = SIZE},
                                 {.values = floats, .dtype = VAE_FLOAT32, .count = COUNT, .elements = SIZE}};
    vae_gather gather = {.flip = true, .scale = 1.0};
    for (int i = 0; i < COUNT * SIZE; ++i)
        floats[i] = pixels[i] = (uint8_t)(i * 151 % 256);
    for (int k = 0; k < 2 * BACKEND_COUNT; ++k) {
        const int b = k / 2;
        source_run r = {0};
        vae_tensor x;
        int flipped = 0;
        const vae_step first = {.seed = 7, .step = 3};
        gather.floats = k % 2;
        vae_program_init(&r.program, "flips", &r.layout);
        MUST(vae_program_gather(&r.program, "x", vae_shape_images(COUNT, HEIGHT, WIDTH, CHANNELS), &gather, &x));
        vae_program_mark_external(&r.program, x);
        open_source(backends[b], &images[k % 2], &r);
        MUST(backends[b]->executable_run(r.executable, &first));
        MUST(backends[b]->tensor_read(r.executable, x, VAE_FLOAT64, found));
        for (int row = 0; row < COUNT; ++row) {
            const vae_philox noise = vae_random_block(7, VAE_STREAM_FLIP, 3, (uint64_t)row / 4);
            const bool mirror = vae_random_uniform(noise.word[row % 4]) > 0.5f;
            flipped += mirror;
            for (int j = 0; j < SIZE; ++j) {
                const int line = j / (WIDTH * CHANNELS), column = j / CHANNELS % WIDTH;
                const int from = (line * WIDTH + (mirror ? WIDTH - 1 - column : column)) * CHANNELS + j % CHANNELS;
                cr_assert_eq(found[row * SIZE + j], pixels[row * SIZE + from], "%s: row %d, element %d",
                             backends[b]->name, row, j);
            }
        }
        cr_expect(flipped > COUNT / 3 && flipped < 2 * COUNT / 3, "%d of %d", flipped, COUNT);
        close_source(&r);
    }
    vae_program program;
    vae_layout layout = {0};
    vae_tensor x;
    vae_program_init(&program, "flat", &layout);
    cr_expect_eq(vae_program_gather(&program, "x", vae_shape_matrix(ROWS, ELEMENTS), &gather, &x), VAE_ERROR_SHAPE);
    vae_program_free(&program);
}

Test(sources, gather_of_another_type_than_the_data_is_refused)
{
    static const float values[ROWS * ELEMENTS];
    const vae_gather chances = {.floats = true, .binarise = true};
    vae_program program;
    vae_layout layout = {0};
    vae_tensor x;
    vae_program_init(&program, "chances", &layout);
    cr_expect_eq(vae_program_gather(&program, "x", vae_shape_matrix(ROWS, ELEMENTS), &chances, &x), VAE_ERROR_ARGUMENT);
    vae_program_free(&program);
    for (int floats = 0; floats < 2; ++floats) {
        const vae_gather gather = {.floats = floats, .scale = 1.0};
        const vae_column column = {
            .values = values, .dtype = floats ? VAE_UINT8 : VAE_FLOAT32, .count = ROWS, .elements = ELEMENTS};
        vae_program_init(&program, "other", &layout);
        MUST(vae_program_gather(&program, "x", vae_shape_matrix(ROWS, ELEMENTS), &gather, &x));
        MUST(vae_program_plan(&program));
        cr_expect_eq(vae_check_program(&program, &column, false), VAE_ERROR_ARGUMENT);
        cr_expect(strstr(vae_error_message(), floats ? "reads float32, but the data set holds bytes"
                                                     : "reads bytes, but the data set holds float32"));
        vae_program_free(&program);
    }
}

/* One pixel in some 2^17 meets u·255 = pixel exactly, which counts as white. Every pixel here is the last one at or
 * below u·255, so that only those are. */
Test(sources, a_pixel_that_equals_the_draw_is_white)
{
    enum { COUNT = 1 << 20 };
    uint8_t *pixels = malloc(COUNT);
    double *found = malloc(COUNT * sizeof *found);
    cr_assert(pixels && found);
    const vae_step first = {.seed = step.seed, .step = step.step};
    for (uint64_t i = 0; i < COUNT; ++i) {
        const vae_philox random = vae_random_block(step.seed, VAE_STREAM_BINARISE, step.step, i / 4);
        pixels[i] = (uint8_t)(vae_random_uniform(random.word[i % 4]) * 255.0f);
    }
    for (int b = 0; b < BACKEND_COUNT; ++b) {
        source_run r = {0};
        vae_tensor x;
        int whites = 0;
        const vae_column images = {.values = pixels, .dtype = VAE_UINT8, .count = 1, .elements = COUNT};
        vae_program_init(&r.program, "edge", &r.layout);
        const vae_gather gather = {.binarise = true, .scale = 1.0};
        MUST(vae_program_gather(&r.program, "x", vae_shape_matrix(1, COUNT), &gather, &x));
        vae_program_mark_external(&r.program, x);
        open_source(backends[b], &images, &r);
        MUST(backends[b]->executable_run(r.executable, &first));
        MUST(backends[b]->tensor_read(r.executable, x, VAE_FLOAT64, found));
        for (uint64_t i = 0; i < COUNT; ++i) {
            cr_assert_eq(found[i], binary_pixel(i, pixels[i]), "%s: element %d", backends[b]->name, (int)i);
            whites += found[i] > 0.0;
        }
        cr_assert_gt(whites, 0);
        close_source(&r);
    }
    free(pixels);
    free(found);
}

/* ---- prior_sample ---- */

Test(sources, prior_samples_are_the_streams_normals_times_the_temperature)
{
    static const double temperatures[] = {1.0, 0.6, 0.0};
    enum { COUNT = 5 * 67 };
    for (int t = 0; t < 3; ++t) {
        for (int b = 0; b < BACKEND_COUNT; ++b) {
            source_run r = {0};
            vae_tensor z;
            double found[COUNT];
            vae_program_init(&r.program, "prior", &r.layout);
            MUST(vae_program_prior_sample(&r.program, "z", vae_shape_matrix(5, 67), temperatures[t], &z));
            vae_program_mark_external(&r.program, z);
            open_source(backends[b], NULL, &r);
            MUST(backends[b]->executable_run(r.executable, &step));
            MUST(backends[b]->tensor_read(r.executable, z, VAE_FLOAT64, found));
            for (uint64_t i = 0; i < COUNT; ++i) {
                double normal[4];
                vae_random_normal4(step.seed, VAE_STREAM_PRIOR, step.step, i / 4, normal);
                const double expected = temperatures[t] * normal[i % 4];
                cr_assert_leq(fabs(found[i] - expected), 1e-5, "%s, temperature %g: element %d is %g, not %g",
                              backends[b]->name, temperatures[t], (int)i, found[i], expected);
            }
            close_source(&r);
        }
    }
}

/* ---- accumulate ---- */

Test(sources, sums_and_counts_add_up_over_runs_until_taken)
{
    enum { COUNT = 6, RUNS = 3 };
    static const double rows[COUNT] = {1.5, -2.0, 4.25, 0.0, 8.0, -1.0};
    for (int b = 0; b < BACKEND_COUNT; ++b) {
        source_run r = {0};
        vae_tensor values;
        double sums[VAE_METRIC_COUNT];
        vae_program_init(&r.program, "sums", &r.layout);
        MUST(vae_program_input(&r.program, "rows", vae_shape_vector(COUNT), &values));
        MUST(vae_program_accumulate(&r.program, values, VAE_METRIC_RECONSTRUCTION, -1.0, COUNT));
        MUST(vae_program_accumulate(&r.program, values, VAE_METRIC_KL, 1.0, 0));
        open_source(backends[b], NULL, &r);
        MUST(backends[b]->tensor_write(r.executable, values, VAE_FLOAT64, rows));
        for (int run = 0; run < RUNS; ++run)
            MUST(backends[b]->executable_run(r.executable, &step));
        MUST(backends[b]->metrics_take(r.executable, sums));
        cr_assert_eq(sums[VAE_METRIC_RECONSTRUCTION], RUNS * -10.75, "%s", backends[b]->name);
        cr_assert_eq(sums[VAE_METRIC_KL], RUNS * 10.75, "%s", backends[b]->name);
        cr_assert_eq(sums[VAE_METRIC_ROWS], RUNS * COUNT, "%s", backends[b]->name);
        MUST(backends[b]->metrics_take(r.executable, sums));
        cr_assert_eq(sums[VAE_METRIC_ROWS], 0.0, "%s", backends[b]->name);
        close_source(&r);
    }
}
