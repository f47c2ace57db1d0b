/* A small model in training on any backend: 96 images of 6x6, batches of 32. */
#ifndef VAE_TESTS_TRAINING_H
#define VAE_TESTS_TRAINING_H

#include "backend/backend.h"
#include "config/config.h"
#include "model/design.h"
#include "ops.h"

enum { TRAIN_IMAGES = 96, TRAIN_SIDE = 6, TRAIN_BATCH = 32, STEPS_PER_EPOCH = TRAIN_IMAGES / TRAIN_BATCH };

typedef struct training {
    uint8_t pixels[TRAIN_IMAGES * TRAIN_SIDE * TRAIN_SIDE];
    vae_design design;
    vae_program program;
    vae_device *device;
    vae_store *store;
    vae_data *data;
    vae_executable *executable;
} training;

static inline vae_config small_config(void)
{
    vae_config config;
    vae_config_defaults(&config);
    config.model.encoder = (vae_layer_list){.layer = {{.size = 33}}, .count = 1};
    config.model.latent.size[0] = 3;
    return config;
}

/* The first failure of what a trainer does to get to its first step; close_training() is due either way. */
static inline vae_status try_open_training(const vae_backend *backend, const vae_device_options *options,
                                           const vae_config *config, training *t)
{
    memset(t, 0, sizeof *t);
    for (int i = 0; i < TRAIN_IMAGES * TRAIN_SIDE * TRAIN_SIDE; ++i) {
        const int pixel = i % (TRAIN_SIDE * TRAIN_SIDE), image = i / (TRAIN_SIDE * TRAIN_SIDE);
        t->pixels[i] = (uint8_t)(127 + 120 * sin(0.1 * pixel * (1 + image % 5)));
    }
    const vae_input input = {
        .height = TRAIN_SIDE, .width = TRAIN_SIDE, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};
    const vae_column images = {
        .values = t->pixels, .dtype = VAE_UINT8, .count = TRAIN_IMAGES, .elements = TRAIN_SIDE * TRAIN_SIDE};
    MUST(vae_design_create(config, &input, &t->design));
    MUST(vae_design_build(&t->design, (vae_build){.role = VAE_ROLE_TRAIN, .rows = TRAIN_BATCH}, &t->program));
    double *parameters = calloc((size_t)t->design.layout.elements, sizeof *parameters);
    vae_layout_initialise(&t->design.layout, 7, parameters);
    vae_status status = backend->device_open(options, &t->device);
    if (!status) status = backend->store_create(t->device, &t->design.layout, true, &t->store);
    if (!status) status = backend->store_write(t->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, parameters);
    if (!status) status = backend->data_create(t->device, &images, &t->data);
    if (!status) status = backend->executable_create(t->device, &t->program, t->store, t->data, &t->executable);
    free(parameters);
    return status;
}

static inline void open_training(const vae_backend *backend, const vae_device_options *options,
                                 const vae_config *config, training *t)
{
    MUST(try_open_training(backend, options, config, t));
}

static inline void close_training(training *t)
{
    if (t->device) {
        const vae_backend *backend = t->device->backend;
        backend->executable_destroy(t->executable);
        backend->data_destroy(t->data);
        backend->store_destroy(t->store);
        backend->device_close(t->device);
    }
    vae_program_free(&t->program);
    vae_design_free(&t->design);
}

static inline vae_step step_number(int s)
{
    return (vae_step){.seed = 7,
                      .step = (uint64_t)s,
                      .epoch = (uint64_t)(s / STEPS_PER_EPOCH),
                      .first = s % STEPS_PER_EPOCH * TRAIN_BATCH,
                      .beta = 0.5,
                      .learning_rate = 1e-3,
                      .adam_step = (uint64_t)s + 1};
}

/* Step s, and its loss. */
static inline double run_step(training *t, int s)
{
    double sums[VAE_METRIC_COUNT];
    const vae_step step = step_number(s);
    MUST(t->device->backend->executable_run(t->executable, &step));
    MUST(t->device->backend->metrics_take(t->executable, sums));
    return (sums[VAE_METRIC_RECONSTRUCTION] + sums[VAE_METRIC_KL]) / TRAIN_BATCH;
}

/* The caller frees. */
static inline double *read_parameters(const training *t)
{
    double *parameters = calloc((size_t)t->design.layout.elements, sizeof *parameters);
    MUST(t->device->backend->store_read(t->store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, parameters));
    return parameters;
}

#endif
