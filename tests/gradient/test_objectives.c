/* What the importance-weighted objectives promise: with one sample they are a VAE with a sampled KL; DReG has the
 * bound's gradient in expectation, by the formula of its paper at any noise, and less variance. */
#include "model/family_vae.h"
#include "training.h"

static vae_config config_of(vae_objective objective, int64_t samples, vae_kl_estimate kl)
{
    vae_config config = small_config();
    vae_vae_keys_edit(&config)->objective = objective;
    config.model.activation = VAE_ACTIVATION_TANH; /* no unit that is dead */
    config.train.samples = samples;
    vae_vae_keys_edit(&config)->kl = kl;
    return config;
}

static double *read_all(const training *t, vae_arena arena)
{
    double *values = calloc((size_t)t->design.layout.elements, sizeof *values);
    MUST(t->device->backend->store_read(t->store, arena, VAE_FLOAT64, values));
    return values;
}

static void run_steps(const training *t, uint64_t first, int steps, double learning_rate)
{
    for (int i = 0; i < steps; ++i) {
        const uint64_t number = first + (uint64_t)i;
        const vae_step step = {.seed = 5,
                               .step = number,
                               .epoch = number / STEPS_PER_EPOCH,
                               .first = (int64_t)(number % STEPS_PER_EPOCH) * TRAIN_BATCH,
                               .beta = 0.8,
                               .learning_rate = learning_rate,
                               .adam_step = number + 1};
        MUST(t->device->backend->executable_run(t->executable, &step));
    }
}

/* ---- One sample ---- */

static double *train(const vae_backend *backend, const vae_config *config)
{
    const vae_device_options options = {.threads = 2, .precision = VAE_PRECISION_FP32};
    training t;
    open_training(backend, &options, config, &t);
    run_steps(&t, 0, 12, 1e-2);
    double *parameters = read_all(&t, VAE_ARENA_PARAMETERS);
    close_training(&t);
    return parameters;
}

Test(objectives, iwae_of_one_sample_is_a_vae_with_a_sampled_kl_to_the_bit)
{
    static const vae_backend *const backends[] = {&vae_backend_reference, &vae_backend_cpu};
    const vae_config vae = config_of(VAE_OBJECTIVE_VAE, 1, VAE_KL_SAMPLED);
    const vae_config iwae = config_of(VAE_OBJECTIVE_IWAE, 1, VAE_KL_EXACT);
    const vae_input input = {
        .height = TRAIN_SIDE, .width = TRAIN_SIDE, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};
    vae_design design;
    MUST(vae_design_create(&vae, &input, &design));
    for (int b = 0; b < 2; ++b) {
        double *first = train(backends[b], &vae), *second = train(backends[b], &iwae);
        cr_assert_eq(memcmp(first, second, (size_t)design.layout.elements * sizeof *first), 0, "%s", backends[b]->name);
        free(first);
        free(second);
    }
    vae_design_free(&design);
}

/* ---- Gradients at many noises ---- */

/* Of the first parameters of a tensor: mean and variance of the gradient over the draws. */
enum { WATCHED = 12, DRAWS = 3000 };

typedef struct moments {
    double mean[WATCHED], variance[WATCHED];
} moments;

/* At parameters that some steps have moved, as weights are nearly equal at the start; the same batch each time. */
static moments gradient_moments(vae_objective objective, int64_t samples, vae_kl_estimate kl, const char *parameter)
{
    const vae_device_options options = {.threads = 1, .precision = VAE_PRECISION_FP32};
    const vae_config start = config_of(VAE_OBJECTIVE_VAE, 1, VAE_KL_EXACT), config = config_of(objective, samples, kl);
    double *parameters = train(&vae_backend_cpu, &start);
    training t;
    moments m = {{0}, {0}};
    open_training(&vae_backend_cpu, &options, &config, &t);
    MUST(t.device->backend->store_write(t.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, parameters));
    const int64_t at = t.design.layout.parameters[vae_layout_find(&t.design.layout, parameter)].offset;
    for (int i = 0; i < DRAWS; ++i) {
        const vae_step step = {.seed = 77, .step = (uint64_t)i, .beta = 1.0, .adam_step = 1};
        MUST(t.device->backend->executable_run(t.executable, &step));
        double *gradients = read_all(&t, VAE_ARENA_GRADIENTS);
        for (int k = 0; k < WATCHED; ++k) {
            m.mean[k] += gradients[at + k] / DRAWS;
            m.variance[k] += gradients[at + k] * gradients[at + k] / DRAWS;
        }
        free(gradients);
    }
    for (int k = 0; k < WATCHED; ++k)
        m.variance[k] -= m.mean[k] * m.mean[k];
    free(parameters);
    close_training(&t);
    return m;
}

