/* The grids that kernels are launched with are those that `info --cost` tells. */
#include "expressions.h"
#include "train_result.h"

enum { MOST = 512 };

/* More multiprocessors than any grid has blocks, so that none is cut to what is resident. */
static void open_large_device(void)
{
    simt_device_options options = simt_get_device_options();
    options.multiprocessors = 1 << 20;
    simt_set_device_options(&options);
}

/* Makes the executable, which captures every launch once, and compares. */
static void expect_grids(const char *name, vae_device *device, const vae_program *program, vae_store *store,
                         vae_data *data)
{
    static simt_launch_shape shapes[MOST];
    vae_executable *executable;
    simt_record_launches(shapes, MOST);
    MUST(vae_backend_cuda.executable_create(device, program, store, data, &executable));
    const size_t recorded = simt_record_launches(NULL, 0);
    size_t kernels = 0;
    for (int32_t i = 0; i < executable->lowering.count; ++i) {
        const vae_launch *launch = &executable->lowering.launches[i];
        const int64_t blocks = vae_launch_blocks(&executable->lowering, launch);
        cr_assert_eq(blocks == 0, launch->kind == VAE_LAUNCH_MATMUL);
        if (blocks == 0) continue;
        cr_assert_lt(kernels, recorded);
        const simt_launch_shape *shape = &shapes[kernels++];
        cr_assert(shape->grid[0] == blocks && shape->grid[1] == 1 && shape->grid[2] == 1,
                  "%s: launch %d, %s: %u blocks, not %lld", name, (int)i,
                  vae_launch_name(&executable->lowering, launch), shape->grid[0], (long long)blocks);
    }
    cr_assert_eq(kernels, recorded, "%s: %zu kernels, not %zu", name, recorded, kernels);
    vae_backend_cuda.executable_destroy(executable);
}

/* The table's own cases of these are a block or two. */
static const op_case large_cases[] = {
    OP_CASE("posterior, large", FAMILY_POSTERIOR, 257, 0, 64, 5, 0, 1, 1, false),
    OP_CASE("batch norm, large", FAMILY_BATCH_NORM, 37, 14, 32, 1, VAE_ACTIVATION_RELU, 1, 1, false),
    OP_CASE("running batch norm, large", FAMILY_BATCH_NORM_RUNNING, 131, 18, 3, 1, VAE_ACTIVATION_RELU, 1, 1, false),
    OP_CASE("layer norm, large", FAMILY_LAYER_NORM, 131, 18, 3, 1, VAE_ACTIVATION_TANH, 1, 1, false),
    OP_CASE("dropout, large", FAMILY_DROPOUT, 1031, 0, 67, 1, 0, 1, 1, false),
    OP_CASE("upsample, large", FAMILY_UPSAMPLE, 37, 14, 12, 2, 0, 1, 1, false),
    OP_CASE("residual, large", FAMILY_RESIDUAL, 37, 14, 12, 1, VAE_ACTIVATION_GELU, 1, 1, false),
};
enum { LARGE_COUNT = sizeof large_cases / sizeof *large_cases };

static void expect_grids_of_cases(vae_precision precision)
{
    const vae_device_options options = {.precision = precision};
    vae_device *device;
    MUST(vae_backend_cuda.device_open(&options, &device));
    for (int i = 0; i < OP_CASE_COUNT + LARGE_COUNT; ++i) {
        const op_case *c = i < OP_CASE_COUNT ? &op_cases[i] : &large_cases[i - OP_CASE_COUNT];
        vae_store *store;
        op_program p;
        build_case(c, &p);
        MUST(vae_backend_cuda.store_create(device, &p.layout, true, &store));
        expect_grids(c->name, device, &p.program, store, NULL);
        vae_backend_cuda.store_destroy(store);
        free_case(&p);
    }
    vae_backend_cuda.device_close(device);
}

Test(cuda_grid, of_every_case)
{
    open_large_device();
    expect_grids_of_cases(VAE_PRECISION_FP32);
    expect_grids_of_cases(VAE_PRECISION_BF16);
    /* Kernels take the place of epilogues. */
    simt_cublaslt_refuse_epilogues(1);
    expect_grids_of_cases(VAE_PRECISION_FP32);
}

