/* Whole objectives in `reference`: the gradients of every parameter tensor against central differences of the loss. */
#include "config/config.h"
#include "model/design.h"
#include "model/family_vae.h"
#include "ops.h"

enum { ROWS = 5, HEIGHT = 3, WIDTH = 4, ELEMENTS = HEIGHT * WIDTH };

typedef struct model_case {
    const char *name;
    vae_objective objective;
    vae_likelihood likelihood;
    vae_activation activation;
    const char *layers;
    vae_binarise binarise;
    const char *set[3]; /* further keys, "train.samples=3" */
} model_case;

static const model_case cases[] = {
    {"vae bernoulli tanh",
     VAE_OBJECTIVE_VAE,
     VAE_LIKELIHOOD_BERNOULLI,
     VAE_ACTIVATION_TANH,
     "7",
     VAE_BINARISE_NONE,
     {0}},
    {"vae bernoulli gelu, two layers",
     VAE_OBJECTIVE_VAE,
     VAE_LIKELIHOOD_BERNOULLI,
     VAE_ACTIVATION_GELU,
     "7, 6",
     VAE_BINARISE_DYNAMIC,
     {0}},
    {"vae gaussian silu", VAE_OBJECTIVE_VAE, VAE_LIKELIHOOD_GAUSSIAN, VAE_ACTIVATION_SILU, "7", VAE_BINARISE_NONE, {0}},
    {"vae gaussian linear",
     VAE_OBJECTIVE_VAE,
     VAE_LIKELIHOOD_GAUSSIAN,
     VAE_ACTIVATION_IDENTITY,
     "none",
     VAE_BINARISE_NONE,
     {0}},
    {"ae mse softplus", VAE_OBJECTIVE_AE, VAE_LIKELIHOOD_MSE, VAE_ACTIVATION_SOFTPLUS, "7, 6", VAE_BINARISE_NONE, {0}},
    {"ae bernoulli sigmoid",
     VAE_OBJECTIVE_AE,
     VAE_LIKELIHOOD_BERNOULLI,
     VAE_ACTIVATION_SIGMOID,
     "7",
     VAE_BINARISE_NONE,
     {0}},
    {"convolutions",
     VAE_OBJECTIVE_VAE,
     VAE_LIKELIHOOD_GAUSSIAN,
     VAE_ACTIVATION_TANH,
     "conv 3 k2 p0, conv 4 k2 p1, 5",
     VAE_BINARISE_NONE,
     {0}},
    {"convolutions to the end",
     VAE_OBJECTIVE_VAE,
     VAE_LIKELIHOOD_BERNOULLI,
     VAE_ACTIVATION_SILU,
     "conv 3 k3",
     VAE_BINARISE_NONE,
     {0}},
    {"norms, a residual block, dropout",
     VAE_OBJECTIVE_VAE,
     VAE_LIKELIHOOD_GAUSSIAN,
     VAE_ACTIVATION_TANH,
     "conv 4 k3 batch_norm, residual layer_norm, dropout 0.3, 6 batch_norm, residual",
     VAE_BINARISE_NONE,
     {0}},
    {"vae shared variance tanh",
     VAE_OBJECTIVE_VAE,
     VAE_LIKELIHOOD_GAUSSIAN_SHARED,
     VAE_ACTIVATION_TANH,
     "7",
     VAE_BINARISE_NONE,
     {0}},
    {"vae variance of each pixel silu",
     VAE_OBJECTIVE_VAE,
     VAE_LIKELIHOOD_GAUSSIAN_PIXEL,
     VAE_ACTIVATION_SILU,
     "7",
     VAE_BINARISE_NONE,
     {0}},
    {"ae continuous bernoulli tanh",
     VAE_OBJECTIVE_AE,
     VAE_LIKELIHOOD_CONTINUOUS_BERNOULLI,
     VAE_ACTIVATION_TANH,
     "7",
     VAE_BINARISE_NONE,
     {0}},
    {"vae logistic mixture gelu",
     VAE_OBJECTIVE_VAE,
     VAE_LIKELIHOOD_LOGISTIC_MIXTURE,
     VAE_ACTIVATION_GELU,
     "7",
     VAE_BINARISE_NONE,
     {0}},
    {"kl tanh", VAE_OBJECTIVE_KL, VAE_LIKELIHOOD_BERNOULLI, VAE_ACTIVATION_TANH, "7", VAE_BINARISE_NONE, {0}},
#define LANGUAGE(name, objective, ...)                                                                                 \
    {                                                                                                                  \
        name, VAE_OBJECTIVE_##objective, VAE_LIKELIHOOD_BERNOULLI, VAE_ACTIVATION_TANH, "7", VAE_BINARISE_NONE,        \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
    LANGUAGE("vae of 3 samples", VAE, "train.samples=3"),
    LANGUAGE("vae, sampled KL", VAE, "model.kl=sampled", "train.samples=2"),
    LANGUAGE("vae, KL above its floor", VAE, "train.kl_floor=0.001"),
    LANGUAGE("vae, KL below its floor", VAE, "train.kl_floor=50"),
    LANGUAGE("vae, sampled KL above its floor", VAE, "train.kl_floor=0.001", "model.kl=sampled", "train.samples=2"),
    LANGUAGE("vae, free bits", VAE, "train.free_bits=0.043", "train.samples=2"),
    LANGUAGE("kl, free bits", KL, "train.free_bits=0.043"),
    LANGUAGE("kl, sampled", KL, "model.kl=sampled"),
    LANGUAGE("iwae of 1", IWAE, "train.samples=1"),
    LANGUAGE("iwae of 4", IWAE, "train.samples=4"),
    LANGUAGE("vae, planar flow", VAE, "model.posterior=planar", "model.flow_length=2"),
    LANGUAGE("iwae, planar flow", IWAE, "model.posterior=planar", "model.flow_length=3", "train.samples=3"),
    LANGUAGE("vae, two stochastic layers", VAE, "model.latent=3, 2", "model.latent_layers=4"),
    LANGUAGE("iwae, three stochastic layers", IWAE, "model.latent=3, 2, 2", "model.latent_layers=none",
             "train.samples=2"),
    LANGUAGE("vae, Student-t prior", VAE, "model.family=student_prior", "model.prior_freedom=2.5", "train.samples=2"),
#undef LANGUAGE
};

static const vae_step step = {.seed = 3, .step = 17, .epoch = 2, .first = 1, .beta = 0.7, .adam_step = 1};

typedef struct model_run {
    vae_design design;
    vae_program program;
    vae_device *device;
    vae_store *store;
    vae_data *data;
    vae_executable *executable;
    vae_tensor held; /* what kl_floor or free_bits make of the KL, or VAE_NO_TENSOR */
    double *parameters;
    uint8_t pixels[8 * ELEMENTS];
} model_run;

/* The loss of a KL that is held up shows in no metric: its term is read. */
static void build_program(model_run *m)
{
    const vae_build build = {.role = VAE_ROLE_TRAIN, .rows = ROWS};
    const vae_config *config = &m->design.config;
    m->held = VAE_NO_TENSOR;
    if (config->train.kl_floor == 0 && config->train.free_bits == 0) {
        MUST(vae_design_build(&m->design, build, &m->program));
        return;
    }
    vae_program_init(&m->program, "train", &m->design.layout);
    MUST(m->design.family->build(&m->design, &build, &m->program));
    m->held = vae_program_find(&m->program, "kl_held");
    cr_assert_neq(m->held, VAE_NO_TENSOR);
    vae_program_mark_external(&m->program, m->held);
    MUST(vae_program_plan(&m->program));
}

static void open_model(const model_case *c, model_run *m)
{
    vae_config config;
    memset(m, 0, sizeof *m);
    vae_config_defaults(&config);
    vae_vae_keys_edit(&config)->objective = c->objective;
    config.model.likelihood = c->likelihood;
    config.model.activation = c->activation;
    MUST(vae_layers_parse(c->layers, &config.model.encoder));
    config.model.latent.size[0] = 3;
    config.model.variance = 0.3;
    config.data.binarise = c->binarise;
    for (int i = 0; i < 3 && c->set[i]; ++i)
        MUST(vae_config_set(&config, c->set[i]));
    const vae_input input =
        (vae_input){.height = HEIGHT, .width = WIDTH, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};
    for (size_t i = 0; i < sizeof m->pixels; ++i)
        m->pixels[i] = (uint8_t)(i * 37 % 256);
    MUST(vae_design_create(&config, &input, &m->design));
    build_program(m);
    const vae_backend *b = &vae_backend_reference;
    const vae_device_options options = {.threads = 1};
    const vae_column images = {.values = m->pixels, .dtype = VAE_UINT8, .count = 8, .elements = ELEMENTS};
    MUST(b->device_open(&options, &m->device));
    MUST(b->store_create(m->device, &m->design.layout, true, &m->store));
    MUST(b->data_create(m->device, &images, &m->data));
    MUST(b->executable_create(m->device, &m->program, m->store, m->data, &m->executable));
    m->parameters = calloc((size_t)m->design.layout.elements, sizeof *m->parameters);
    vae_layout_initialise(&m->design.layout, 5, m->parameters);
}

static void close_model(model_run *m)
{
    const vae_backend *b = &vae_backend_reference;
    b->executable_destroy(m->executable);
    b->data_destroy(m->data);
    b->store_destroy(m->store);
    b->device_close(m->device);
    vae_program_free(&m->program);
    vae_design_free(&m->design);
    free(m->parameters);
}

/* learning_rate is 0, so the run's adam changes nothing that is not written again. */
static double loss(model_run *m)
{
    const vae_backend *b = &vae_backend_reference;
    double held[8] = {0}, kl = 0.0;
    double sums[VAE_METRIC_COUNT];
    MUST(b->store_write(m->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, m->parameters));
    MUST(b->executable_run(m->executable, &step));
    MUST(b->metrics_take(m->executable, sums));
    cr_assert_eq(sums[VAE_METRIC_ROWS], (double)ROWS);
    if (vae_vae_keys_edit(&m->design.config)->objective == VAE_OBJECTIVE_IWAE) return sums[VAE_METRIC_BOUND] / ROWS;
    const double reconstruction =
        vae_vae_keys_edit(&m->design.config)->objective == VAE_OBJECTIVE_KL ? 0.0 : sums[VAE_METRIC_RECONSTRUCTION];
    if (m->held == VAE_NO_TENSOR) return (reconstruction + step.beta * sums[VAE_METRIC_KL]) / ROWS;
    MUST(b->tensor_read(m->executable, m->held, VAE_FLOAT64, held));
    for (int i = 0; i < 8; ++i)
        kl += held[i];
    return reconstruction / ROWS + step.beta * kl;
}

static double difference(model_run *m, int64_t index)
{
    const double h = 1e-3, kept = m->parameters[index];
    double at[4];
    const double offsets[] = {h, -h, h / 2, -h / 2};
    for (int i = 0; i < 4; ++i) {
        m->parameters[index] = kept + offsets[i];
        at[i] = loss(m);
    }
    m->parameters[index] = kept;
    return (4 * (at[2] - at[3]) / h - (at[0] - at[1]) / (2 * h)) / 3;
}

static void check_model(const model_case *c)
{
    model_run m;
    open_model(c, &m);
    loss(&m);
    double *gradients = calloc((size_t)m.design.layout.elements, sizeof *gradients), scale = 0.0;
    MUST(vae_backend_reference.store_read(m.store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, gradients));
    for (int64_t i = 0; i < m.design.layout.elements; ++i)
        scale = fmax(scale, fabs(gradients[i]));
    cr_assert_gt(scale, 0.0, "%s: every gradient is zero", c->name);
    for (int32_t t = 0; t < m.design.layout.count; ++t) {
        if (m.design.layout.parameters[t].offset >= m.design.layout.trained_elements) continue; /* a statistic */
        for (int64_t k = 0; k < vae_shape_elements(&m.design.layout.parameters[t].shape); ++k) {
            const int64_t index = m.design.layout.parameters[t].offset + k;
            const double expected = difference(&m, index);
            const double error = fabs(gradients[index] - expected) / (fabs(expected) + 1e-3 * scale);
            cr_assert_leq(error, 1e-6, "%s: %s[%lld]: gradient %.12g, differences %.12g", c->name,
                          m.design.layout.parameters[t].name, (long long)k, gradients[index], expected);
        }
    }
    free(gradients);
    close_model(&m);
}

Test(gradient_models, every_objective)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
        check_model(&cases[i]);
}
