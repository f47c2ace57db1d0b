/* The parts of a run's data, opened and checked against each other. */
#include "data/splits.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "data/disk.h"
#include "data/float_column.h"
#include "data/label_names.h"
#include "data/place.h"
#include "data/read.h"
#include "data/record.h"

/* Begins the message with the key, and with where it was given. */
static vae_status blame(const vae_config *config, vae_status status, const char *key)
{
    return vae_config_blame(config, vae_error_prepend(status, "[data] %s", key), "data", key);
}

/* Begins a failure's message as blame() does, and ends it with where the path was looked for. */
static vae_status blame_path(const vae_config *config, vae_status status, const char *key, const char *path)
{
    return blame(config, vae_place_explain(config, status, key, path), key);
}

static void find(const vae_config *config, const char *key, const char *path, vae_splits *splits, char *found)
{
    char note[VAE_PLACE_NOTE];
    vae_place_find(config, path, found, note);
    if (note[0]) vae_splits_add_note(splits, "[data] %s: %s", key, note);
}

typedef struct part_keys {
    const char *images, *labels;
} part_keys;

static vae_status open_part(const vae_config *config, part_keys keys, part_keys paths, const vae_read_options *options,
                            vae_splits *splits, vae_dataset *dataset)
{
    char found[VAE_PATH_SIZE];
    find(config, keys.images, paths.images, splits, found);
    vae_status status = vae_images_read(found, options, dataset);
    if (status) return blame_path(config, status, keys.images, paths.images);
    if (!paths.labels[0]) return VAE_OK;
    dataset->remarks.of[VAE_REMARK_UNUSED_LABELS] = (vae_remark){0};
    find(config, keys.labels, paths.labels, splits, found);
    status = vae_labels_read(found, options->limit, dataset);
    return status ? blame_path(config, status, keys.labels, paths.labels) : VAE_OK;
}

static vae_status open_train(const vae_config *config, vae_splits *splits)
{
    const vae_read_options options = vae_read_options_of(config);
    return open_part(config, (part_keys){"train_data", "train_labels"},
                     (part_keys){config->data.train_data, config->data.train_labels}, &options, splits, &splits->train);
}

static vae_status check_same_shape(const vae_config *config, const char *key, const char *path,
                                   const vae_dataset *train, const vae_dataset *other)
{
    if (train->height == other->height && train->width == other->width && train->channels == other->channels) {
        return VAE_OK;
    }
    const vae_status status =
        vae_error_set(VAE_ERROR_CONFIG,
                      "%s: images of %" PRId64 "x%" PRId64 "x%" PRId64 ", but the training images have %" PRId64
                      "x%" PRId64 "x%" PRId64,
                      path, other->height, other->width, other->channels, train->height, train->width, train->channels);
    return blame(config, status, key);
}

static bool has_grey(const vae_dataset *dataset)
{
    const int64_t count = dataset->count * vae_dataset_elements(dataset);
    int64_t i = 0;
    while (i < count && (dataset->values[i] == 0 || dataset->values[i] == 255))
        ++i;
    return i < count;
}

/* Zeros and ones in one part and grey levels in the other are rarely meant, nor levels and other numbers. */
static void compare_levels(const char *key, const vae_dataset *train, vae_dataset *other)
{
    if (other->count > 0 && other->levels != train->levels) {
        vae_remarks_add(&other->remarks, VAE_REMARK_OTHER_LEVELS, other->count,
                        "%s holds bytes, which are read as level / 255, %s other numbers, which stay as they are",
                        other->levels ? key : "train_data", other->levels ? "train_data" : key);
    }
    if (other->count == 0 || other->dtype == VAE_FLOAT32 || other->binary == train->binary) return;
    if (!has_grey(other->binary ? train : other)) return;
    vae_remarks_add(&other->remarks, VAE_REMARK_OTHER_LEVELS, other->count, "%s holds only 0 and 1, %s does not",
                    other->binary ? key : "train_data", other->binary ? "train_data" : key);
}

/* Other parts become what training data became. */
static vae_status open_other(const vae_config *config, part_keys keys, part_keys paths, int64_t limit,
                             vae_splits *splits, vae_dataset *dataset)
{
    vae_read_options options = vae_read_options_of(config);
    options.limit = limit;
    options.store = splits->train.dtype == VAE_FLOAT32 ? VAE_STORE_FLOAT32 : VAE_STORE_BYTES;
    options.columns = splits->train.column_names.names;
    options.columns_bytes = splits->train.column_names.bytes;
    VAE_TRY(open_part(config, keys, paths, &options, splits, dataset));
    VAE_TRY(check_same_shape(config, keys.images, paths.images, &splits->train, dataset));
    compare_levels(keys.images, &splits->train, dataset);
    return VAE_OK;
}