/* Lists of instructions, with and without sums, and what stands beside them. */
static void expect_grids_of_expression(const expression *e)
{
    const vae_device_options options = {.precision = VAE_PRECISION_BF16};
    vae_device *device;
    vae_store *store;
    expression_program p;
    build_expression(e, true, &p);
    MUST(vae_backend_cuda.device_open(&options, &device));
    MUST(vae_backend_cuda.store_create(device, &p.layout, true, &store));
    expect_grids(e->name, device, &p.program, store, NULL);
    vae_backend_cuda.store_destroy(store);
    vae_backend_cuda.device_close(device);
    free_expression(&p);
}

static vae_tensor build_group_sums(vae_program *program, const vae_tensor *p, vae_function function)
{
    (void)function;
    vae_tensor y, sums;
    MUST(vae_program_sum_rows(program, "groups", p[0], 331, &y));
    MUST(vae_program_sum_rows(program, "all", p[0], 2 * 331, &sums));
    y = applied(program, VAE_FUNCTION_ADD, y, sums);
    MUST(vae_program_log_sum_exp(program, "bound", y, vae_shape_columns(vae_tensor_shape(program, y)), &y));
    return y;
}

static const expression large_expressions[] = {
    {"rows of sums, large", {{2, {660, 67}}, {2, {660, 67}}}, build_bound, 0, false},
    {"long rows of sums", {{2, {6, 2052}}, {2, {6, 2052}}}, build_bound, 0, false},
    {"broadcast, large", {{2, {331, 132}}, {1, {331}}}, build_function, VAE_FUNCTION_MULTIPLY, false},
    {"whole, large", {{2, {331, 132}}, {2, {331, 132}}}, build_function, VAE_FUNCTION_MULTIPLY, false},
    {"groups, large", {{2, {2 * 331, 132}}}, build_group_sums, 0, false},
};

Test(cuda_grid, of_expressions)
{
    open_large_device();
    for (size_t i = 0; i < sizeof large_expressions / sizeof *large_expressions; ++i)
        expect_grids_of_expression(&large_expressions[i]);
    for (int i = 0; i < RECURRENT_CASE_COUNT; ++i)
        expect_grids_of_expression(&recurrent_cases[i]);
}

static void expect_grids_of_config(const char *path, const char *changes)
{
    static const vae_role roles[] = {VAE_ROLE_TRAIN, VAE_ROLE_EVALUATE, VAE_ROLE_ENCODE, VAE_ROLE_DECODE};
    static const vae_device_options precisions[] = {{.precision = VAE_PRECISION_TF32},
                                                    {.precision = VAE_PRECISION_BF16}};
    static uint8_t pixels[128 * 784];
    const vae_column images = {.values = pixels, .dtype = VAE_UINT8, .count = 128, .elements = 784};
    const vae_input input = {.height = 28, .width = 28, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};
    vae_config config;
    vae_design design;
    vae_config_defaults(&config);
    MUST(vae_config_load(&config, path));
    MUST(vae_config_parse(&config, changes, path));
    MUST(vae_design_create(&config, &input, &design));
    for (int i = 0; i < 2; ++i) {
        vae_device *device;
        vae_store *store;
        vae_data *data;
        MUST(vae_backend_cuda.device_open(&precisions[i], &device));
        MUST(vae_backend_cuda.store_create(device, &design.layout, true, &store));
        MUST(vae_backend_cuda.data_create(device, &images, &data));
        for (int b = 0; b < 4; ++b) {
            vae_program program;
            MUST(vae_design_build(&design, (vae_build){.role = roles[b], .rows = config.train.batch_size}, &program));
            expect_grids(program.name, device, &program, store, data);
            vae_program_free(&program);
        }
        vae_backend_cuda.data_destroy(data);
        vae_backend_cuda.store_destroy(store);
        vae_backend_cuda.device_close(device);
    }
    vae_design_free(&design);
}

Test(cuda_grid, of_the_shipped_configurations)
{
    open_large_device();
    expect_grids_of_config("configs/mnist.ini", "");
    expect_grids_of_config("configs/mnist-conv.ini", "");
    expect_grids_of_config("configs/mnist.ini",
                           "[train]\nclip_norm = 1\n[data]\nflip = horizontal\nbinarise = dynamic\n");
}
