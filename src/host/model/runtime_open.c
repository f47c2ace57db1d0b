/* Opens models: a checkpoint on a device, and its programs. */
#include "model/runtime_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/family_keys.h"
#include "core/file.h"

const vae_config *vae_model_config(const vae_model *model)
{
    return &model->checkpoint.design.config;
}

vae_checkpoint *vae_model_checkpoint(vae_model *model)
{
    return &model->checkpoint;
}

const vae_attachment *vae_model_attached(const vae_model *model, const char *name)
{
    return vae_checkpoint_attached(&model->checkpoint, name);
}

vae_status vae_model_vocabulary(const vae_model *model, vae_classes *vocabulary)
{
    return vae_checkpoint_vocabulary(&model->checkpoint, vocabulary);
}

const vae_input *vae_model_input(const vae_model *model)
{
    return &model->checkpoint.design.input;
}

const vae_traits *vae_model_traits(const vae_model *model)
{
    return &model->checkpoint.design.traits;
}

vae_status vae_checkpoint_load_store(const vae_checkpoint *checkpoint, vae_device *device, bool training,
                                     vae_store **store)
{
    const vae_backend *backend = device->backend;
    vae_store *made;
    *store = NULL;
    VAE_TRY(backend->store_create(device, &checkpoint->design.layout, training, &made));
    vae_status status = VAE_OK;
    for (int i = 0; i < VAE_ARENA_COUNT && !status; ++i) {
        const bool wanted = i == VAE_ARENA_PARAMETERS || training;
        if (wanted && checkpoint->arenas[i]) {
            status = backend->store_write(made, (vae_arena)i, checkpoint->dtype, checkpoint->arenas[i]);
        }
    }
    if (status) {
        backend->store_destroy(made);
        return status;
    }
    *store = made;
    return VAE_OK;
}

/* ---- Opening ---- */

static void close_feed(vae_feed *f)
{
    vae_runner_destroy(&f->runner);
    free(f->input_rows);
    free(f->output_rows);
}

vae_status vae_feed_open(vae_model *model, vae_feed *f, vae_role role, const char *input, const char *output)
{
    const vae_instance instance = {&model->checkpoint.design, model->device, model->store};
    VAE_TRY(vae_runner_create(&f->runner, &instance, (vae_build){.role = role, .rows = VAE_MODEL_ROWS}, NULL));
    f->input = input;
    f->output = output;
    f->input_width = vae_runner_columns(&f->runner, input);
    f->output_width = vae_runner_columns(&f->runner, output);
    f->input_rows = calloc((size_t)(VAE_MODEL_ROWS * f->input_width), sizeof *f->input_rows);
    f->output_rows = calloc((size_t)(VAE_MODEL_ROWS * f->output_width), sizeof *f->output_rows);
    return f->input_rows && f->output_rows ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "model: out of memory");
}

/* Programs of sequences depend on their lengths, and are made when these are known. */
static vae_status open_programs(vae_model *model)
{
    if (vae_model_input(model)->kind != VAE_KIND_IMAGE) return VAE_OK;
    const vae_instance instance = {&model->checkpoint.design, model->device, model->store};
    const vae_build builds[] = {{.role = VAE_ROLE_ENCODE, .rows = VAE_MODEL_ROWS},
                                {.role = VAE_ROLE_DECODE, .rows = VAE_MODEL_ROWS}};
    VAE_TRY(vae_instance_reserve(&instance, builds, 2));
    VAE_TRY(vae_feed_open(model, &model->encoder, VAE_ROLE_ENCODE, "x", "code"));
    VAE_TRY(vae_feed_open(model, &model->decoder, VAE_ROLE_DECODE, "z", "mean"));
    if (!model->checkpoint.design.traits.draws_prior) return VAE_OK;
    return vae_feed_open(model, &model->prior, VAE_ROLE_PRIOR, "normals", "z");
}

static vae_status open_device(const vae_model_options *options, vae_device_remarks remarks, vae_device **device)
{
    if (options && options->threads < 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "vae_model_open: threads is %d, but must be 0 (all) or more",
                             options->threads);
    }
    /* Always float32 products: using a model should not depend on how it was trained. */
    const vae_device_options device_options = {
        .threads = options ? options->threads : 0, .precision = VAE_PRECISION_FP32, .remarks = remarks};
    return vae_device_open(options && options->device ? options->device : "auto", &device_options, device);
}