static vae_status open_test(const vae_config *config, vae_splits *splits)
{
    if (!config->data.test_data[0]) return VAE_OK;
    return open_other(config, (part_keys){"test_data", "test_labels"},
                      (part_keys){config->data.test_data, config->data.test_labels}, config->data.test_limit, splits,
                      &splits->test);
}

/* Validation data of their own. Their classes, which nothing asks for, are not known. */
static vae_status open_validation(const vae_config *config, vae_splits *splits)
{
    vae_dataset *validation = &splits->validation;
    if (!config->data.validation_data[0]) return VAE_OK;
    VAE_TRY(open_other(config, (part_keys){"validation_data", ""}, (part_keys){config->data.validation_data, ""}, 0,
                       splits, validation));
    free(validation->labels);
    validation->labels = NULL;
    return VAE_OK;
}

/* Where the name of image `index` begins in the names. */
static size_t name_at(const vae_dataset *dataset, int64_t index)
{
    size_t at = 0;
    for (int64_t i = 0; i < index; ++i)
        at += strlen(dataset->names + at) + 1;
    return at;
}

/* The last images become the validation part, which shares the training part's memory. */
static vae_status split_validation(const vae_config *config, vae_splits *splits)
{
    const int64_t held_out = config->data.validation;
    if (held_out == 0) return VAE_OK;
    if (held_out >= splits->train.count) {
        const vae_status status = vae_error_set(
            VAE_ERROR_CONFIG, "%" PRId64 " images are to be held out, but there are only %" PRId64 " in total",
            held_out, splits->train.count);
        return blame(config, status, "validation");
    }
    vae_dataset *train = &splits->train;
    train->count -= held_out;
    splits->validation = *train;
    splits->validation.borrowed = true;
    splits->validation.first = train->count;
    splits->validation.remarks = (vae_remarks){0};
    splits->validation.count = held_out;
    splits->validation.values += train->count * vae_dataset_row_bytes(train);
    if (train->labels) splits->validation.labels += train->count;
    if (train->names) {
        const size_t at = name_at(train, train->count);
        splits->validation.names += at;
        splits->validation.names_bytes -= at;
    }
    return VAE_OK;
}

/* The names of classes, from [data] class_names and of both parts together. */
static vae_status name_classes(const vae_config *config, vae_splits *splits)
{
    char path[VAE_PATH_SIZE];
    vae_status status = VAE_OK;
    find(config, "class_names", config->data.class_names, splits, path);
    if (path[0]) status = vae_label_names_apply(path, &splits->train);
    if (path[0] && !status && splits->test.count > 0) status = vae_label_names_apply(path, &splits->test);
    if (status) return blame_path(config, status, "class_names", config->data.class_names);
    status = vae_label_names_join(&splits->train, &splits->test);
    return status ? blame(config, status, "test_labels") : VAE_OK;
}

enum { TEST_PART = 2 };

/* Pixel → 255 with probability pixel/255, once; `part` counts the noise, so that the parts differ. */
static void binarise(uint64_t seed, uint64_t part, vae_dataset *dataset)
{
    const int64_t count = dataset->count * vae_dataset_elements(dataset);
    for (int64_t i = 0; i < count; i += 4) {
        const vae_philox random = vae_random_block(seed, VAE_STREAM_BINARISE_STATIC, part, (uint64_t)i / 4);
        for (int64_t j = i; j < i + 4 && j < count; ++j) {
            const float u = vae_random_uniform(random.word[j % 4]);
            dataset->values[j] = u * 255.0f <= (float)dataset->values[j] ? 255 : 0;
        }
    }
}

/* Mean and standard deviation over all training pixels, from how often each of the 256 values occurs. */
static vae_status find_standard_scale(const vae_dataset *train, double *scale, double *shift)
{
    const int64_t count = train->count * vae_dataset_elements(train);
    int64_t occurrences[256] = {0};
    for (int64_t i = 0; i < count; ++i)
        occurrences[train->values[i]]++;
    double mean = 0, variance = 0;
    for (int value = 0; value < 256; ++value)
        mean += value * ((double)occurrences[value] / (double)count);
    for (int value = 0; value < 256; ++value)
        variance += (value - mean) * (value - mean) * ((double)occurrences[value] / (double)count);
    if (occurrences[train->values[0]] == count) {
        return vae_error_set(VAE_ERROR_CONFIG, "standard needs images that vary, but every training pixel is %d",
                             train->values[0]);
    }
    *scale = 1.0 / sqrt(variance);
    *shift = -mean / sqrt(variance);
    return VAE_OK;
}

