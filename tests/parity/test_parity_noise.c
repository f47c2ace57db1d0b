/* Noise and what it meets, a backend against reference: a batch that is cut into runs draws what it draws whole, and
 * each of the gradients that gaussian_sample_kl_backward may be given counts. */
#include "compare.h"
#include "program/op.h"

enum { ROWS = 8, SAMPLES = 3, OUTPUTS = 8, GRADIENTS = 3 };

typedef struct noisy {
    vae_layout layout;
    vae_program program;
    vae_tensor posterior, upper, d_z;
    vae_tensor outputs[OUTPUTS];
} noisy;

/* d_posterior from the gradients that there are; VAE_NO_TENSOR where there is none. */
static vae_tensor append_backward(vae_program *program, vae_tensor posterior, const vae_tensor gradients[GRADIENTS])
{
    const vae_op *forward = NULL;
    for (int32_t i = 0; i < program->op_count; ++i) {
        if (program->ops[i].kind == VAE_OP_GAUSSIAN_SAMPLE_KL) forward = &program->ops[i];
    }
    vae_op op = vae_op_make(VAE_OP_GAUSSIAN_SAMPLE_KL_BACKWARD, "d_sample");
    op.attributes = forward->attributes;
    op.attributes.gaussian_sample_kl.kl_weight = (vae_weight){-0.8, VAE_SCALAR_BETA};
    op.inputs[0] = posterior;
    for (int i = 0; i < GRADIENTS; ++i)
        op.inputs[1 + i] = gradients[i];
    MUST(vae_program_add_activation(program, "d_posterior", *vae_tensor_shape(program, posterior), &op.outputs[0]));
    MUST(vae_program_append(program, &op));
    return op.outputs[0];
}

/* ---- A batch in parts ---- */

/* Everything that draws: pixels, mirrored and binarised, z, its backward pass, dropout of rows and of samples, and of
 * samples too a second posterior and the prior. */
static void build_noisy(int64_t rows, vae_shape image, int64_t latent, noisy *n)
{
    vae_posterior_options options = {
        .samples = SAMPLES, .stream = VAE_STREAM_POSTERIOR, .sampled = true, .with_kl = true, .with_log_ratio = true};
    const vae_gather gather = {.shuffle = true, .binarise = true, .flip = true, .scale = 1.0 / 255};
    vae_posterior_outputs sampled, upper;
    *n = (noisy){0};
    image.size[0] = rows;
    vae_program_init(&n->program, "noisy", &n->layout);
    MUST(vae_program_gather(&n->program, "x", image, &gather, &n->outputs[0]));
    MUST(vae_program_input(&n->program, "posterior", vae_shape_matrix(rows, 2 * latent), &n->posterior));
    MUST(vae_program_input(&n->program, "upper posterior", vae_shape_matrix(rows * SAMPLES, 2 * latent), &n->upper));
    MUST(vae_program_input(&n->program, "d_z", vae_shape_matrix(rows * SAMPLES, latent), &n->d_z));
    MUST(vae_program_gaussian_sample_kl(&n->program, "sample", n->posterior, options, &sampled));
    n->outputs[1] = sampled.z;
    n->outputs[2] = sampled.log_ratio;
    n->outputs[3] = append_backward(&n->program, n->posterior, (vae_tensor[]){n->d_z, VAE_NO_TENSOR, VAE_NO_TENSOR});
    MUST(vae_program_dropout(&n->program, "dropout", n->outputs[0], 0.4, 0, &n->outputs[4]));
    MUST(vae_program_dropout(&n->program, "dropout of samples", sampled.z, 0.4, 1, &n->outputs[5]));
    MUST(vae_program_prior_sample(&n->program, "prior", vae_shape_matrix(rows * SAMPLES, latent), 0.7, &n->outputs[6]));
    options.samples = 1;
    MUST(vae_program_gaussian_sample_kl(&n->program, "upper", n->upper, options, &upper));
    n->outputs[7] = upper.z;
    for (int i = 0; i < OUTPUTS; ++i)
        vae_program_mark_external(&n->program, n->outputs[i]);
    MUST(vae_program_plan(&n->program));
}