static double total(const double values[WATCHED])
{
    double sum = 0;
    for (int k = 0; k < WATCHED; ++k)
        sum += values[k];
    return sum;
}

/* Both have the same noise, which would make their means closer than this asks for, never further apart. */
static void expect_same_mean(const moments *a, const moments *b)
{
    for (int k = 0; k < WATCHED; ++k) {
        const double deviation = sqrt((a->variance[k] + b->variance[k]) / DRAWS);
        cr_assert_leq(fabs(a->mean[k] - b->mean[k]), 4.5 * deviation, "%d: %g and %g, standard error %g", k, a->mean[k],
                      b->mean[k], deviation);
    }
}

Test(objectives, iwae_of_one_sample_is_a_vae_in_expectation)
{
    const moments vae = gradient_moments(VAE_OBJECTIVE_VAE, 1, VAE_KL_EXACT, "posterior.weight");
    const moments iwae = gradient_moments(VAE_OBJECTIVE_IWAE, 1, VAE_KL_EXACT, "posterior.weight");
    expect_same_mean(&vae, &iwae);
    cr_assert_gt(total(iwae.variance), total(vae.variance));
}

Test(objectives, dreg_has_the_mean_of_iwae_for_the_encoder_and_less_variance)
{
    const moments iwae = gradient_moments(VAE_OBJECTIVE_IWAE, 8, VAE_KL_EXACT, "posterior.weight");
    const moments dreg = gradient_moments(VAE_OBJECTIVE_DREG, 8, VAE_KL_EXACT, "posterior.weight");
    expect_same_mean(&iwae, &dreg);
    cr_assert_lt(total(dreg.variance), 0.8 * total(iwae.variance), "variances %g and %g", total(dreg.variance),
                 total(iwae.variance));
}

Test(objectives, dreg_leaves_the_decoder_the_gradient_of_iwae)
{
    const moments iwae = gradient_moments(VAE_OBJECTIVE_IWAE, 4, VAE_KL_EXACT, "output.weight");
    const moments dreg = gradient_moments(VAE_OBJECTIVE_DREG, 4, VAE_KL_EXACT, "output.weight");
    for (int k = 0; k < WATCHED; ++k)
        cr_assert_float_eq(iwae.mean[k], dreg.mean[k], 1e-5 * (fabs(iwae.mean[k]) + 1e-2));
}

/* ---- DReG by its formula ---- */

/* Linear maps, so that all of it can be written down: x [4] → (μ | log σ²) [2 + 2], z [2] → mean [4]. */
enum { BATCH = 3, DRAWN = 3, LATENT = 2, PIXELS = 4 };
#define SIGMA_SQUARE 0.3

typedef struct linear {
    vae_design design;
    vae_program program;
    double *parameters, *gradients;
    double x[BATCH * PIXELS];
} linear;

static const vae_step linear_step = {.seed = 9, .step = 4, .beta = 0.7, .adam_step = 1};

static const double *weights_of(const linear *l, const double *parameters, const char *name)
{
    return parameters + l->design.layout.parameters[vae_layout_find(&l->design.layout, name)].offset;
}

static void encode(const linear *l, const double *parameters, int row, double posterior[2 * LATENT])
{
    const double *weight = weights_of(l, parameters, "posterior.weight");
    for (int j = 0; j < 2 * LATENT; ++j) {
        posterior[j] = weights_of(l, parameters, "posterior.bias")[j];
        for (int i = 0; i < PIXELS; ++i)
            posterior[j] += l->x[row * PIXELS + i] * weight[i * 2 * LATENT + j];
    }
}

/* log w of a sample whose z comes from one set of parameters, and whose densities from another. */
static double log_weight(const linear *l, const double *from, const double *under, int row, int sample)
{
    double a[2 * LATENT], q[2 * LATENT], z[LATENT], result = 0;
    encode(l, from, row, a);
    encode(l, under, row, q);
    for (int j = 0; j < LATENT; ++j) {
        const uint64_t element = (uint64_t)((row * DRAWN + sample) * LATENT + j);
        double normal[4];
        vae_random_normal4(linear_step.seed, VAE_STREAM_POSTERIOR, linear_step.step, element / 4, normal);
        z[j] = a[j] + exp(0.5 * a[LATENT + j]) * normal[element % 4];
        const double off = z[j] - q[j];
        result += linear_step.beta * 0.5 * (off * off * exp(-q[LATENT + j]) + q[LATENT + j] - z[j] * z[j]);
    }
    for (int i = 0; i < PIXELS; ++i) {
        double mean = weights_of(l, under, "output.bias")[i];
        for (int j = 0; j < LATENT; ++j)
            mean += z[j] * weights_of(l, under, "output.weight")[j * PIXELS + i];
        const double off = l->x[row * PIXELS + i] - mean;
        result -= 0.5 * (off * off / SIGMA_SQUARE + log(2 * M_PI * SIGMA_SQUARE));
    }
    return result;
}

