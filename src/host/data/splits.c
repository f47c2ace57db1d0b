/* The parts of a run's data, opened and checked against each other. */
#include "data/splits.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/family_keys.h"
#include "core/random.h"
#include "data/disk.h"
#include "data/float_column.h"
#include "data/read.h"
#include "data/record.h"
#include "data/sequence_splits.h"
#include "data/split_parts.h"

static vae_status open_part(const vae_config *config, vae_split_keys keys, vae_split_keys paths,
                            const vae_read_options *options, vae_splits *splits, vae_dataset *dataset)
{
    char found[VAE_PATH_SIZE];
    vae_split_find(config, keys.data, paths.data, splits, found);
    const vae_status status = vae_images_read(found, options, dataset);
    if (status) return vae_split_blame_path(config, status, keys.data, paths.data);
    return vae_split_read_labels(config, keys, paths, options->limit, splits, dataset);
}

static vae_status open_train(const vae_config *config, vae_splits *splits)
{
    const vae_read_options options = vae_read_options_of(config);
    return open_part(config, (vae_split_keys){"train_data", "train_labels"},
                     (vae_split_keys){config->data.train_data, config->data.train_labels}, &options, splits,
                     &splits->train);
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
    return vae_split_blame(config, status, key);
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
static vae_status open_other(const vae_config *config, vae_split_keys keys, vae_split_keys paths, int64_t limit,
                             vae_splits *splits, vae_dataset *dataset)
{
    vae_read_options options = vae_read_options_of(config);
    options.limit = limit;
    options.store = splits->train.dtype == VAE_FLOAT32 ? VAE_STORE_FLOAT32 : VAE_STORE_BYTES;
    options.columns = splits->train.column_names.names;
    options.columns_bytes = splits->train.column_names.bytes;
    VAE_TRY(open_part(config, keys, paths, &options, splits, dataset));
    VAE_TRY(check_same_shape(config, keys.data, paths.data, &splits->train, dataset));
    compare_levels(keys.data, &splits->train, dataset);
    return VAE_OK;
}

static vae_status open_test(const vae_config *config, vae_splits *splits)
{
    if (!config->data.test_data[0]) return VAE_OK;
    return open_other(config, (vae_split_keys){"test_data", "test_labels"},
                      (vae_split_keys){config->data.test_data, config->data.test_labels}, config->data.test_limit,
                      splits, &splits->test);
}

/* Validation data of their own. Their classes, which nothing asks for, are not known. */
static vae_status open_validation(const vae_config *config, vae_splits *splits)
{
    vae_dataset *validation = &splits->validation;
    if (!config->data.validation_data[0]) return VAE_OK;
    VAE_TRY(open_other(config, (vae_split_keys){"validation_data", ""},
                       (vae_split_keys){config->data.validation_data, ""}, 0, splits, validation));
    free(validation->labels);
    validation->labels = NULL;
    return VAE_OK;
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
    return status ? vae_split_blame(config, status, "normalise") : VAE_OK;
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

static vae_status open_images(const vae_config *config, vae_splits *splits)
{
    VAE_TRY(open_train(config, splits));
    VAE_TRY(open_test(config, splits));
    VAE_TRY(open_validation(config, splits));
    VAE_TRY(check_type(config, splits));
    VAE_TRY(vae_split_name_classes(config, splits));
    vae_fingerprint_take(&splits->train, &splits->train_print);
    vae_fingerprint_take(&splits->validation, &splits->validation_print);
    vae_fingerprint_take(&splits->test, &splits->test_print);
    VAE_TRY(vae_record_check(config, splits));
    const bool changes = config->data.binarise == VAE_BINARISE_STATIC;
    if (changes) VAE_TRY(make_writable(config, &splits->train));
    if (changes) VAE_TRY(make_writable(config, &splits->validation));
    if (changes) VAE_TRY(make_writable(config, &splits->test));
    VAE_TRY(vae_split_hold_out(config, splits));
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
    return vae_splits_open_known(config, &(vae_classes){0}, splits);
}

vae_status vae_splits_open_known(const vae_config *config, const vae_classes *vocabulary, vae_splits *splits)
{
    *splits = (vae_splits){0};
    const bool images = vae_family_keys_of(config->model.family)->kind == VAE_KIND_IMAGE;
    const vae_status status =
        images ? open_images(config, splits) : vae_sequence_splits_open(config, vocabulary, splits);
    if (status) vae_splits_free(splits);
    return status;
}
