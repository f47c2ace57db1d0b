/* Convolutional models on the simulated device: every way to the same numbers, and what a step takes. */
#include "train_result.h"

/* Channels that are multiples of four and such that are not, windows that overlap and one that does not move. */
static vae_config convolutional_config(vae_activation activation)
{
    vae_config config = small_config();
    MUST(vae_layers_parse("conv 4 k4 s2, conv 5 k3, conv 8 k3, conv 4 k1, dense 12", &config.model.encoder));
    config.model.activation = activation;
    return config;
}

/* The loss of the last of `steps` steps. */
static double train_reference(const vae_config *config, int steps)
{
    const vae_device_options options = {.threads = 1};
    training t;
    double loss = 0.0;
    open_training(&vae_backend_reference, &options, config, &t);
    for (int s = 0; s < steps; ++s)
        loss = run_step(&t, s);
    close_training(&t);
    return loss;
}

static void expect_loss(const vae_config *config, vae_precision precision, double expected, double allowed)
{
    const vae_device_options options = {.precision = precision};
    const result found = train(&options, config, 40, 1);
    cr_assert_leq(fabs(found.loss - expected), allowed * fabs(expected), "precision %d: loss %.9g, not %.9g",
                  (int)precision, found.loss, expected);
    free(found.parameters);
}

Test(cuda_convolution, every_precision_follows_the_reference)
{
    static const vae_activation activations[] = {VAE_ACTIVATION_RELU, VAE_ACTIVATION_SILU, VAE_ACTIVATION_IDENTITY};
    for (int i = 0; i < 3; ++i) {
        const vae_config config = convolutional_config(activations[i]);
        const double expected = train_reference(&config, 40);
        expect_loss(&config, VAE_PRECISION_FP32, expected, 2e-5);
        expect_loss(&config, VAE_PRECISION_TF32, expected, 2e-3);
        expect_loss(&config, VAE_PRECISION_BF16, expected, 1e-2);
    }
}

/* The gradients of a first step; the caller frees. */
static double *first_gradients(const vae_backend *backend, const vae_config *config, vae_design *design)
{
    const vae_device_options options = {.threads = 1, .precision = VAE_PRECISION_FP32};
    training t;
    open_training(backend, &options, config, &t);
    run_step(&t, 0);
    double *gradients = calloc((size_t)t.design.layout.elements, sizeof *gradients);
    MUST(backend->store_read(t.store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, gradients));
    *design = t.design;
    t.design.layout = (vae_layout){0};
    close_training(&t);
    return gradients;
}

static void expect_gradients(const vae_config *config)
{
    vae_design design, same;
    double *expected = first_gradients(&vae_backend_reference, config, &design);
    double *found = first_gradients(&vae_backend_cuda, config, &same);
    for (int32_t i = 0; i < design.layout.count; ++i) {
        const vae_parameter *parameter = &design.layout.parameters[i];
        double scale = 0.0, error = 0.0;
        for (int64_t k = 0; k < vae_shape_elements(&parameter->shape); ++k) {
            const double a = expected[parameter->offset + k], b = found[parameter->offset + k];
            scale = fmax(scale, fabs(a));
            error = fmax(error, fabs(a - b));
        }
        cr_assert(error <= 1e-5 * scale, "%s differs by %g of %g", parameter->name, error, scale);
    }
    free(expected);
    free(found);
    vae_design_free(&design);
    vae_design_free(&same);
}

Test(cuda_convolution, gradients_are_the_reference_s)
{
    for (int a = 0; a < VAE_ACTIVATION_COUNT; ++a) {
        const vae_config config = convolutional_config((vae_activation)a);
        expect_gradients(&config);
    }
}

Test(cuda_convolution, refused_epilogues_are_replaced_by_kernels)
{
    static const vae_activation activations[] = {VAE_ACTIVATION_RELU, VAE_ACTIVATION_GELU};
    for (int i = 0; i < 2; ++i) {
        const vae_config config = convolutional_config(activations[i]);
        expect_refused_epilogues_to_be_replaced(&config, 10);
    }
}

