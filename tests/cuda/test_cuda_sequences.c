/* Sequences of a data set that does not fit the device: each batch is sent ahead of its step, and is what a resident
 * data set gives. */
#include "backend/cuda/internal.h"
#include "training.h"

enum { COUNT = 40, ROWS = 6, STEPS = 9, STROKE = 5 };

/* Item i has 1 + 5i % 12 steps, some more than the program takes. */
static void fill(float *values, int32_t *ids, int64_t *offsets, int64_t elements)
{
    offsets[0] = 0;
    for (int i = 0; i < COUNT; ++i)
        offsets[i + 1] = offsets[i] + 1 + 5 * i % 12;
    for (int64_t k = 0; k < offsets[COUNT] * elements; ++k) {
        ids[k] = (int32_t)(k * k % 10007);
        values[k] = k % STROKE == 2 ? 1.0f : (float)k / 3.0f;
    }
}

static void compare(const vae_column *column, vae_gather_sequence gather)
{
    vae_layout layout = {0};
    vae_program program;
    vae_tensor x, lengths;
    vae_device *device;
    vae_store *store;
    vae_data *resident, streamed = {.column = *column, .sequences = {.integers = column->dtype == VAE_INT32}};
    vae_executable *executables[2];
    const vae_device_options options = {.precision = VAE_PRECISION_FP32};
    vae_program_init(&program, "sequences", &layout);
    MUST(vae_program_gather_sequence(&program, "x", ROWS, column->elements, &gather, &x, &lengths));
    vae_program_mark_external(&program, x);
    vae_program_mark_external(&program, lengths);
    MUST(vae_program_plan(&program));
    MUST(vae_backend_cuda.device_open(&options, &device));
    MUST(vae_backend_cuda.store_create(device, &layout, false, &store));
    MUST(vae_backend_cuda.data_create(device, column, &resident));
    MUST(vae_backend_cuda.executable_create(device, &program, store, resident, &executables[0]));
    MUST(vae_backend_cuda.executable_create(device, &program, store, &streamed, &executables[1]));
    cr_assert_null(executables[0]->staging);
    cr_assert_not_null(executables[1]->staging);
    for (int s = 0; s < 5; ++s) {
        const vae_step step = {.seed = 5, .step = (uint64_t)s, .first = s * ROWS, .rows = s == 4 ? ROWS - 2 : 0};
        double found[2][ROWS * STEPS * STROKE], long_as[2][ROWS];
        for (int e = 0; e < 2; ++e) {
            MUST(vae_backend_cuda.executable_run(executables[e], &step));
            MUST(vae_backend_cuda.tensor_read(executables[e], x, VAE_FLOAT64, found[e]));
            MUST(vae_backend_cuda.tensor_read(executables[e], lengths, VAE_FLOAT64, long_as[e]));
        }
        cr_assert_arr_eq(long_as[0], long_as[1], sizeof long_as[0], "step %d", s);
        cr_assert_arr_eq(found[0], found[1], (size_t)program.tensors[x].elements * sizeof(double), "step %d", s);
        cr_assert_eq(long_as[0][ROWS - 1] == 0, s == 4);
    }
    for (int e = 0; e < 2; ++e)
        vae_backend_cuda.executable_destroy(executables[e]);
    vae_backend_cuda.data_destroy(resident);
    vae_backend_cuda.store_destroy(store);
    vae_backend_cuda.device_close(device);
    vae_program_free(&program);
}

Test(cuda_sequences, what_does_not_fit_is_streamed)
{
    static float values[COUNT * 12 * STROKE];
    static int32_t ids[COUNT * 12 * STROKE];
    int64_t offsets[COUNT + 1], order[COUNT];
    for (int i = 0; i < COUNT; ++i)
        order[i] = (7 * i + 3) % COUNT;
    fill(values, ids, offsets, STROKE);
    const vae_column texts = {ids, VAE_INT32, COUNT, 1, offsets, order};
    const vae_column drawings = {values, VAE_FLOAT32, COUNT, STROKE, offsets, NULL};
    const vae_gather_sequence gather = {.shuffle = true, .steps = STEPS, .bucket = 2, .first = 4, .count = COUNT - 4};
    vae_gather_sequence varied = gather;
    varied.scale_jitter = 0.1;
    varied.point_dropout = 0.5;
    compare(&texts, gather);
    compare(&drawings, gather);
    compare(&drawings, varied);
}
