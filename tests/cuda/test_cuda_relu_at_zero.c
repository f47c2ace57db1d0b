/* Which bit a relu mask gets where the pre-activation is exactly zero is cuBLASLt's own affair: relu has no derivative
 * there. It happens for a black image while all biases are zero, and then training goes on whatever the bit is. */
#include "train_result.h"

enum { RUNS = 20 };

typedef struct black_run {
    vae_layout layout;
    double *first; /* parameters after one step; the caller frees */
    double losses[RUNS];
} black_run;

static void blacken(training *t)
{
    const int64_t elements = TRAIN_SIDE * TRAIN_SIDE;
    for (int64_t image = 0; image < TRAIN_IMAGES; image += 3)
        memset(t->pixels + image * elements, 0, (size_t)elements);
}

static void clear_biases(const training *t)
{
    double *parameters = read_parameters(t);
    for (int32_t i = 0; i < t->design.layout.count; ++i) {
        const vae_parameter *parameter = &t->design.layout.parameters[i];
        if (!strstr(parameter->name, ".bias")) continue;
        memset(parameters + parameter->offset, 0, (size_t)vae_shape_elements(&parameter->shape) * sizeof *parameters);
    }
    MUST(t->device->backend->store_write(t->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, parameters));
    free(parameters);
}

/* With black images among the others. */
static void train_on_black(const vae_backend *backend, black_run *run)
{
    const vae_config config = small_config();
    training t;
    open_training(backend, &fp32, &config, &t);
    backend->executable_destroy(t.executable);
    backend->data_destroy(t.data);
    blacken(&t);
    const vae_column images = {
        .values = t.pixels, .dtype = VAE_UINT8, .count = TRAIN_IMAGES, .elements = TRAIN_SIDE * TRAIN_SIDE};
    MUST(backend->data_create(t.device, &images, &t.data));
    MUST(backend->executable_create(t.device, &t.program, t.store, t.data, &t.executable));
    clear_biases(&t);
    for (int s = 0; s < RUNS; ++s) {
        run->losses[s] = run_step(&t, s);
        if (s == 0) run->first = read_parameters(&t);
    }
    run->layout = t.design.layout;
    t.design.layout = (vae_layout){0};
    close_training(&t);
}

static void free_run(black_run *run)
{
    free(run->first);
    vae_layout_free(&run->layout);
}

/* After one step: nothing but the bias of the layer that saw the images, as their pixels hide its weights. */
static int32_t count_differences(const black_run *a, const black_run *b)
{
    int32_t differences = 0;
    for (int32_t i = 0; i < a->layout.count; ++i) {
        const vae_parameter *parameter = &a->layout.parameters[i];
        const size_t bytes = (size_t)vae_shape_elements(&parameter->shape) * sizeof *a->first;
        if (memcmp(a->first + parameter->offset, b->first + parameter->offset, bytes) == 0) continue;
        cr_assert_str_eq(parameter->name, "encoder.0.bias");
        ++differences;
    }
    return differences;
}

static void expect_losses(const black_run *run, const black_run *expected, double allowed)
{
    for (int s = 0; s < RUNS; ++s) {
        cr_assert_leq(fabs(run->losses[s] - expected->losses[s]), allowed * fabs(expected->losses[s]),
                      "step %d: %.9g, not %.9g", s, run->losses[s], expected->losses[s]);
    }
}

Test(cuda_relu_at_zero, any_bit_trains)
{
    black_run reference, zero, other;
    train_on_black(&vae_backend_reference, &reference);
    simt_cublaslt_relu_mask_at_zero(0);
    train_on_black(&vae_backend_cuda, &zero);
    /* Zero is what the other backends, and our own kernels, take for the derivative. */
    expect_losses(&zero, &reference, 1e-5);
    for (int bit = 1; bit <= 2; ++bit) {
        simt_cublaslt_relu_mask_at_zero(bit);
        train_on_black(&vae_backend_cuda, &other);
        cr_assert_eq(zero.losses[0], other.losses[0]);
        cr_assert_eq(count_differences(&zero, &other), 1);
        expect_losses(&other, &zero, 1e-2);
        free_run(&other);
    }
    free_run(&zero);
    free_run(&reference);
}