Test(cuda_convolution, the_order_of_threads_changes_no_bit)
{
    const vae_config config = convolutional_config(VAE_ACTIVATION_SILU);
    expect_no_bit_to_depend_on_thread_order(&config, 5);
}

static void lower_mnist(const char *layers, vae_design *design, vae_program *program, vae_lowering *lowering)
{
    vae_config config;
    vae_config_defaults(&config);
    MUST(vae_layers_parse(layers, &config.model.encoder));
    config.model.latent.size[0] = 32;
    const vae_input input = {.height = 28, .width = 28, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};
    MUST(vae_design_create(&config, &input, design));
    MUST(vae_design_build(design, (vae_build){.role = VAE_ROLE_TRAIN, .rows = 128}, program));
    MUST(vae_lowering_create(program, (vae_lowering_options){0}, lowering));
}

/* configs/mnist-conv.ini, as docs/DESIGN.md counts it. */
Test(cuda_convolution, a_convolutional_vae_takes_43_launches)
{
    vae_design design;
    vae_program program;
    vae_lowering lowering;
    lower_mnist("conv 32 k4 s2, conv 64 k4 s2, dense 256", &design, &program, &lowering);
    cr_assert_leq(lowering.count, 43);
    const vae_step_cost cost = vae_lowering_cost(&lowering);
    const double elementwise = cost.elementwise.bytes_read + cost.elementwise.bytes_written;
    cr_assert_leq(elementwise, 3.3 * (cost.minimum.bytes_read + cost.minimum.bytes_written));
    /* The patches of the larger convolutions, once for all of them. */
    cr_assert_eq(vae_scratch_total(&lowering), 128 * 7 * 7 * 4 * 4 * 32);
    vae_lowering_free(&lowering);
    vae_program_free(&program);
    vae_design_free(&design);
}

/* The last step of one convolution's backward pass is the first of the next one's. */
Test(cuda_convolution, only_the_last_convolution_has_a_backward_kernel_of_its_own)
{
    vae_design design;
    vae_program program;
    vae_lowering lowering;
    lower_mnist("conv 8 k4 s2, conv 8 k3, conv 8 k3", &design, &program, &lowering);
    int32_t encoder_kernels = 0;
    for (int32_t i = 0; i < lowering.count; ++i) {
        const vae_launch *launch = &lowering.launches[i];
        if (launch->kind != VAE_LAUNCH_ACTIVATION_BACKWARD) continue;
        encoder_kernels += strncmp(program.ops[launch->op].name, "d_encoder.", 10) == 0;
    }
    cr_assert_eq(encoder_kernels, 1);
    vae_lowering_free(&lowering);
    vae_program_free(&program);
    vae_design_free(&design);
}

Test(cuda_convolution, images_beyond_what_kernels_count_are_refused)
{
    const vae_window window = {3, 2, 1, {0}};
    vae_layout layout = {0};
    vae_program program;
    vae_lowering lowering;
    vae_tensor x, y;
    MUST(vae_layout_add(&layout, "layer.weight", vae_shape_matrix(9, 1), 9, NULL));
    MUST(vae_layout_add(&layout, "layer.bias", vae_shape_vector(1), 9, NULL));
    vae_program_init(&program, "large", &layout);
    MUST(vae_program_input(&program, "x", vae_shape_images(1 << 15, 1 << 8, 1 << 8, 1), &x));
    MUST(vae_program_convolution(&program, "layer", x, false, window, VAE_ACTIVATION_IDENTITY, false, &y));
    cr_assert_eq(vae_lowering_create(&program, (vae_lowering_options){0}, &lowering), VAE_ERROR_SHAPE);
    cr_assert_not_null(strstr(vae_error_message(), "layer: images [32768, 256, 256, 1] are too many"));
    vae_program_free(&program);
    vae_layout_free(&layout);
}
