/* executable_measure on the simulated device, where times are what the tests give. */
#include "backend/cuda/cublaslt.h"
#include "train_result.h"

static const vae_device_options tf32 = {.precision = VAE_PRECISION_TF32}, bf16 = {.precision = VAE_PRECISION_BF16};

static vae_step next_step(void *context)
{
    return step_number((*(int *)context)++);
}

static vae_status try_measure(training *t, vae_measurement *m)
{
    int steps = 0;
    const vae_measure_plan plan = {
        .next_step = next_step, .context = &steps, .warm_up = 1, .repeats = 4, .read_interval = 2};
    return vae_backend_cuda.executable_measure(t->executable, &plan, m);
}

static void measure(training *t, const vae_device_options *options, const vae_config *config, vae_measurement *m)
{
    open_training(&vae_backend_cuda, options, config, t);
    MUST(try_measure(t, m));
}

static void finish(training *t, vae_measurement *m)
{
    vae_measurement_free(m);
    close_training(t);
}

static void expect_time(double found, double microseconds)
{
    cr_expect_leq(fabs(found * 1e6 - microseconds), 1e-3 * microseconds + 1e-6, "%g us, not %g", found * 1e6,
                  microseconds);
}

Test(cuda_measure, each_launch_has_its_own_time)
{
    const vae_config config = small_config();
    training t;
    vae_measurement m;
    simt_set_kernel_duration("", 2.0);
    simt_set_kernel_duration("adam_kernel", 50.0);
    simt_cublaslt_set_duration(-1, 0, 8.0);
    measure(&t, &fp32, &config, &m);
    const vae_lowering *lowering = &t.executable->lowering;
    double sum = 0.0;
    cr_assert_eq(m.count, lowering->count);
    cr_assert_eq(m.repeats, 4);
    for (int32_t i = 0; i < m.count; ++i) {
        const vae_launch *launch = &lowering->launches[i];
        const vae_measured_part *part = &m.parts[i];
        const bool product = launch->kind == VAE_LAUNCH_MATMUL, adam = i == m.count - 1;
        const double wanted = product ? 8.0 : adam ? 50.0 : 2.0;
        cr_expect_str_eq(part->kind, vae_launch_name(lowering, launch));
        cr_expect_eq(part->op, launch->op);
        cr_expect_eq(part->product.epilogue != NULL, product);
        cr_expect_eq(part->nodes, 1);
        expect_time(part->seconds, wanted);
        expect_time(part->median_seconds, wanted);
        sum += wanted;
    }
    expect_time(m.replay_seconds, sum);
    expect_time(m.event_seconds, 0.0);
    cr_expect_gt(m.step_seconds, 0.0);
    cr_expect_not_null(strstr(m.hardware, "SIMT"));
    finish(&t, &m);
}

Test(cuda_measure, products_are_compared_with_sums_in_double)
{
    const vae_device_options *all[] = {&fp32, &tf32, &bf16};
    const double most[] = {3e-6, 2e-3, 3e-6};
    for (int p = 0; p < 3; ++p) {
        const vae_config config = small_config();
        training t;
        vae_measurement m;
        double largest = 0.0;
        measure(&t, all[p], &config, &m);
        for (int32_t i = 0; i < m.count; ++i) {
            const vae_measured_product *product = &m.parts[i].product;
            if (!product->epilogue) continue;
            cr_expect_leq(product->error, product->explained);
            cr_expect_str_eq(product->epilogue, product->wanted);
            largest = fmax(largest, product->error);
        }
        cr_expect(largest > 0.0 && largest < most[p], "precision %d: %g", p, largest);
        finish(&t, &m);
    }
}

/* The products of a measurement whose error is larger than roundings explain. */
static int count_wrong(const vae_measurement *m)
{
    int wrong = 0;
    for (int32_t i = 0; i < m->count; ++i)
        wrong += m->parts[i].product.epilogue && !(m->parts[i].product.error <= m->parts[i].product.explained);
    return wrong;
}

Test(cuda_measure, a_wrong_product_is_seen)
{
    const vae_config config = small_config();
    training t;
    vae_measurement m;
    simt_cublaslt_uneven_split_k_first(1);
    measure(&t, &fp32, &config, &m);
    int split = 0;
    for (int32_t i = 0; i < m.count; ++i) {
        const vae_measured_part *part = &m.parts[i];
        if (!part->product.epilogue || part->product.algorithm != 66) continue;
        ++split;
        cr_expect_eq(part->product.split_k, 3);
        cr_expect_eq(part->product.tile, CUBLASLT_MATMUL_TILE_128x256);
        cr_expect_eq(part->nodes, 2);
        cr_expect_gt(part->product.workspace_bytes, 1024);
    }
    cr_assert_gt(split, 0);
    cr_expect_eq(count_wrong(&m), 0);
    vae_measurement_free(&m);
    /* They were right when they were chosen. */
    simt_cublaslt_wrong_split_k(66);
    MUST(try_measure(&t, &m));
    cr_expect_gt(count_wrong(&m), 0);
    finish(&t, &m);
}

