/* Images for a command, in batches: from --input, or of a part of the run's data. */
#include "cli/input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/images.h"
#include "cli/remarks.h"
#include "data/float_column.h"
#include "data/read.h"
#include "data/splits.h"
#include "model/runtime.h"

vae_status vae_cli_input_check(const vae_cli_input_options *options)
{
    if (options->input && options->split) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--input and --split cannot both be given");
    }
    if (!options->input && (options->crop || options->size || options->channels || options->layout)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--crop, --size, --channels and --layout go with --input; the run's "
                                                 "own images are read as in its training");
    }
    return VAE_OK;
}

/* Either a stream, or a part of splits. */
struct vae_cli_input {
    const char *path; /* of --input, borrowed */
    vae_image_stream *stream;
    vae_splits splits;
    const vae_dataset *dataset;
    int64_t done;
    const char *names; /* of the dataset's next image */
    float *pixels;     /* of a batch of the dataset */
    int64_t room;
};

static void shape_of(const vae_model *model, int64_t shape[3])
{
    const vae_model_shape s = vae_model_get_shape(model);
    memcpy(shape, (int64_t[]){s.height, s.width, s.channels}, 3 * sizeof *shape);
}

/* As the run reads its own, but for the keys that are given. */
static vae_status find_read_options(const vae_config *config, const vae_attachment *columns,
                                    const vae_cli_input_options *given, vae_read_options *options)
{
    const struct {
        const char *key, *value;
    } keys[] = {{"crop", given->crop}, {"size", given->size}, {"channels", given->channels}, {"layout", given->layout}};
    vae_config own = *config;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; ++i) {
        if (!keys[i].value) continue;
        const vae_status status = vae_config_assign(&own, "data", keys[i].key, keys[i].value);
        if (status) return vae_error_prepend(VAE_ERROR_ARGUMENT, "--%s", keys[i].key);
    }
    *options = vae_read_options_of(&own);
    options->limit = 0;
    options->columns = columns ? columns->data : NULL;
    options->columns_bytes = columns ? (size_t)columns->size : 0;
    options->cache = config->data.cache; /* the copy ends here */
    return VAE_OK;
}

static vae_status open_stream(const vae_model *model, const vae_cli_input_options *given, const char *path,
                              vae_image_stream **stream)
{
    int64_t shape[3];
    vae_read_options options;
    shape_of(model, shape);
    const vae_attachment *columns = vae_model_attached(model, VAE_ATTACHMENT_COLUMN_NAMES);
    VAE_TRY(find_read_options(vae_model_config(model), columns, given, &options));
    return vae_image_stream_open(path, shape, &options, stream);
}

static vae_status open_split(const vae_model *model, const char *split, vae_cli_input *input)
{
    VAE_TRY(vae_cli_splits_open(model, &input->splits));
    VAE_TRY(vae_cli_choose_split(model, &input->splits, split, &input->dataset));
    input->names = input->dataset->names;
    return VAE_OK;
}

vae_status vae_cli_input_open(const vae_model *model, const vae_cli_input_options *options, vae_cli_input **input)
{
    *input = NULL;
    VAE_TRY(vae_cli_input_check(options));
    vae_cli_input *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "images: out of memory");
    made->path = options->input;
    const vae_status status = options->input ? open_stream(model, options, options->input, &made->stream)
                                             : open_split(model, options->split, made);
    if (status) {
        vae_cli_input_close(made);
        return status;
    }
    *input = made;
    return VAE_OK;
}

int64_t vae_cli_input_count(const vae_cli_input *input)
{
    return input->stream ? vae_image_stream_count(input->stream) : input->dataset->count;
}

void vae_cli_input_close(vae_cli_input *input)
{
    if (!input) return;
    if (input->stream) vae_cli_tell_remarks_of(input->path, vae_image_stream_remarks(input->stream));
    vae_image_stream_free(input->stream);
    vae_splits_free(&input->splits);
    free(input->pixels);
    free(input);
}

static const char *skip_names(const char *names, int64_t count)
{
    for (int64_t i = 0; names && i < count; ++i)
        names += strlen(names) + 1;
    return names;
}

vae_status vae_cli_input_next(vae_cli_input *input, int64_t most, vae_image_batch *batch)
{
    const vae_dataset *dataset = input->dataset;
    if (input->stream) return vae_image_stream_next(input->stream, most, batch);
    const int64_t left = dataset->count - input->done, count = left < most ? left : most;
    if (input->room < count) {
        free(input->pixels);
        input->pixels = malloc((size_t)(count * vae_dataset_elements(dataset)) * sizeof *input->pixels);
        if (!input->pixels) return vae_error_set(VAE_ERROR_MEMORY, "images: out of memory");
        input->room = count;
    }
    for (int64_t i = 0; i < count; ++i)
        vae_cli_dataset_image(dataset, input->done + i, input->pixels + i * vae_dataset_elements(dataset));
    *batch = (vae_image_batch){.count = count,
                               .pixels = input->pixels,
                               .labels = dataset->labels ? dataset->labels + input->done : NULL,
                               .classes = &dataset->classes,
                               .names = input->names};
    input->names = skip_names(input->names, count);
    input->done += count;
    return VAE_OK;
}