static void shares_of(const linear *l, int row, double share[DRAWN])
{
    double sum = 0;
    for (int k = 0; k < DRAWN; ++k)
        sum += share[k] = exp(log_weight(l, l->parameters, l->parameters, row, k));
    for (int k = 0; k < DRAWN; ++k)
        share[k] /= sum;
}

/* Whose gradient by the parameters that z comes from is minus the encoder's of equation 8: Σ w̃²·log w, w̃ held. */
static double encoder_surrogate(const linear *l, const double *from)
{
    double sum = 0;
    for (int row = 0; row < BATCH; ++row) {
        double share[DRAWN];
        shares_of(l, row, share);
        for (int k = 0; k < DRAWN; ++k)
            sum -= share[k] * share[k] * log_weight(l, from, l->parameters, row, k) / BATCH;
    }
    return sum;
}

/* The bound's own, where z is held: Σ w̃·log w. */
static double decoder_surrogate(const linear *l, const double *under)
{
    double sum = 0;
    for (int row = 0; row < BATCH; ++row) {
        double share[DRAWN];
        shares_of(l, row, share);
        for (int k = 0; k < DRAWN; ++k)
            sum -= share[k] * log_weight(l, l->parameters, under, row, k) / BATCH;
    }
    return sum;
}

static void run_linear(linear *l)
{
    vae_config config = config_of(VAE_OBJECTIVE_DREG, DRAWN, VAE_KL_EXACT);
    config.model.encoder.count = 0;
    config.model.latent.size[0] = LATENT;
    config.model.likelihood = VAE_LIKELIHOOD_GAUSSIAN;
    config.model.variance = SIGMA_SQUARE;
    const uint8_t pixels[BATCH * PIXELS] = {10, 200, 30, 90, 250, 14, 60, 77, 128, 5, 190, 33};
    const vae_input input = {.height = 2, .width = 2, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};
    const vae_column images = {.values = pixels, .dtype = VAE_UINT8, .count = BATCH, .elements = PIXELS};
    const vae_device_options options = {.threads = 1};
    const vae_backend *b = &vae_backend_reference;
    vae_device *device;
    vae_store *store;
    vae_data *data;
    vae_executable *executable;
    *l = (linear){0};
    MUST(vae_design_create(&config, &input, &l->design));
    MUST(vae_design_build(&l->design, (vae_build){.role = VAE_ROLE_TRAIN, .rows = BATCH}, &l->program));
    l->parameters = calloc((size_t)l->design.layout.elements, sizeof *l->parameters);
    l->gradients = calloc((size_t)l->design.layout.elements, sizeof *l->gradients);
    vae_layout_initialise(&l->design.layout, 3, l->parameters);
    MUST(b->device_open(&options, &device));
    MUST(b->store_create(device, &l->design.layout, true, &store));
    MUST(b->store_write(store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, l->parameters));
    MUST(b->data_create(device, &images, &data));
    MUST(b->executable_create(device, &l->program, store, data, &executable));
    MUST(b->executable_run(executable, &linear_step));
    MUST(b->store_read(store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, l->gradients));
    MUST(b->tensor_read(executable, vae_program_find(&l->program, "x"), VAE_FLOAT64, l->x));
    b->executable_destroy(executable);
    b->data_destroy(data);
    b->store_destroy(store);
    b->device_close(device);
}

Test(objectives, dreg_is_its_formula_at_any_noise)
{
    linear l;
    run_linear(&l);
    for (int32_t t = 0; t < l.design.layout.count; ++t) {
        const vae_parameter *parameter = &l.design.layout.parameters[t];
        const bool encoder = strncmp(parameter->name, "posterior", 9) == 0;
        for (int64_t i = parameter->offset; i < parameter->offset + vae_shape_elements(&parameter->shape); ++i) {
            const double h = 1e-4;
            double at[2];
            for (int side = 0; side < 2; ++side) {
                double *moved = calloc((size_t)l.design.layout.elements, sizeof *moved);
                memcpy(moved, l.parameters, (size_t)l.design.layout.elements * sizeof *moved);
                moved[i] += side ? -h : h;
                at[side] = encoder ? encoder_surrogate(&l, moved) : decoder_surrogate(&l, moved);
                free(moved);
            }
            const double expected = (at[0] - at[1]) / (2 * h);
            cr_assert_float_eq(l.gradients[i], expected, 1e-6 * (fabs(expected) + 1e-2), "%s: %.10g, not %.10g",
                               parameter->name, l.gradients[i], expected);
        }
    }
    free(l.parameters);
    free(l.gradients);
    vae_program_free(&l.program);
    vae_design_free(&l.design);
}
