/* An open model: a checkpoint on a device, and two programs that are fed a fixed number of rows at a time. */
#include "model/runtime.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/random.h"
#include "model/runner.h"

/* Every batch has this many rows, the last one padded: a row's result then never depends on how many came with it. */
enum { CHUNK_ROWS = 256 };

/* One program that the host feeds, with room for a batch of its input and output. */
typedef struct feed {
    vae_runner runner;
    const char *input, *output; /* ports */
    int64_t input_width, output_width;
    float *input_rows, *output_rows; /* [CHUNK_ROWS, width] */
} feed;

struct vae_model {
    vae_checkpoint checkpoint;
    vae_device *device;
    vae_store *store;
    feed encoder, decoder;
    feed prior; /* from normals to codes; not open where p(z) is the standard normal */
};

const vae_config *vae_model_config(const vae_model *model)
{
    return &model->checkpoint.design.config;
}

vae_checkpoint *vae_model_checkpoint(vae_model *model)
{
    return &model->checkpoint;
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

static void close_feed(feed *f)
{
    vae_runner_destroy(&f->runner);
    free(f->input_rows);
    free(f->output_rows);
}

static vae_status open_feed(vae_model *model, feed *f, vae_role role, const char *input, const char *output)
{
    const vae_instance instance = {&model->checkpoint.design, model->device, model->store};
    VAE_TRY(vae_runner_create(&f->runner, &instance, (vae_build){role, CHUNK_ROWS, 0}, NULL));
    f->input = input;
    f->output = output;
    f->input_width = vae_runner_columns(&f->runner, input);
    f->output_width = vae_runner_columns(&f->runner, output);
    f->input_rows = calloc((size_t)(CHUNK_ROWS * f->input_width), sizeof *f->input_rows);
    f->output_rows = calloc((size_t)(CHUNK_ROWS * f->output_width), sizeof *f->output_rows);
    return f->input_rows && f->output_rows ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "model: out of memory");
}

static vae_status open_programs(vae_model *model)
{
    const vae_instance instance = {&model->checkpoint.design, model->device, model->store};
    const vae_build builds[] = {{VAE_ROLE_ENCODE, CHUNK_ROWS, 0}, {VAE_ROLE_DECODE, CHUNK_ROWS, 0}};
    VAE_TRY(vae_instance_reserve(&instance, builds, 2));
    VAE_TRY(open_feed(model, &model->encoder, VAE_ROLE_ENCODE, "x", "code"));
    VAE_TRY(open_feed(model, &model->decoder, VAE_ROLE_DECODE, "z", "mean"));
    if (!model->checkpoint.design.traits.draws_prior) return VAE_OK;
    return open_feed(model, &model->prior, VAE_ROLE_PRIOR, "normals", "z");
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
        if (model->store) model->device->backend->store_destroy(model->store);
        model->device->backend->device_close(model->device);
    }
    vae_checkpoint_free(&model->checkpoint);
    free(model);
}

vae_model_shape vae_model_get_shape(const vae_model *model)
{
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

/* ---- Using ---- */

static vae_status check_arguments(const char *call, const vae_model *model, const float *input, int64_t count,
                                  int64_t width, const float *output)
{
    if (!model || !input || !output) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: model, input and output must not be NULL", call);
    }
    if (count < 1 || count > INT64_MAX / (int64_t)sizeof *input / width) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: count is %lld, but must be at least 1 and fit in memory", call,
                             (long long)count);
    }
    return VAE_OK;
}

/* `first` is the number of the first of these rows among the caller's. */
static vae_status check_finite(const char *call, const char *what, const float *values, int64_t first, int64_t rows,
                               int64_t width)
{
    for (int64_t i = 0; i < rows * width; ++i) {
        if (isfinite(values[i])) continue;
        return vae_error_set(VAE_ERROR_NUMERIC, "%s: row %lld of the %s holds a number that is not finite", call,
                             (long long)(first + i / width), what);
    }
    return VAE_OK;
}

/* Runs f->input_rows, of which `rows` are the caller's, from `first` on; the noise-free programs need no step. */
static vae_status run_feed(const char *call, feed *f, int64_t first, int64_t rows)
{
    const vae_step step = {0};
    VAE_TRY(vae_runner_write(&f->runner, f->input, f->input_rows));
    VAE_TRY(vae_runner_run(&f->runner, &step));
    VAE_TRY(vae_runner_read(&f->runner, f->output, f->output_rows));
    return check_finite(call, "result", f->output_rows, first, rows, f->output_width);
}

/* [rows, elements] from [0, 1] to the scale the model was trained on. */
static void fill_encoder(vae_model *model, const float *images, int64_t rows)
{
    feed *f = &model->encoder;
    const float scale = (float)(model->checkpoint.design.input.scale * 255.0),
                shift = (float)model->checkpoint.design.input.shift;
    memset(f->input_rows, 0, (size_t)(CHUNK_ROWS * f->input_width) * sizeof *f->input_rows);
    for (int64_t i = 0; i < rows * f->input_width; ++i)
        f->input_rows[i] = images[i] * scale + shift;
}

