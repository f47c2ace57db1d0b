/* What the CUDA backend's host side promises, on the simulated device. */
#include <dirent.h>

#include "train_result.h"

/* ---- A step is one graph ---- */

Test(cuda_backend, a_step_is_one_graph_launch_and_nothing_else)
{
    enum { RUNS = 10 };
    const vae_config config = small_config();
    training t;
    open_training(&vae_backend_cuda, &fp32, &config, &t);
    const uint64_t launches = (uint64_t)t.executable->lowering.count;
    cr_assert_eq(t.executable->nodes, launches);
    simt_reset_counters();
    for (int s = 0; s < RUNS; ++s) {
        const vae_step step = step_number(s);
        MUST(vae_backend_cuda.executable_run(t.executable, &step));
    }
    simt_counters counted = simt_get_counters();
    cr_assert_eq(counted.graph_launches, RUNS);
    cr_assert_eq(counted.calls, RUNS, "a step made other calls than cudaGraphLaunch");
    cr_assert_eq(counted.launches, 0);
    cr_assert_eq(counted.device_allocations, 0);
    cr_assert_eq(counted.host_synchronisations, 0);
    cr_assert_eq(counted.host_to_device_copies, 0);
    double sums[VAE_METRIC_COUNT];
    MUST(vae_backend_cuda.metrics_take(t.executable, sums));
    counted = simt_get_counters();
    cr_assert_eq(counted.graph_kernels_run, RUNS * launches);
    cr_assert_eq(counted.host_synchronisations, 1);
    cr_assert_eq(sums[VAE_METRIC_ROWS], RUNS * TRAIN_BATCH);
    cr_assert_eq(sums[VAE_METRIC_STEPS], RUNS);
    close_training(&t);
}

/* 784-400-20-400-784: what `info --cost` says of it, too. */
Test(cuda_backend, an_mlp_vae_takes_eighteen_launches)
{
    vae_config config;
    vae_config_defaults(&config);
    config.model.encoder = (vae_layer_list){.layer = {{.size = 400}}, .count = 1};
    config.model.latent.size[0] = 20;
    const vae_input input = {.height = 28, .width = 28, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};
    vae_design design;
    vae_program program;
    vae_lowering lowering;
    MUST(vae_design_create(&config, &input, &design));
    MUST(vae_design_build(&design, (vae_build){.role = VAE_ROLE_TRAIN, .rows = 128}, &program));
    MUST(vae_lowering_create(&program, (vae_lowering_options){0}, &lowering));
    cr_assert_leq(lowering.count, 18);
    const vae_step_cost cost = vae_lowering_cost(&lowering);
    const double elementwise = cost.elementwise.bytes_read + cost.elementwise.bytes_written;
    cr_assert_leq(elementwise, 1.25 * (cost.minimum.bytes_read + cost.minimum.bytes_written));
    vae_lowering_free(&lowering);
    vae_program_free(&program);
    vae_design_free(&design);
}

Test(cuda_backend, the_host_may_run_far_ahead)
{
    /* More steps than there are step records. */
    enum { RUNS = 3 * VAE_CUDA_RING - 7 };
    const vae_config config = small_config();
    const result every = train(&fp32, &config, RUNS, 1), never = train(&fp32, &config, RUNS, RUNS + 1);
    assert_same_bits(&every, &never);
    free(every.parameters);
    free(never.parameters);
}

Test(cuda_backend, the_order_of_threads_changes_no_bit)
{
    vae_config config = small_config();
    config.train.clip_norm = 1;
    config.model.activation = VAE_ACTIVATION_SILU;
    expect_no_bit_to_depend_on_thread_order(&config, 9);
}

/* ---- Other ways to the same numbers ---- */

Test(cuda_backend, refused_epilogues_are_replaced_by_kernels)
{
    for (int a = 0; a < VAE_ACTIVATION_COUNT; ++a) {
        vae_config config = small_config();
        config.model.activation = (vae_activation)a;
        expect_refused_epilogues_to_be_replaced(&config, 20);
    }
}

Test(cuda_backend, a_data_set_that_does_not_fit_is_streamed)
{
    const vae_config config = small_config();
    const result resident = train(&fp32, &config, 50, 50);
    vae_data streamed = {0};
    training t;
    open_training(&vae_backend_cuda, &fp32, &config, &t);
    streamed.column = t.data->column;
    vae_executable *executable;
    MUST(vae_backend_cuda.executable_create(t.device, &t.program, t.store, &streamed, &executable));
    cr_assert_not_null(executable->staging);
    for (int s = 0; s < 50; ++s) {
        const vae_step step = step_number(s);
        MUST(vae_backend_cuda.executable_run(executable, &step));
    }
    const result found = {.parameters = read_parameters(&t), .elements = t.design.layout.elements};
    assert_same_bits(&resident, &found);
    vae_backend_cuda.executable_destroy(executable);
    close_training(&t);
    free(resident.parameters);
    free(found.parameters);
}

