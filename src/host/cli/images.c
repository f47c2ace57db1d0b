/* Opens a run's data as a command wants it, encodes images batch by batch, and writes codes and images as arrays or
 * tables. */
#include "cli/images.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/array_writer.h"
#include "cli/image_array.h"
#include "cli/kind_words.h"
#include "cli/remarks.h"
#include "core/file.h"
#include "data/read.h"
#include "data/splits.h"
#include "model/runtime_sequences.h"

/* Rows of numbers, below a header or not. */
static vae_status read_table(const char *path, vae_npy_array *array)
{
    const vae_read_options options = {.store = VAE_STORE_FLOAT32, .storage = VAE_STORAGE_MEMORY};
    vae_dataset rows;
    VAE_TRY(vae_images_read(path, &options, &rows));
    const int64_t columns = vae_dataset_elements(&rows);
    *array = (vae_npy_array){.rank = 2, .sizes = {rows.count, columns}, .count = rows.count * columns};
    array->values = malloc((size_t)array->count * sizeof *array->values);
    if (array->values) vae_dataset_read(&rows, 0, rows.count, array->values);
    vae_dataset_free(&rows);
    return array->values ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
}

vae_status vae_cli_read_array(const char *path, vae_npy_array *array)
{
    *array = (vae_npy_array){0};
    if (!vae_path_exists(path)) return vae_error_set(VAE_ERROR_CONFIG, "%s: no such file", path);
    if (vae_cli_file_kind(path, VAE_FILE_CSV)) return read_table(path, array);
    return vae_npy_read_float32(path, array);
}

vae_status vae_cli_splits_open(const vae_model *model, vae_splits *splits)
{
    vae_config config = *vae_model_config(model);
    config.data.binarise = VAE_BINARISE_NONE;
    vae_classes vocabulary;
    VAE_TRY(vae_model_vocabulary(model, &vocabulary));
    const vae_status status = vae_splits_open_known(&config, &vocabulary, splits);
    vae_classes_free(&vocabulary);
    if (!status) vae_cli_tell_note(splits);
    return status;
}

vae_status vae_cli_check_shape(const vae_model *model, const vae_dataset *dataset)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    if (dataset->height == shape.height && dataset->width == shape.width && dataset->channels == shape.channels) {
        return VAE_OK;
    }
    return vae_error_set(VAE_ERROR_SHAPE,
                         "images of %" PRId64 "x%" PRId64 "x%" PRId64 " do not fit a model of %" PRId64 "x%" PRId64
                         "x%" PRId64,
                         dataset->height, dataset->width, dataset->channels, shape.height, shape.width, shape.channels);
}

/* In the order in which they stand in for each other. */
enum { TEST, VALIDATION, TRAIN, SPLITS };

static const char *const split_names[SPLITS] = {"test", "validation", "train"};

/* The split of that name, or SPLITS where there is none. */
static int find_split(const char *split)
{
    int found = 0;
    while (found < SPLITS && strcmp(split, split_names[found]) != 0)
        ++found;
    return found;
}

/* The test items or, with a warning, what has to do where there are none. */
static int choose_default(const vae_dataset *const parts[SPLITS], const char *items)
{
    int chosen = TEST;
    while (chosen < TRAIN && parts[chosen]->count == 0)
        ++chosen;
    if (chosen != TEST) {
        vae_cli_warn("the run has no test %s; these are its %s %s", items, chosen == TRAIN ? "training" : "validation",
                     items);
    }
    return chosen;
}

vae_status vae_cli_find_split(const vae_splits *splits, const char *split, const vae_dataset **dataset,
                              const char **name)
{
    const vae_dataset *const parts[SPLITS] = {&splits->test, &splits->validation, &splits->train};
    const char *items = vae_kind_words_of(splits->train.kind)->items;
    const int chosen = split ? find_split(split) : choose_default(parts, items);
    if (chosen == SPLITS) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--split: '%s' is not one of test, validation, train", split);
    }
    *dataset = parts[chosen];
    if (name) *name = split_names[chosen];
    if ((*dataset)->count > 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_CONFIG, "--split: the run has no %s %s", split_names[chosen], items);
}

vae_status vae_cli_choose_split(const vae_model *model, const vae_splits *splits, const char *split,
                                const vae_dataset **dataset)
{
    VAE_TRY(vae_cli_find_split(splits, split, dataset, NULL));
    return vae_cli_check_shape(model, *dataset);
}

static vae_status past_the_end(int64_t index, int64_t count)
{
    return vae_error_set(VAE_ERROR_ARGUMENT, "index %" PRId64 " is past the last image, %" PRId64, index, count - 1);
}

void vae_cli_dataset_image(const vae_dataset *dataset, int64_t index, float *image)
{
    vae_dataset_read(dataset, index, 1, image);
}

vae_status vae_cli_encode_selected(vae_model *model, const vae_dataset *dataset, const int64_t *indices, int count,
                                   float *codes)
{
    const int64_t elements = vae_dataset_elements(dataset);
    float *selected = calloc((size_t)(count * elements), sizeof *selected);
    if (!selected) return vae_error_set(VAE_ERROR_MEMORY, "images: out of memory");
    vae_status status = VAE_OK;
    for (int i = 0; i < count && !status; ++i) {
        if (indices[i] >= dataset->count) status = past_the_end(indices[i], dataset->count);
        if (!status) vae_cli_dataset_image(dataset, indices[i], selected + i * elements);
    }
    if (!status) status = vae_model_encode(model, selected, count, codes, NULL);
    free(selected);
    return status;
}

/* ---- Whole data sets, in batches ---- */