/* Numbers of the whole batch's `tensor`, of which those from row `first` on are wanted. */
static void write_part(const vae_backend *backend, vae_executable *executable, const vae_program *program,
                       vae_tensor tensor, int64_t first, int64_t rows)
{
    const int64_t count = program->tensors[tensor].elements, begin = first * (count / rows);
    double *values = calloc((size_t)count, sizeof *values);
    for (int64_t i = 0; i < count; ++i)
        values[i] = test_normal((uint64_t)tensor, (uint64_t)(begin + i));
    MUST(backend->tensor_write(executable, tensor, VAE_FLOAT64, values));
    free(values);
}

static void open_store(const vae_backend *backend, int threads, const vae_layout *layout, vae_device **device,
                       vae_store **store)
{
    const vae_device_options options = {.threads = threads, .precision = VAE_PRECISION_FP32};
    MUST(backend->device_open(&options, device));
    MUST(backend->store_create(*device, layout, false, store));
}

/* Runs `rows` of the batch from row `first` on, and puts their numbers where they stand in the whole batch's. */
static void run_part(const vae_backend *backend, const vae_column *images, vae_shape image, int64_t latent,
                     int64_t first, int64_t rows, double *whole[OUTPUTS])
{
    const vae_step step = {.seed = 11, .step = 5, .epoch = 2, .first = 6 + first, .first_row = first, .beta = 1.3};
    noisy n;
    vae_device *device;
    vae_store *store;
    vae_data *data;
    vae_executable *executable;
    build_noisy(rows, image, latent, &n);
    open_store(backend, 2, &n.layout, &device, &store);
    MUST(backend->data_create(device, images, &data));
    MUST(backend->executable_create(device, &n.program, store, data, &executable));
    write_part(backend, executable, &n.program, n.posterior, first, rows);
    write_part(backend, executable, &n.program, n.upper, first, rows);
    write_part(backend, executable, &n.program, n.d_z, first, rows);
    MUST(backend->executable_run(executable, &step));
    for (int i = 0; i < OUTPUTS; ++i) {
        const int64_t per_row = n.program.tensors[n.outputs[i]].elements / rows;
        MUST(backend->tensor_read(executable, n.outputs[i], VAE_FLOAT64, whole[i] + first * per_row));
    }
    backend->executable_destroy(executable);
    backend->data_destroy(data);
    backend->store_destroy(store);
    backend->device_close(device);
    vae_program_free(&n.program);
}

static void compare_parts(const vae_backend *backend, vae_shape image, int64_t latent, const int64_t *parts)
{
    static const char *const names[OUTPUTS] = {"x",       "z",         "log_ratio", "d_posterior",
                                               "dropped", "dropped z", "prior",     "upper z"};
    enum { IMAGES = 20 };
    const int64_t pixels = image.size[1] * image.size[2] * image.size[3];
    const int64_t widest = ROWS * (pixels + 2 * SAMPLES * latent);
    uint8_t *bytes = malloc((size_t)(IMAGES * pixels));
    double *cut[OUTPUTS], *whole[OUTPUTS];
    for (int64_t i = 0; i < IMAGES * pixels; ++i)
        bytes[i] = (uint8_t)vae_random_block(1, 1, 1, (uint64_t)i).word[0];
    for (int i = 0; i < OUTPUTS; ++i) {
        cut[i] = calloc((size_t)widest, sizeof **cut);
        whole[i] = calloc((size_t)widest, sizeof **whole);
    }
    const vae_column images = {.values = bytes, .dtype = VAE_UINT8, .count = IMAGES, .elements = pixels};
    run_part(backend, &images, image, latent, 0, ROWS, whole);
    for (int64_t first = 0; first < ROWS; first += *parts++)
        run_part(backend, &images, image, latent, first, *parts, cut);
    for (int i = 0; i < OUTPUTS; ++i) {
        for (int64_t k = 0; k < widest; ++k) {
            cr_assert_eq(cut[i][k], whole[i][k], "%s, %lld pixels, %lld latent, parts of %lld: %s[%lld] is %g, not %g",
                         backend->name, (long long)pixels, (long long)latent, (long long)parts[-1], names[i],
                         (long long)k, cut[i][k], whole[i][k]);
        }
        free(cut[i]);
        free(whole[i]);
    }
    free(bytes);
}

