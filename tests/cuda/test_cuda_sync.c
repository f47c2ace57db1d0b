/* VAE_CUDA_SYNC: launches one at a time, the same numbers as the graph, and a name for what faults. */
#include "train_result.h"

static void set_sync(const char *value)
{
    cr_assert_eq(setenv("VAE_CUDA_SYNC", value, 1), 0);
}

Test(cuda_sync, launches_are_waited_for_one_by_one)
{
    const vae_config config = small_config();
    training t;
    set_sync("1");
    open_training(&vae_backend_cuda, &fp32, &config, &t);
    cr_assert_not_null(strstr(vae_backend_cuda.device_describe(t.device), "VAE_CUDA_SYNC"));
    const uint64_t launches = (uint64_t)t.executable->lowering.count;
    simt_reset_counters();
    const vae_step step = step_number(0);
    MUST(vae_backend_cuda.executable_run(t.executable, &step));
    const simt_counters counted = simt_get_counters();
    cr_assert_eq(counted.graph_launches, 0);
    cr_assert_eq(counted.launches, launches);
    cr_assert_eq(counted.kernels_run + counted.matmuls_run, launches);
    cr_assert_eq(counted.host_synchronisations, launches);
    close_training(&t);
}

Test(cuda_sync, zero_is_the_graph)
{
    const vae_config config = small_config();
    training t;
    set_sync("0");
    open_training(&vae_backend_cuda, &fp32, &config, &t);
    simt_reset_counters();
    const vae_step step = step_number(0);
    MUST(vae_backend_cuda.executable_run(t.executable, &step));
    cr_assert_eq(simt_get_counters().graph_launches, 1);
    close_training(&t);
}

Test(cuda_sync, the_bits_are_those_of_the_graph)
{
    const vae_precision precisions[] = {VAE_PRECISION_FP32, VAE_PRECISION_TF32, VAE_PRECISION_BF16};
    for (int i = 0; i < 3; ++i) {
        const vae_device_options options = {.precision = precisions[i]};
        vae_config config = small_config();
        config.train.clip_norm = 1;
        set_sync("");
        const result graph = train(&options, &config, 20, 3);
        set_sync("1");
        const result launches = train(&options, &config, 20, 3);
        assert_same_bits(&graph, &launches);
        cr_assert_eq(graph.loss, launches.loss);
        free(graph.parameters);
        free(launches.parameters);
    }
}

/* The message of a training whose nth run of a kernel of that name faults. */
static void expect_fault(const char *kernel, unsigned nth, const char *message)
{
    vae_config config = small_config();
    config.model.activation = VAE_ACTIVATION_TANH;
    training t;
    simt_print_faults(0);
    open_training(&vae_backend_cuda, &fp32, &config, &t);
    simt_fault_kernel(kernel, nth);
    const vae_step step = step_number(0);
    double sums[VAE_METRIC_COUNT];
    vae_status status = vae_backend_cuda.executable_run(t.executable, &step);
    if (!status) status = vae_backend_cuda.metrics_take(t.executable, sums);
    cr_expect_eq(status, VAE_ERROR_DEVICE);
    cr_expect_str_eq(vae_error_message(), message);
    close_training(&t);
    simt_reset();
}

Test(cuda_sync, a_fault_names_its_op_and_kernel)
{
    set_sync("1");
    expect_fault("activation", 2,
                 "train: 'decoder.0': kernel activation failed: an illegal memory access was encountered "
                 "(cudaErrorIllegalAddress)");
    expect_fault("adam", 1,
                 "train: 'adam': kernel adam failed: an illegal memory access was encountered "
                 "(cudaErrorIllegalAddress)");
    expect_fault("begin_step", 1,
                 "train: 'step': kernel begin_step failed: an illegal memory access was encountered "
                 "(cudaErrorIllegalAddress)");
    /* In a graph nobody knows; the message says what to do. */
    set_sync("0");
    expect_fault("activation", 2,
                 "cuda: cudaStreamSynchronize for metrics failed: an illegal memory access was encountered "
                 "(cudaErrorIllegalAddress); with VAE_CUDA_SYNC=1 in the environment the kernel is named");
}
