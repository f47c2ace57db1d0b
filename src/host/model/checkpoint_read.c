/* Checkpoints read: what is found is checked against the file's own configuration and checksum before it is used. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/checkpoint_internal.h"
#include "model/safetensors.h"

enum {
    MAX_SIDE = 1 << 16,
    MAX_PIXELS = 1 << 30,
    FIRST_METRICS = 5 /* that files of version 1 have had from the beginning */
};

/* What of the metadata the checksum runs over, in this order. */
static const char *const checked_keys[] = {
    "format",         "format_version",    "weight_layout", "config",        "input.height", "input.width",
    "input.channels", "input.scale",       "input.shift",   "seed",          "epoch",        "step",
    "best_loss",      "epochs_since_best", "epoch_sums",    "interval_sums", "metric_lines", "train_images",
};
enum { CHECKED_KEYS = sizeof checked_keys / sizeof *checked_keys };

/* ---- Reading metadata ---- */

static vae_status bad_value(const char *path, const char *key, const char *text, const char *expected)
{
    return vae_error_set(VAE_ERROR_FORMAT, "%s: metadata '%s' is '%.64s', expected %s", path, key, text, expected);
}

static vae_status get_text(const vae_safetensors_file *file, const char *path, const char *key, const char **text)
{
    *text = vae_safetensors_metadata(file, key);
    if (*text) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: metadata '%s' is missing: not a checkpoint of this program, or damaged",
                         path, key);
}

static vae_status get_integer(const vae_safetensors_file *file, const char *path, const char *key, int64_t low,
                              int64_t high, int64_t *value)
{
    const char *text;
    VAE_TRY(get_text(file, path, key, &text));
    char *end;
    const long long number = strtoll(text, &end, 10); /* saturates where it overflows */
    if (end == text || *end || number < low || number > high) {
        char expected[96];
        snprintf(expected, sizeof expected, "a whole number from %" PRId64 " to %" PRId64, low, high);
        return bad_value(path, key, text, expected);
    }
    *value = number;
    return VAE_OK;
}

/* From `least` to `most` numbers as %a writes them; those that are not there are 0. */
static vae_status get_numbers(const vae_safetensors_file *file, const char *path, const char *key, int least, int most,
                              double *values)
{
    const char *text;
    VAE_TRY(get_text(file, path, key, &text));
    const char *next = text;
    memset(values, 0, (size_t)most * sizeof *values);
    for (int i = 0; i < most && (i < least || *next); ++i) {
        char *end;
        values[i] = strtod(next, &end);
        if (end == next || isnan(values[i])) return bad_value(path, key, text, "numbers");
        next = end;
    }
    return *next ? bad_value(path, key, text, "fewer numbers") : VAE_OK;
}

static vae_status get_number(const vae_safetensors_file *file, const char *path, const char *key, double *value)
{
    return get_numbers(file, path, key, 1, 1, value);
}

/* Metrics are only ever added behind the others, and an older file has none of the new. */
static vae_status get_sums(const vae_safetensors_file *file, const char *path, const char *key,
                           double sums[VAE_METRIC_COUNT])
{
    return get_numbers(file, path, key, FIRST_METRICS, VAE_METRIC_COUNT, sums);
}

static vae_status check_version(const vae_safetensors_file *file, const char *path)
{
    const char *format = vae_safetensors_metadata(file, "format");
    if (!format || strcmp(format, VAE_CHECKPOINT_FORMAT) != 0) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: is a safetensors file, but not a checkpoint of vae-cuda (metadata 'format' is %.64s)",
                             path, format ? format : "missing");
    }
    int64_t version = 0;
    VAE_TRY(get_integer(file, path, "format_version", 1, INT32_MAX, &version));
    if (version > VAE_CHECKPOINT_VERSION) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: has checkpoint format version %" PRId64
                             ", but this program supports versions up to %d",
                             path, version, VAE_CHECKPOINT_VERSION);
    }
    const char *layout;
    VAE_TRY(get_text(file, path, "weight_layout", &layout));
    return strcmp(layout, "in,out") == 0 ? VAE_OK : bad_value(path, "weight_layout", layout, "in,out");
}

static vae_status read_config(const vae_safetensors_file *file, const char *path, vae_config *config)
{
    const char *text;
    VAE_TRY(get_text(file, path, "config", &text));
    vae_config_defaults(config);
    vae_status status = vae_config_parse(config, text, "config in its metadata");
    if (!status) status = vae_config_check(config);
    /* To the caller the file is at fault, not a configuration of theirs. */
    return status ? vae_error_prepend(VAE_ERROR_FORMAT, "%s", path) : VAE_OK;
}