/* Rows of odd widths begin anywhere in the four numbers that a block of noise has. */
Test(parity_noise, a_batch_in_parts_draws_what_it_draws_whole)
{
    static const int64_t parts[][4] = {{4, 4}, {2, 4, 2}, {3, 5}, {1, 7}};
    const vae_shape images[] = {vae_shape_images(ROWS, 4, 4, 1), vae_shape_images(ROWS, 3, 5, 3)};
    const int64_t latents[] = {8, 5};
    const vae_backend *const backends[] = {&vae_backend_reference, &VAE_TEST_BACKEND};
    for (int b = 0; b < 2; ++b) {
        for (int s = 0; s < 2; ++s) {
            for (int p = 0; p < 4; ++p)
                compare_parts(backends[b], images[s], latents[s], parts[p]);
        }
    }
}

/* ---- The gradients of gaussian_sample_kl's outputs ---- */

typedef struct backward_case {
    int64_t rows, latent, samples;
    bool sampled;
    int given; /* of z, KL and log ratio: the sum of 1 << place */
} backward_case;

static double *run_backward(const vae_backend *backend, const backward_case *c, int64_t *count)
{
    const vae_posterior_options options = {
        .samples = c->samples, .stream = VAE_STREAM_POSTERIOR, .sampled = c->sampled, .with_kl = true};
    const vae_shape shapes[] = {vae_shape_matrix(c->rows * c->samples, c->latent), vae_shape_vector(c->rows),
                                vae_shape_vector(c->rows * c->samples)};
    vae_layout layout = {0};
    vae_program program;
    vae_posterior_outputs outputs;
    vae_tensor posterior, gradients[GRADIENTS];
    vae_device *device;
    vae_store *store;
    vae_executable *executable;
    vae_program_init(&program, "backward", &layout);
    MUST(vae_program_input(&program, "posterior", vae_shape_matrix(c->rows, 2 * c->latent), &posterior));
    MUST(vae_program_gaussian_sample_kl(&program, "sample", posterior, options, &outputs));
    for (int i = 0; i < GRADIENTS; ++i) {
        gradients[i] = VAE_NO_TENSOR;
        if (c->given & 1 << i) MUST(vae_program_input(&program, "gradient", shapes[i], &gradients[i]));
    }
    const vae_tensor d_posterior = append_backward(&program, posterior, gradients);
    vae_program_mark_external(&program, d_posterior);
    MUST(vae_program_plan(&program));
    open_store(backend, 2, &layout, &device, &store);
    MUST(backend->executable_create(device, &program, store, NULL, &executable));
    write_part(backend, executable, &program, posterior, 0, c->rows);
    for (int i = 0; i < GRADIENTS; ++i) {
        if (gradients[i] != VAE_NO_TENSOR) write_part(backend, executable, &program, gradients[i], 0, c->rows);
    }
    MUST(backend->executable_run(executable, &op_step));
    *count = program.tensors[d_posterior].elements;
    double *found = calloc((size_t)*count, sizeof *found);
    MUST(backend->tensor_read(executable, d_posterior, VAE_FLOAT64, found));
    backend->executable_destroy(executable);
    backend->store_destroy(store);
    backend->device_close(device);
    vae_program_free(&program);
    return found;
}

Test(parity_noise, every_choice_of_gradients_reaches_the_posterior)
{
    static const backward_case shapes[] = {
        {1, 1, 1, true, 0}, {5, 7, 1, true, 0}, {7, 8, 3, true, 0}, {67, 33, 2, true, 0}, {5, 12, 2, false, 0}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; ++s) {
        for (int given = 0; given < 1 << GRADIENTS; ++given) {
            backward_case c = shapes[s];
            char name[64];
            int64_t count;
            c.given = given;
            snprintf(name, sizeof name, "%lld x %lld x %lld, gradients %d", (long long)c.rows, (long long)c.samples,
                     (long long)c.latent, given);
            double *expected = run_backward(&vae_backend_reference, &c, &count);
            double *found = run_backward(&VAE_TEST_BACKEND, &c, &count);
            compare_at(0.0, name, "d_posterior", expected, found, count, fp32_tolerance);
            free(expected);
            free(found);
        }
    }
}