Test(cuda_backend, floats_are_streamed_as_they_are)
{
    enum { COUNT = 20, ROWS = 6, COLUMNS = 12 };
    float values[COUNT * COLUMNS];
    double found[ROWS * COLUMNS];
    for (int i = 0; i < COUNT * COLUMNS; ++i)
        values[i] = (float)i / 3.0f - 40.0f;
    vae_data streamed = {.column = {values, VAE_FLOAT32, COUNT, COLUMNS}};
    const vae_gather gather = {.shuffle = true, .floats = true, .scale = 1.0};
    vae_layout layout = {0};
    vae_program program;
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    vae_tensor x;
    vae_program_init(&program, "streamed", &layout);
    MUST(vae_program_gather(&program, "x", vae_shape_matrix(ROWS, COLUMNS), &gather, &x));
    vae_program_mark_external(&program, x);
    MUST(vae_program_plan(&program));
    MUST(vae_backend_cuda.device_open(&fp32, &device));
    MUST(vae_backend_cuda.store_create(device, &layout, false, &store));
    MUST(vae_backend_cuda.executable_create(device, &program, store, &streamed, &executable));
    for (int s = 0; s < 3; ++s) {
        const vae_step step = {.seed = 5, .step = (uint64_t)s, .first = s * ROWS};
        const vae_permutation order = vae_permutation_make(5, 0, COUNT);
        MUST(vae_backend_cuda.executable_run(executable, &step));
        MUST(vae_backend_cuda.tensor_read(executable, x, VAE_FLOAT64, found));
        for (int i = 0; i < ROWS * COLUMNS; ++i) {
            const uint64_t row = vae_permutation_apply(&order, (uint64_t)(s * ROWS + i / COLUMNS));
            cr_assert_eq(found[i], (double)values[row * COLUMNS + (uint64_t)i % COLUMNS], "step %d, %d", s, i);
        }
    }
    vae_backend_cuda.executable_destroy(executable);
    vae_backend_cuda.store_destroy(store);
    vae_backend_cuda.device_close(device);
    vae_program_free(&program);
}

Test(cuda_backend, only_a_data_set_that_fits_is_resident)
{
    simt_device_options options = simt_get_device_options();
    options.memory_bytes = (size_t)64 << 20;
    simt_set_device_options(&options);
    vae_device *device;
    MUST(vae_backend_cuda.device_open(&fp32, &device));
    static uint8_t pixels[48 << 20];
    const vae_column small = {.values = pixels, .dtype = VAE_UINT8, .count = 1 << 10, .elements = 1 << 10},
                     large = {.values = pixels, .dtype = VAE_UINT8, .count = 48 << 10, .elements = 1 << 10},
                     floats = {.values = pixels, .dtype = VAE_FLOAT32, .count = 12 << 10, .elements = 1 << 10};
    vae_data *data;
    MUST(vae_backend_cuda.data_create(device, &small, &data));
    cr_assert_not_null(data->resident);
    vae_backend_cuda.data_destroy(data);
    MUST(vae_backend_cuda.data_create(device, &large, &data));
    cr_assert_null(data->resident);
    vae_backend_cuda.data_destroy(data);
    MUST(vae_backend_cuda.data_create(device, &floats, &data));
    cr_assert_null(data->resident, "four bytes each");
    vae_backend_cuda.data_destroy(data);
    vae_backend_cuda.device_close(device);
}

Test(cuda_backend, tf32_is_close)
{
    const vae_config config = small_config();
    const vae_device_options tf32 = {.precision = VAE_PRECISION_AUTO};
    const result exact = train(&fp32, &config, 100, 1), rounded = train(&tf32, &config, 100, 1);
    cr_assert_neq(exact.loss, rounded.loss);
    assert_close(&exact, &rounded, 2e-3);
    free(exact.parameters);
    free(rounded.parameters);
}

/* ---- What a device leaves ---- */

static int open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    cr_assert_not_null(folder);
    int count = 0;
    while (readdir(folder))
        ++count;
    closedir(folder);
    return count;
}

static void expect_nothing_left(const simt_counters *before, int files)
{
    const simt_counters after = simt_get_counters();
    cr_assert_eq(after.device_bytes_in_use, before->device_bytes_in_use);
    cr_assert_eq(after.objects_in_use, before->objects_in_use,
                 "streams, events, graphs or cuBLASLt's objects: %lld left",
                 (long long)(after.objects_in_use - before->objects_in_use));
    cr_assert_eq(open_files(), files);
}

Test(cuda_backend, a_device_leaves_nothing)
{
    simt_device_options options = simt_get_device_options();
    options.compute_major = 8; /* the smaller workspace */
    simt_set_device_options(&options);
    const vae_config config = small_config();
    const simt_counters before = simt_get_counters();
    const int files = open_files();
    for (int i = 0; i < 200; ++i) {
        vae_device *device;
        MUST(vae_backend_cuda.device_open(&fp32, &device));
        cr_assert_gt(simt_get_counters().objects_in_use, before.objects_in_use);
        vae_backend_cuda.device_close(device);
    }
    expect_nothing_left(&before, files);
    for (int i = 0; i < 10; ++i) {
        const result trained = train(&fp32, &config, 2, 1);
        free(trained.parameters);
    }
    expect_nothing_left(&before, files);
}