/* Left to right; images [lines, width, channels]. */
static void mirror(float *images, int64_t lines, int64_t width, int64_t channels)
{
    for (int64_t line = 0; line < lines; ++line) {
        float *pixels = images + line * width * channels;
        for (int64_t left = 0, right = width - 1; left < right; ++left, --right) {
            for (int64_t c = 0; c < channels; ++c) {
                const float kept = pixels[left * channels + c];
                pixels[left * channels + c] = pixels[right * channels + c];
                pixels[right * channels + c] = kept;
            }
        }
    }
}

static vae_status encode_each(vae_model *model, const vae_dataset *dataset, bool mirrored, vae_cli_take_codes *take,
                              void *context)
{
    const int64_t elements = vae_dataset_elements(dataset), latent = vae_model_get_shape(model).latent;
    const bool autoencoder = !vae_model_traits(model)->has_posterior;
    float *buffer = calloc((size_t)(VAE_CLI_BATCH * (elements + 2 * latent)), sizeof *buffer);
    if (!buffer) return vae_error_set(VAE_ERROR_MEMORY, "codes: out of memory");
    float *mean = buffer + VAE_CLI_BATCH * elements, *log_variance = autoencoder ? NULL : mean + VAE_CLI_BATCH * latent;
    vae_status status = VAE_OK;
    for (int64_t first = 0; first < dataset->count && !status; first += VAE_CLI_BATCH) {
        const int64_t rows = dataset->count - first < VAE_CLI_BATCH ? dataset->count - first : VAE_CLI_BATCH;
        vae_dataset_read(dataset, first, rows, buffer);
        if (mirrored) mirror(buffer, rows * dataset->height, dataset->width, dataset->channels);
        status = vae_model_encode(model, buffer, rows, mean, log_variance);
        if (!status) take(context, first, rows, mean, log_variance);
    }
    free(buffer);
    return status;
}

/* Sequences of like lengths are encoded together, so there are many at a time. */
static vae_status encode_sequences(vae_model *model, const vae_dataset *dataset, vae_cli_take_codes *take,
                                   void *context)
{
    enum { AT_A_TIME = 8192 };
    const int64_t latent = vae_model_get_shape(model).latent;
    float *mean = malloc(sizeof *mean * 2 * AT_A_TIME * (size_t)latent), *log_variance = mean + AT_A_TIME * latent;
    if (!mean) return vae_error_set(VAE_ERROR_MEMORY, "codes: out of memory");
    vae_column items = vae_dataset_images(dataset);
    vae_status status = VAE_OK;
    for (int64_t first = 0; first < dataset->count && !status; first += AT_A_TIME) {
        items.count = dataset->count - first < AT_A_TIME ? dataset->count - first : AT_A_TIME;
        items.offsets = dataset->offsets + first;
        status = vae_model_encode_sequences(model, &items, mean, log_variance);
        if (!status) take(context, first, items.count, mean, log_variance);
    }
    free(mean);
    return status;
}

vae_status vae_cli_encode_each(vae_model *model, const vae_dataset *dataset, vae_cli_take_codes *take, void *context)
{
    return dataset->offsets ? encode_sequences(model, dataset, take, context)
                            : encode_each(model, dataset, false, take, context);
}

typedef struct code_table {
    float *codes;
    int64_t latent;
} code_table;

static void keep_codes(void *context, int64_t first, int64_t rows, const float *mean, const float *log_variance)
{
    const code_table *table = context;
    (void)log_variance;
    memcpy(table->codes + first * table->latent, mean, (size_t)(rows * table->latent) * sizeof *mean);
}

vae_status vae_cli_encode_all(vae_model *model, const vae_dataset *dataset, float *codes)
{
    code_table table = {codes, vae_model_get_shape(model).latent};
    return vae_cli_encode_each(model, dataset, keep_codes, &table);
}

vae_status vae_cli_encode_mirrored(vae_model *model, const vae_dataset *dataset, float *codes)
{
    code_table table = {codes, vae_model_get_shape(model).latent};
    return encode_each(model, dataset, true, keep_codes, &table);
}

/* ---- Writing ---- */

vae_csv_names vae_cli_data_names(const vae_model *model)
{
    const vae_attachment *names = vae_model_attached(model, VAE_ATTACHMENT_COLUMN_NAMES);
    return (vae_csv_names){.list = names ? names->data : NULL, .prefix = "x"};
}

static vae_status write_array(const char *path, const float *values, int rank, const int64_t *sizes,
                              vae_csv_names names)
{
    vae_array_writer *writer;
    VAE_TRY(vae_array_writer_open(path, rank, sizes, names, &writer));
    const vae_status status = vae_array_writer_add(writer, values, sizes[0]);
    if (!status) return vae_array_writer_finish(writer);
    vae_array_writer_abandon(writer);
    return status;
}

vae_status vae_cli_write_codes(const char *path, const float *codes, int64_t count, int64_t latent)
{
    const int64_t sizes[] = {count, latent};
    return write_array(path, codes, 2, sizes, vae_cli_code_names());
}

vae_status vae_cli_write_images(const char *path, const vae_model *model, const float *images, int64_t count)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    const vae_array_layout layout = vae_model_config(model)->data.layout;
    int64_t sizes[4];
    float *arranged;
    const int rank = vae_image_array_sizes(&shape, layout, count, sizes);
    VAE_TRY(vae_image_array_arrange(&shape, layout, images, count, &arranged));
    const vae_status status = write_array(path, arranged ? arranged : images, rank, sizes, vae_cli_data_names(model));
    free(arranged);
    return status;
}