Test(cuda_measure, an_epilogue_that_was_refused_is_named)
{
    const vae_config config = small_config();
    training t;
    vae_measurement m;
    simt_cublaslt_refuse_epilogues(2);
    measure(&t, &fp32, &config, &m);
    int without = 0;
    for (int32_t i = 0; i < m.count; ++i) {
        const vae_measured_product *product = &m.parts[i].product;
        if (!product->epilogue || strcmp(product->epilogue, product->wanted) == 0) continue;
        ++without;
        cr_expect(strstr(product->wanted, "mask") || strstr(product->wanted, "gradient"), "%s", product->wanted);
    }
    cr_expect_gt(without, 2);
    cr_expect_eq(count_wrong(&m), 0);
    finish(&t, &m);
}

Test(cuda_measure, streamed_data_and_convolutions)
{
    vae_config config = small_config();
    config.model.encoder = (vae_layer_list){
        .layer = {{.kind = VAE_LAYER_CONV, .size = 4, .kernel = 4, .stride = 2}, {.size = 9}}, .count = 2};
    training t;
    vae_measurement m;
    open_training(&vae_backend_cuda, &bf16, &config, &t);
    vae_executable *resident = t.executable;
    vae_data streamed = {.column = t.data->column};
    MUST(vae_backend_cuda.executable_create(t.device, &t.program, t.store, &streamed, &t.executable));
    cr_assert_not_null(t.executable->staging);
    MUST(try_measure(&t, &m));
    cr_expect_eq(count_wrong(&m), 0);
    vae_measurement_free(&m);
    vae_backend_cuda.executable_destroy(t.executable);
    t.executable = resident;
    close_training(&t);
}

Test(cuda_measure, nothing_is_left_and_the_training_can_go_on)
{
    const vae_config config = small_config();
    training t;
    vae_measurement m;
    open_training(&vae_backend_cuda, &fp32, &config, &t);
    const uint64_t objects = simt_get_counters().objects_in_use;
    MUST(try_measure(&t, &m));
    vae_measurement_free(&m);
    cr_expect_eq(simt_get_counters().objects_in_use, objects);
    cr_expect(isfinite(run_step(&t, 100)));
    close_training(&t);
}

/* Calls of the runtime and of cuBLASLt in a measurement. */
static unsigned count_calls(const vae_config *config)
{
    training t;
    vae_measurement m;
    open_training(&vae_backend_cuda, &fp32, config, &t);
    simt_reset_counters();
    MUST(try_measure(&t, &m));
    const unsigned calls = (unsigned)simt_get_counters().calls;
    finish(&t, &m);
    return calls;
}

Test(cuda_measure, failing_calls_are_errors)
{
    const vae_config config = small_config();
    const unsigned calls = count_calls(&config);
    unsigned failures = 0, tried = 0;
    simt_print_faults(0);
    for (unsigned n = 1; n <= calls; n += 67) {
        training t;
        vae_measurement m;
        open_training(&vae_backend_cuda, &fp32, &config, &t);
        simt_fail_call(NULL, n, cudaErrorMemoryAllocation);
        const vae_status status = try_measure(&t, &m);
        simt_fail_call(NULL, 0, 0);
        vae_measurement_free(&m);
        close_training(&t);
        simt_reset();
        ++tried;
        failures += status != VAE_OK;
        if (status) cr_assert_gt(strlen(vae_error_message()), 10);
    }
    /* What destroys something may fail unheard. */
    cr_expect_gt(tried, 5);
    cr_expect_gt(failures, tried * 3 / 4, "%u of %u", failures, tried);
}

static vae_step diverging_step(void *context)
{
    vae_step step = next_step(context);
    step.learning_rate = 1e6;
    return step;
}

Test(cuda_measure, a_model_that_diverges_is_not_measured)
{
    const vae_config config = small_config();
    training t;
    vae_measurement m;
    int steps = 0;
    const vae_measure_plan plan = {
        .next_step = diverging_step, .context = &steps, .warm_up = 3, .repeats = 4, .read_interval = 2};
    open_training(&vae_backend_cuda, &fp32, &config, &t);
    cr_expect_eq(vae_backend_cuda.executable_measure(t.executable, &plan, &m), VAE_ERROR_NUMERIC);
    cr_expect_null(m.parts);
    close_training(&t);
}