static vae_status read_input(const vae_safetensors_file *file, const char *path, vae_input *input)
{
    VAE_TRY(get_integer(file, path, "input.height", 1, MAX_SIDE, &input->height));
    VAE_TRY(get_integer(file, path, "input.width", 1, MAX_SIDE, &input->width));
    VAE_TRY(get_integer(file, path, "input.channels", 1, MAX_SIDE, &input->channels));
    VAE_TRY(get_number(file, path, "input.scale", &input->scale));
    VAE_TRY(get_number(file, path, "input.shift", &input->shift));
    if (vae_input_elements(input) > MAX_PIXELS) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: metadata says images of %" PRId64 "×%" PRId64 "×%" PRId64
                             " pixels, which is not plausible",
                             path, input->height, input->width, input->channels);
    }
    if (!isfinite(input->scale) || input->scale == 0.0 || !isfinite(input->shift)) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: metadata 'input.scale' or 'input.shift' is out of range", path);
    }
    return VAE_OK;
}

/* Bytes unless it says otherwise: files have said nothing for as long as there was nothing else. */
static vae_status read_type(const vae_safetensors_file *file, const char *path, vae_input *input)
{
    const char *text = vae_safetensors_metadata(file, VAE_CHECKPOINT_INPUT_TYPE);
    if (text && strcmp(text, "float32") != 0) return bad_value(path, VAE_CHECKPOINT_INPUT_TYPE, text, "float32");
    input->dtype = text ? VAE_FLOAT32 : VAE_UINT8;
    return VAE_OK;
}

static vae_status read_progress(const vae_safetensors_file *file, const char *path, vae_progress *progress)
{
    VAE_TRY(get_integer(file, path, "epoch", 0, INT64_MAX, &progress->epoch));
    VAE_TRY(get_integer(file, path, "step", 0, INT64_MAX, &progress->step));
    VAE_TRY(get_number(file, path, "best_loss", &progress->best_loss));
    VAE_TRY(get_integer(file, path, "epochs_since_best", 0, INT64_MAX, &progress->epochs_since_best));
    VAE_TRY(get_sums(file, path, "epoch_sums", progress->epoch_sums));
    VAE_TRY(get_sums(file, path, "interval_sums", progress->interval_sums));
    VAE_TRY(get_integer(file, path, "metric_lines", 0, INT64_MAX, &progress->metric_lines));
    return get_integer(file, path, "train_images", 0, INT64_MAX, &progress->train_images);
}

/* ---- Reading tensors ---- */

/* Compares names, shapes and types before anything is allocated. */
static vae_status check_arena(const vae_safetensors_file *file, const char *path, const vae_checkpoint *checkpoint,
                              vae_arena arena)
{
    for (int32_t p = 0; p < checkpoint->design.layout.count; ++p) {
        const vae_parameter *parameter = &checkpoint->design.layout.parameters[p];
        char name[VAE_CHECKPOINT_NAME_SIZE];
        vae_checkpoint_tensor_name(name, arena, parameter);
        char expected[96], found[96];
        vae_shape_format(&parameter->shape, expected, sizeof expected);
        const vae_safetensor *tensor = vae_safetensors_find(file, name);
        if (!tensor) {
            return vae_error_set(VAE_ERROR_SHAPE,
                                 "%s: tensor '%s' of shape %s, which its configuration asks for, is "
                                 "missing",
                                 path, name, expected);
        }
        if (!vae_shape_equal(&tensor->shape, &parameter->shape)) {
            return vae_error_set(VAE_ERROR_SHAPE, "%s: tensor '%s' has shape %s, but its configuration asks for %s",
                                 path, name, vae_shape_format(&tensor->shape, found, sizeof found), expected);
        }
        if (tensor->dtype != checkpoint->dtype) {
            return vae_error_set(VAE_ERROR_FORMAT, "%s: tensor '%s' is not of the same type as '%s'", path, name,
                                 checkpoint->design.layout.parameters[0].name);
        }
    }
    return VAE_OK;
}