/* A run folder means its best checkpoint, else its last. */
static vae_status resolve(const char *path, char *file, size_t size)
{
    static const char *const candidates[] = {"checkpoints/best.safetensors", "checkpoints/last.safetensors"};
    for (int i = 0; i < 2; ++i) {
        VAE_TRY(vae_path_join(file, size, path, candidates[i]));
        if (vae_path_exists(file)) return VAE_OK;
    }
    return vae_path_join(file, size, "", path);
}

static vae_status open_model(const char *path, const vae_model_options *options, vae_device_remarks remarks,
                             vae_model *model)
{
    char file[VAE_PATH_SIZE];
    VAE_TRY(resolve(path, file, sizeof file));
    VAE_TRY(vae_checkpoint_read(file, &model->checkpoint));
    VAE_TRY(open_device(options, remarks, &model->device));
    VAE_TRY(vae_checkpoint_load_store(&model->checkpoint, model->device, false, &model->store));
    model->log_deviation = vae_checkpoint_log_deviation(&model->checkpoint);
    /* The store holds what is needed of them. */
    for (int i = 0; i < VAE_ARENA_COUNT; ++i) {
        free(model->checkpoint.arenas[i]);
        model->checkpoint.arenas[i] = NULL;
    }
    return open_programs(model);
}

vae_status vae_model_open(const char *path, const vae_model_options *options, vae_model **model)
{
    return vae_model_open_told(path, options, (vae_device_remarks){0}, model);
}

vae_status vae_model_open_told(const char *path, const vae_model_options *options, vae_device_remarks remarks,
                               vae_model **model)
{
    if (model) *model = NULL;
    if (!path || !model) return vae_error_set(VAE_ERROR_ARGUMENT, "vae_model_open: path and model must not be NULL");
    vae_model *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    const vae_status status = open_model(path, options, remarks, made);
    if (status) {
        vae_model_free(made);
        return status;
    }
    *model = made;
    return VAE_OK;
}

void vae_model_free(vae_model *model)
{
    if (!model) return;
    if (model->device) {
        close_feed(&model->encoder);
        close_feed(&model->decoder);
        close_feed(&model->prior);
        close_feed(&model->draw);
        vae_runner_destroy(&model->bound);
        vae_generator_destroy(model->generator);
        if (model->store) model->device->backend->store_destroy(model->store);
        model->device->backend->device_close(model->device);
    }
    vae_checkpoint_free(&model->checkpoint);
    free(model);
}

vae_model_shape vae_model_get_shape(const vae_model *model)
{
    if (!model) return (vae_model_shape){0};
    const vae_design *d = &model->checkpoint.design;
    return (vae_model_shape){
        .height = d->input.height,
        .width = d->input.width,
        .channels = d->input.channels,
        .elements = vae_input_elements(&d->input),
        .latent = d->traits.latent,
        .parameters = vae_layout_parameter_count(&d->layout),
    };
}

vae_model_info vae_model_get_info(const vae_model *model)
{
    if (!model) return (vae_model_info){0};
    const vae_design *d = &model->checkpoint.design;
    const bool rows = d->input.height == 1 && d->input.channels == 1;
    vae_model_info info = {
        .family = vae_family_keys_of(d->config.model.family)->name,
        .kind = VAE_ITEM_PICTURE,
        .rank = 3,
        .size = {d->input.height, d->input.width, d->input.channels},
        .elements = vae_input_elements(&d->input),
        .latent = d->traits.latent,
        .parameters = vae_layout_parameter_count(&d->layout),
        .has_posterior = d->traits.has_posterior,
        .epoch = model->checkpoint.progress.epoch,
    };
    if (d->input.dtype == VAE_UINT8) return info;
    info.kind = VAE_ITEM_NUMBERS;
    if (!rows) return info;
    info.rank = 1;
    info.size[0] = info.elements;
    info.size[1] = info.size[2] = 0;
    return info;
}