static void take_posterior(const vae_model *model, int64_t rows, float *mean, float *log_variance)
{
    const feed *f = &model->encoder;
    const int64_t latent = model->checkpoint.design.traits.latent;
    for (int64_t r = 0; r < rows; ++r) {
        const float *row = f->output_rows + r * f->output_width;
        memcpy(mean + r * latent, row, (size_t)latent * sizeof *mean);
        for (int64_t j = 0; log_variance && j < latent; ++j) {
            log_variance[r * latent + j] = f->output_width == latent ? -INFINITY : row[latent + j];
        }
    }
}

vae_status vae_model_encode(vae_model *model, const float *images, int64_t count, float *mean, float *log_variance)
{
    static const char call[] = "vae_model_encode";
    VAE_TRY(check_arguments(call, model, images, count, model ? model->encoder.input_width : 1, mean));
    const int64_t elements = model->encoder.input_width, latent = model->checkpoint.design.traits.latent;
    for (int64_t first = 0; first < count; first += CHUNK_ROWS) {
        const int64_t rows = count - first < CHUNK_ROWS ? count - first : CHUNK_ROWS;
        VAE_TRY(check_finite(call, "input", images + first * elements, first, rows, elements));
        fill_encoder(model, images + first * elements, rows);
        VAE_TRY(run_feed(call, &model->encoder, first, rows));
        take_posterior(model, rows, mean + first * latent, log_variance ? log_variance + first * latent : NULL);
    }
    return VAE_OK;
}

static void take_images(const vae_model *model, int64_t rows, float *images)
{
    const feed *f = &model->decoder;
    const float scale = (float)(1.0 / (model->checkpoint.design.input.scale * 255.0));
    const float shift = (float)model->checkpoint.design.input.shift;
    const bool levels = model->checkpoint.design.input.dtype == VAE_UINT8;
    for (int64_t i = 0; i < rows * f->output_width; ++i) {
        const float value = (f->output_rows[i] - shift) * scale;
        images[i] = !levels ? value : value < 0.0f ? 0.0f : (value > 1.0f ? 1.0f : value);
    }
}

vae_status vae_model_decode(vae_model *model, const float *codes, int64_t count, float *images)
{
    static const char call[] = "vae_model_decode";
    VAE_TRY(check_arguments(call, model, codes, count, model ? model->decoder.input_width : 1, images));
    feed *f = &model->decoder;
    for (int64_t first = 0; first < count; first += CHUNK_ROWS) {
        const int64_t rows = count - first < CHUNK_ROWS ? count - first : CHUNK_ROWS;
        VAE_TRY(check_finite(call, "input", codes + first * f->input_width, first, rows, f->input_width));
        memset(f->input_rows, 0, (size_t)(CHUNK_ROWS * f->input_width) * sizeof *f->input_rows);
        memcpy(f->input_rows, codes + first * f->input_width, (size_t)(rows * f->input_width) * sizeof *codes);
        VAE_TRY(run_feed(call, f, first, rows));
        take_images(model, rows, images + first * f->output_width);
    }
    return VAE_OK;
}

vae_status vae_model_sample_prior(vae_model *model, uint64_t seed, double temperature, int64_t count, float *codes)
{
    return vae_model_sample_prior_from(model, seed, temperature, 0, count, codes);
}

/* Rows first … first + count - 1 of [∞, width] normals times the temperature. */
static void fill_normals(uint64_t seed, double temperature, int64_t first, int64_t count, int64_t width, float *values)
{
    const int64_t begin = first * width, end = (first + count) * width;
    for (int64_t four = begin / 4 * 4; four < end; four += 4) {
        double normal[4];
        vae_random_normal4(seed, VAE_STREAM_PRIOR, 0, (uint64_t)four / 4, normal);
        for (int64_t i = four < begin ? begin : four; i < four + 4 && i < end; ++i)
            values[i - begin] = (float)(temperature * normal[i % 4]);
    }
}

/* Draws of every stochastic layer, from the last to the first. */
static vae_status sample_layers(const char *call, vae_model *model, uint64_t seed, double temperature, int64_t first,
                                int64_t count, float *codes)
{
    feed *f = &model->prior;
    for (int64_t done = 0; done < count; done += CHUNK_ROWS) {
        const int64_t rows = count - done < CHUNK_ROWS ? count - done : CHUNK_ROWS;
        memset(f->input_rows, 0, (size_t)(CHUNK_ROWS * f->input_width) * sizeof *f->input_rows);
        fill_normals(seed, temperature, first + done, rows, f->input_width, f->input_rows);
        VAE_TRY(run_feed(call, f, first + done, rows));
        memcpy(codes + done * f->output_width, f->output_rows, (size_t)(rows * f->output_width) * sizeof *codes);
    }
    return VAE_OK;
}

vae_status vae_model_sample_prior_from(vae_model *model, uint64_t seed, double temperature, int64_t first,
                                       int64_t count, float *codes)
{
    static const char call[] = "vae_model_sample_prior";
    VAE_TRY(check_arguments(call, model, codes, count, model ? model->decoder.input_width : 1, codes));
    if (!(temperature >= 0 && temperature <= FLT_MAX)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: temperature is %g, but must be finite and not negative", call,
                             temperature);
    }
    if (model->prior.runner.executable) return sample_layers(call, model, seed, temperature, first, count, codes);
    fill_normals(seed, temperature, first, count, model->checkpoint.design.traits.latent, codes);
    return VAE_OK;
}