/* ---- Errors ---- */

/* Those of cuBLASLt are in test_cuda_products.c. */
Test(cuda_backend, every_failing_call_is_an_error_with_its_name)
{
    static const char *const functions[] = {
        "cudaGetDeviceCount",
        "cudaGetDeviceProperties",
        "cudaSetDevice",

        "cudaMalloc",
        "cudaStreamCreateWithFlags",
        "cudaMallocHost",
        "cudaMemcpyAsync",
        "cudaEventCreateWithFlags",
        "cudaMemsetAsync",
        "cudaStreamSynchronize",
        "cudaStreamBeginCapture",
        "cudaStreamEndCapture",
        "cudaGraphGetNodes",
        "cudaGraphInstantiate",
    };
    const vae_config config = small_config();
    simt_print_faults(0);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) {
        unsigned failures = 0;
        vae_status status = VAE_ERROR_DEVICE;
        for (unsigned n = 1; status; n += 1 + n / 4) {
            training t;
            simt_fail_call(functions[i], n, cudaErrorMemoryAllocation);
            status = try_open_training(&vae_backend_cuda, &fp32, &config, &t);
            simt_fail_call(NULL, 0, 0);
            close_training(&t);
            /* A capture that does not end lets nothing be freed. */
            cr_assert(simt_get_counters().device_bytes_in_use == 0 || strcmp(functions[i], "cudaStreamEndCapture") == 0,
                      "%s, call %u", functions[i], n);
            simt_reset();
            if (!status) break;
            ++failures;
            cr_assert(status == VAE_ERROR_MEMORY || status == VAE_ERROR_DEVICE, "call %u: status %d", n, (int)status);
            cr_assert_not_null(strstr(vae_error_message(), "out of memory"), "%s", vae_error_message());
        }
        cr_assert_gt(failures, 0, "%s", functions[i]);
    }
}

Test(cuda_backend, memory_that_is_not_there_is_named)
{
    const vae_config config = small_config();
    training t;
    simt_print_faults(0);
    simt_fail_call("cudaMalloc", 2, cudaErrorMemoryAllocation);
    cr_assert_eq(try_open_training(&vae_backend_cuda, &fp32, &config, &t), VAE_ERROR_MEMORY);
    cr_assert_str_eq(vae_error_message(), "cuda: cudaMalloc for parameters failed: out of memory "
                                          "(cudaErrorMemoryAllocation)");
    close_training(&t);
}

static void expect_no_device(simt_device_options options, const char *words)
{
    vae_device *device;
    simt_set_device_options(&options);
    cr_assert_eq(vae_device_open("cuda", &fp32, &device), VAE_ERROR_DEVICE);
    cr_assert_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    MUST(vae_device_open("auto", &fp32, &device));
    cr_assert_str_eq(device->backend->name, "cpu");
    cr_assert_not_null(strstr(device->choice, words), "'%s' lacks '%s'", device->choice, words);
    device->backend->device_close(device);
}

Test(cuda_backend, what_is_missing_is_said)
{
    simt_device_options options = simt_get_device_options();
    options.driver_version = 0;
    options.devices = 0;
    expect_no_device(options, "this machine has no NVIDIA driver");
    options.driver_version = 13000;
    expect_no_device(options, "but finds no GPU");
    options.devices = 1;
    options.compute_major = 7;
    options.compute_minor = 5;
    expect_no_device(options, "has compute capability 7.5, but at least 8.0 is needed");
}

/* ---- Numbers that are not finite ---- */

/* Trains a step with one parameter spoilt, which must change none; gives the name that the search finds. */
static void spoil(const char *parameter, double value, char *name, size_t size)
{
    const vae_config config = small_config();
    training t;
    open_training(&vae_backend_cuda, &fp32, &config, &t);
    double *before = read_parameters(&t);
    before[t.design.layout.parameters[vae_layout_find(&t.design.layout, parameter)].offset] = value;
    MUST(vae_backend_cuda.store_write(t.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, before));
    MUST(vae_backend_cuda.store_read(t.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, before));
    cr_assert(!isfinite(run_step(&t, 0)));
    const vae_step step = step_number(0);
    MUST(vae_backend_cuda.executable_find_nonfinite(t.executable, &step, name, size));
    double *after = read_parameters(&t);
    cr_assert_arr_eq(before, after, (size_t)t.design.layout.elements * sizeof *after);
    /* The device has gone on to the next record. */
    cr_assert(!isfinite(run_step(&t, 1)));
    MUST(vae_backend_cuda.executable_find_nonfinite(t.executable, &step, name, size));
    free(before);
    free(after);
    close_training(&t);
}

Test(cuda_backend, the_first_tensor_that_is_not_finite_is_found)
{
    char name[VAE_NAME_SIZE];
    spoil("decoder.0.weight", NAN, name, sizeof name);
    cr_assert_str_eq(name, "decoder.0.weight");
    /* log σ² beyond float32's exp: σ² is the first to be infinite, within the sampling. */
    spoil("posterior.bias", 1e30, name, sizeof name);
    cr_assert_str_eq(name, "kl");
}
