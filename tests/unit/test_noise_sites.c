/* Noise by site: ops of one program that draw the same kind of noise draw different numbers, and the first draws what
 * it would draw alone. */
#include "ops.h"

enum { ROWS = 3, LATENT = 5, DRAWS = ROWS * LATENT };

typedef struct two_posteriors {
    vae_layout layout;
    vae_program program;
    vae_tensor posterior[2], z[2];
} two_posteriors;

static void open_posteriors(two_posteriors *t)
{
    *t = (two_posteriors){0};
    const vae_posterior_options options = {
        .samples = 1, .stream = VAE_STREAM_POSTERIOR, .sampled = true, .with_kl = true};
    vae_program_init(&t->program, "two", &t->layout);
    for (int i = 0; i < 2; ++i) {
        vae_posterior_outputs outputs;
        MUST(vae_program_input(&t->program, "posterior", vae_shape_matrix(ROWS, 2 * LATENT), &t->posterior[i]));
        MUST(vae_program_gaussian_sample_kl(&t->program, i == 0 ? "lower" : "upper", t->posterior[i], options,
                                            &outputs));
        t->z[i] = outputs.z;
        vae_program_mark_external(&t->program, outputs.z);
    }
    MUST(vae_program_plan(&t->program));
}

/* Standard normals, as mean and log-variance are zero. */
static void draw(const vae_backend *backend, const two_posteriors *t, double z[2][DRAWS])
{
    const vae_device_options options = {.threads = 1, .precision = VAE_PRECISION_FP32};
    const double zeros[2 * DRAWS] = {0};
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    MUST(backend->device_open(&options, &device));
    MUST(backend->store_create(device, &t->layout, false, &store));
    MUST(backend->executable_create(device, &t->program, store, NULL, &executable));
    for (int i = 0; i < 2; ++i)
        MUST(backend->tensor_write(executable, t->posterior[i], VAE_FLOAT64, zeros));
    MUST(backend->executable_run(executable, &op_step));
    for (int i = 0; i < 2; ++i)
        MUST(backend->tensor_read(executable, t->z[i], VAE_FLOAT64, z[i]));
    backend->executable_destroy(executable);
    backend->store_destroy(store);
    backend->device_close(device);
}

Test(noise_sites, two_posteriors_draw_different_noise)
{
    static const vae_backend *const backends[] = {&vae_backend_reference, &vae_backend_cpu};
    two_posteriors t;
    open_posteriors(&t);
    for (int b = 0; b < 2; ++b) {
        double z[2][DRAWS], normal[4], covariance = 0.0;
        draw(backends[b], &t, z);
        for (int i = 0; i < DRAWS; ++i) {
            vae_random_normal4(op_step.seed, VAE_STREAM_POSTERIOR, op_step.step, (uint64_t)i / 4, normal);
            cr_assert_float_eq(z[0][i], normal[i % 4], 1e-5, "%s: the first site is the stream", backends[b]->name);
            cr_assert_neq(z[0][i], z[1][i]);
            covariance += z[0][i] * z[1][i] / DRAWS;
        }
        cr_assert_lt(fabs(covariance), 0.8, "%s: %g", backends[b]->name, covariance);
    }
    vae_program_free(&t.program);
}

Test(noise_sites, outputs_of_two_posteriors_have_different_names)
{
    two_posteriors t;
    open_posteriors(&t);
    cr_assert_eq(vae_program_find(&t.program, "z"), t.z[0]);
    cr_assert_eq(vae_program_find(&t.program, "upper.z"), t.z[1]);
    cr_assert_neq(vae_program_find(&t.program, "upper.kl"), VAE_NO_TENSOR);
    vae_program_free(&t.program);
}

Test(noise_sites, dropouts_of_one_layer_drop_different_elements)
{
    vae_layout layout = {0};
    vae_program program;
    vae_tensor x, y;
    vae_program_init(&program, "dropouts", &layout);
    MUST(vae_program_input(&program, "x", vae_shape_matrix(2, 2), &x));
    for (int i = 0; i < VAE_MAX_SITES; ++i)
        MUST(vae_program_dropout(&program, "dropout", x, 0.5, 1, &y));
    cr_assert_eq(program.ops[0].attributes.dropout.stream, VAE_STREAM_DROPOUT + 1);
    for (int i = 0; i < program.op_count; ++i) {
        const uint32_t stream = program.ops[i].attributes.dropout.stream;
        cr_assert_lt(stream, 1u << 16, "a subsequence has 16 bits for the stream");
        for (int k = 0; k < i; ++k)
            cr_assert_neq(program.ops[k].attributes.dropout.stream, stream);
    }
    cr_assert_eq(vae_program_dropout(&program, "last", x, 0.5, 1, &y), VAE_ERROR_ARGUMENT);
    cr_assert_str_eq(vae_error_message(), "last: 'dropouts' has more than 512 ops that draw the same kind of noise");
    vae_program_free(&program);
}