static vae_status copy_arena(const vae_safetensors_file *file, const char *path, vae_checkpoint *checkpoint,
                             vae_arena arena)
{
    void *values = calloc((size_t)checkpoint->design.layout.elements, vae_dtype_size(checkpoint->dtype));
    if (!values) return vae_error_set(VAE_ERROR_MEMORY, "%s: no memory for its tensors", path);
    checkpoint->arenas[arena] = values;
    for (int32_t p = 0; p < checkpoint->design.layout.count; ++p) {
        const vae_parameter *parameter = &checkpoint->design.layout.parameters[p];
        char name[VAE_CHECKPOINT_NAME_SIZE];
        vae_checkpoint_tensor_name(name, arena, parameter);
        const vae_safetensor *tensor = vae_safetensors_find(file, name);
        memcpy(vae_checkpoint_at(values, checkpoint->dtype, parameter->offset), tensor->data, tensor->bytes);
    }
    return VAE_OK;
}

static bool has_moments(const vae_safetensors_file *file)
{
    for (int32_t i = 0; i < vae_safetensors_count(file); ++i) {
        if (strncmp(vae_safetensors_get(file, i)->name, "adam.", 5) == 0) return true;
    }
    return false;
}

static vae_status read_tensors(const vae_safetensors_file *file, const char *path, vae_checkpoint *checkpoint)
{
    const vae_layout *layout = &checkpoint->design.layout;
    const vae_safetensor *first = vae_safetensors_find(file, layout->parameters[0].name);
    checkpoint->dtype = first ? first->dtype : VAE_FLOAT32;
    const int arenas = has_moments(file) ? VAE_SAVED_ARENAS : 1;
    for (int i = 0; i < arenas; ++i)
        VAE_TRY(check_arena(file, path, checkpoint, vae_saved_arenas[i]));
    if (vae_safetensors_count(file) != layout->count * arenas) {
        return vae_error_set(VAE_ERROR_SHAPE, "%s: has %d tensors, but its configuration asks for %d", path,
                             (int)vae_safetensors_count(file), (int)layout->count * arenas);
    }
    for (int i = 0; i < arenas; ++i)
        VAE_TRY(copy_arena(file, path, checkpoint, vae_saved_arenas[i]));
    return VAE_OK;
}

static vae_status check_sum(const vae_safetensors_file *file, const char *path, const vae_checkpoint *checkpoint)
{
    const char *text = vae_safetensors_metadata(file, "crc32");
    if (!text) return VAE_OK;
    unsigned long sum = 0;
    for (int i = 0; i < CHECKED_KEYS; ++i) {
        const char *value;
        VAE_TRY(get_text(file, path, checked_keys[i], &value));
        sum = vae_checkpoint_sum_text(vae_checkpoint_sum_text(sum, checked_keys[i]), value);
    }
    const char *type = vae_safetensors_metadata(file, VAE_CHECKPOINT_INPUT_TYPE);
    if (type) sum = vae_checkpoint_sum_text(vae_checkpoint_sum_text(sum, VAE_CHECKPOINT_INPUT_TYPE), type);
    char expected[16];
    snprintf(expected, sizeof expected, "%08lx", vae_checkpoint_sum_arenas(sum, checkpoint));
    if (strcmp(text, expected) == 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is damaged: its content has checksum %s, but its metadata says %.16s",
                         path, expected, text);
}

static vae_status read_file(const vae_safetensors_file *file, const char *path, vae_checkpoint *checkpoint)
{
    VAE_TRY(check_version(file, path));
    vae_config config;
    vae_input input;
    VAE_TRY(read_config(file, path, &config));
    VAE_TRY(read_input(file, path, &input));
    VAE_TRY(read_type(file, path, &input));
    VAE_TRY(read_progress(file, path, &checkpoint->progress));
    const vae_status status = vae_design_create(&config, &input, &checkpoint->design);
    if (status) return vae_error_prepend(status, "%s", path);
    VAE_TRY(read_tensors(file, path, checkpoint));
    VAE_TRY(check_sum(file, path, checkpoint));
    return vae_checkpoint_check_finite(checkpoint, path, VAE_ERROR_FORMAT);
}

vae_status vae_checkpoint_read(const char *path, vae_checkpoint *checkpoint)
{
    *checkpoint = (vae_checkpoint){0};
    vae_safetensors_file *file;
    VAE_TRY(vae_safetensors_read(path, &file));
    locale_t c_locale;
    const locale_t before = vae_checkpoint_enter_locale(&c_locale);
    const vae_status status = read_file(file, path, checkpoint);
    vae_checkpoint_leave_locale(c_locale, before);
    vae_safetensors_free(file);
    if (status) vae_checkpoint_free(checkpoint);
    return status;
}