/* ---- Some of them ---- */

/* What of the selection is among the images first … first + batch->count - 1. */
static void take_selected(const vae_image_batch *batch, int64_t first, const int64_t *indices, int count,
                          int64_t elements, float *images, const char **names)
{
    for (int i = 0; i < count; ++i) {
        const int64_t at = indices[i] - first;
        if (at < 0 || at >= batch->count) continue;
        memcpy(images + i * elements, batch->pixels + at * elements, (size_t)elements * sizeof *images);
        if (batch->names) names[i] = strdup(skip_names(batch->names, at));
    }
}

static vae_status read_selected(vae_cli_input *input, const int64_t *indices, int count, int64_t elements,
                                float *images, const char **names)
{
    int64_t last = 0, first = 0;
    for (int i = 0; i < count; ++i)
        last = indices[i] > last ? indices[i] : last;
    vae_image_batch batch = {.count = 1};
    while (first <= last && batch.count > 0 && last < vae_cli_input_count(input)) {
        VAE_TRY(vae_cli_input_next(input, VAE_CLI_BATCH, &batch));
        take_selected(&batch, first, indices, count, elements, images, names);
        first += batch.count;
    }
    if (first > last) return VAE_OK;
    const int64_t there = last < vae_cli_input_count(input) ? first : vae_cli_input_count(input);
    return vae_error_set(VAE_ERROR_ARGUMENT, "index %" PRId64 " is past the last image, %" PRId64, last, there - 1);
}

/* One text of them all. */
static vae_status join_names(const char *const *names, int count, char **joined)
{
    size_t size = 1, used = 0;
    for (int i = 0; i < count && names[i]; ++i)
        size += strlen(names[i]) + 1;
    *joined = NULL;
    if (size == 1) return VAE_OK;
    *joined = malloc(size);
    if (!*joined) return vae_error_set(VAE_ERROR_MEMORY, "names: out of memory");
    for (int i = 0; i < count && names[i]; ++i) {
        memcpy(*joined + used, names[i], strlen(names[i]) + 1);
        used += strlen(names[i]) + 1;
    }
    return VAE_OK;
}

vae_status vae_cli_input_select(const vae_model *model, const vae_cli_input_options *options, const int64_t *indices,
                                int count, float *images, char **names)
{
    vae_cli_input *input = NULL;
    const char **each = calloc((size_t)count, sizeof *each);
    if (!each) return vae_error_set(VAE_ERROR_MEMORY, "images: out of memory");
    vae_status status = vae_cli_input_open(model, options, &input);
    if (!status) status = read_selected(input, indices, count, vae_model_get_shape(model).elements, images, each);
    if (!status && names) status = join_names(each, count, names);
    vae_cli_input_close(input);
    for (int i = 0; i < count; ++i)
        free((void *)each[i]);
    free(each);
    return status;
}

vae_status vae_cli_read_picture(const vae_model *model, const vae_cli_input_options *options, const char *path,
                                float *image)
{
    vae_image_stream *stream;
    vae_image_batch batch;
    VAE_TRY(open_stream(model, options, path, &stream));
    vae_status status = vae_image_stream_next(stream, 1, &batch);
    if (!status && vae_image_stream_count(stream) != 1) {
        status = vae_error_set(VAE_ERROR_ARGUMENT, "%s: holds %" PRId64 " images, but one is expected", path,
                               vae_image_stream_count(stream));
    } else if (!status) {
        memcpy(image, batch.pixels, (size_t)vae_model_get_shape(model).elements * sizeof *image);
    }
    vae_cli_tell_remarks_of(path, vae_image_stream_remarks(stream));
    vae_image_stream_free(stream);
    return status;
}

/* ---- All of them ---- */

vae_status vae_cli_read_input(const vae_config *config, const vae_attachment *columns, const int64_t shape[3],
                              const vae_cli_input_options *options, bool binarise, vae_dataset *dataset)
{
    vae_read_options reading;
    VAE_TRY(find_read_options(config, columns, options, &reading));
    VAE_TRY(vae_images_read_fitting(options->input, shape, &reading, dataset));
    vae_cli_tell_remarks_of(options->input, &dataset->remarks);
    vae_status status = vae_float_column_check_range(config, "--input", dataset);
    if (!status && binarise && config->data.binarise == VAE_BINARISE_STATIC) {
        status = vae_dataset_binarise(config, dataset);
    }
    if (status) vae_dataset_free(dataset);
    return status;
}