static void tell_columns(vae_dataset *dataset, vae_remark_kind kind, vae_column_count columns)
{
    char name[VAE_COLUMN_TEXT];
    if (columns.count == 0) return;
    vae_remarks_add(&dataset->remarks, kind, columns.count, "the first is column %s, counted from 0",
                    vae_float_column_name(dataset, columns.first, name));
}

/* Of float32, each column has its own. */
static vae_status fit_columns(vae_splits *splits)
{
    const size_t elements = (size_t)vae_dataset_elements(&splits->train);
    vae_column_count constant, coarse;
    splits->mean = malloc(elements * sizeof *splits->mean);
    splits->deviation = malloc(elements * sizeof *splits->deviation);
    if (!splits->mean || !splits->deviation) return vae_error_set(VAE_ERROR_MEMORY, "columns: out of memory");
    vae_float_column_fit(&splits->train, splits->mean, splits->deviation, &constant, &coarse);
    tell_columns(&splits->train, VAE_REMARK_CONSTANT, constant);
    tell_columns(&splits->train, VAE_REMARK_COARSE, coarse);
    return VAE_OK;
}

static vae_status find_scale(const vae_config *config, vae_splits *splits)
{
    splits->scale = 1.0 / 255.0;
    splits->shift = 0.0;
    if (config->data.normalise == VAE_NORMALISE_SYMMETRIC) {
        splits->scale = 2.0 / 255.0;
        splits->shift = -1.0;
    }
    if (config->data.normalise != VAE_NORMALISE_STANDARD) return VAE_OK;
    if (splits->train.dtype == VAE_FLOAT32) return fit_columns(splits);
    const vae_status status = find_standard_scale(&splits->train, &splits->scale, &splits->shift);
    return status ? blame(config, status, "normalise") : VAE_OK;
}

/* Mapped pixels cannot be changed; a copy in a file of its own can. */
static vae_status make_writable(const vae_config *config, vae_dataset *dataset)
{
    char folder[VAE_PATH_SIZE];
    vae_mapping copy;
    if (!dataset->mapping.start) return VAE_OK;
    const size_t bytes = (size_t)(dataset->count * vae_dataset_row_bytes(dataset));
    VAE_TRY(vae_disk_folder(config->data.cache, folder));
    VAE_TRY(vae_mapping_scratch(folder, bytes, &copy));
    memcpy(copy.start, dataset->values, bytes);
    vae_mapping_close(&dataset->mapping);
    dataset->mapping = copy;
    dataset->values = copy.start;
    return VAE_OK;
}

vae_status vae_dataset_binarise(const vae_config *config, vae_dataset *dataset)
{
    VAE_TRY(make_writable(config, dataset));
    binarise((uint64_t)config->train.seed, TEST_PART, dataset);
    return VAE_OK;
}

static vae_status check_type(const vae_config *config, const vae_splits *splits)
{
    VAE_TRY(vae_float_column_check(config, &splits->train));
    VAE_TRY(vae_float_column_check_range(config, "train_data", &splits->train));
    VAE_TRY(vae_float_column_check_range(config, "validation_data", &splits->validation));
    return vae_float_column_check_range(config, "test_data", &splits->test);
}

static vae_status open_splits(const vae_config *config, vae_splits *splits)
{
    VAE_TRY(open_train(config, splits));
    VAE_TRY(open_test(config, splits));
    VAE_TRY(open_validation(config, splits));
    VAE_TRY(check_type(config, splits));
    VAE_TRY(name_classes(config, splits));
    vae_fingerprint_take(&splits->train, &splits->train_print);
    vae_fingerprint_take(&splits->validation, &splits->validation_print);
    vae_fingerprint_take(&splits->test, &splits->test_print);
    VAE_TRY(vae_record_check(config, splits));
    const bool changes = config->data.binarise == VAE_BINARISE_STATIC;
    if (changes) VAE_TRY(make_writable(config, &splits->train));
    if (changes) VAE_TRY(make_writable(config, &splits->validation));
    if (changes) VAE_TRY(make_writable(config, &splits->test));
    VAE_TRY(split_validation(config, splits));
    if (changes) {
        const uint64_t seed = (uint64_t)config->train.seed;
        vae_dataset *parts[] = {&splits->train, &splits->validation, &splits->test};
        for (uint64_t part = 0; part < 3; ++part)
            binarise(seed, part, parts[part]);
    }
    return find_scale(config, splits);
}

vae_status vae_splits_open(const vae_config *config, vae_splits *splits)
{
    *splits = (vae_splits){0};
    const vae_status status = open_splits(config, splits);
    if (status) vae_splits_free(splits);
    return status;
}
