/* Checkpoints read: what is found is checked against the file's own configuration and checksum before it is used. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/checkpoint_internal.h"

enum { MAX_SIDE = 1 << 16, MAX_PIXELS = 1 << 30 };

/* ---- Reading metadata ---- */

vae_status vae_checkpoint_bad_value(const char *path, const char *key, const char *text, const char *expected)
{
    return vae_error_set(VAE_ERROR_FORMAT, "%s: metadata '%s' is '%.64s', expected %s", path, key, text, expected);
}

vae_status vae_checkpoint_get_text(const vae_safetensors_file *file, const char *path, const char *key,
                                   const char **text)
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
    VAE_TRY(vae_checkpoint_get_text(file, path, key, &text));
    char *end;
    const long long number = strtoll(text, &end, 10); /* saturates where it overflows */
    if (end == text || *end || number < low || number > high) {
        char expected[96];
        snprintf(expected, sizeof expected, "a whole number from %" PRId64 " to %" PRId64, low, high);
        return vae_checkpoint_bad_value(path, key, text, expected);
    }
    *value = number;
    return VAE_OK;
}

/* A number as %a writes it. */
static vae_status get_number(const vae_safetensors_file *file, const char *path, const char *key, double *value)
{
    const char *text;
    char *end;
    VAE_TRY(vae_checkpoint_get_text(file, path, key, &text));
    *value = strtod(text, &end);
    return end == text || *end || isnan(*value) ? vae_checkpoint_bad_value(path, key, text, "a number") : VAE_OK;
}

/* Each metric under a name of its own: 0 of those that the writer did not know. */
static vae_status get_sums(const vae_safetensors_file *file, const char *path, int64_t version, const char *key,
                           double sums[VAE_METRIC_COUNT])
{
    if (version == 1) return vae_checkpoint_read_sums_1(file, path, key, sums);
    for (int i = 0; i < VAE_METRIC_COUNT; ++i) {
        char name[64];
        sums[i] = 0.0;
        snprintf(name, sizeof name, "%s.%s", key, vae_checkpoint_metric_names[i]);
        if (vae_safetensors_metadata(file, name)) VAE_TRY(get_number(file, path, name, &sums[i]));
    }
    return VAE_OK;
}

static vae_status check_version(const vae_safetensors_file *file, const char *path, int64_t *version)
{
    const char *format = vae_safetensors_metadata(file, "format");
    if (!format || strcmp(format, VAE_CHECKPOINT_FORMAT) != 0) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: is a safetensors file, but not a checkpoint of vae-cuda (metadata 'format' is %.64s)",
                             path, format ? format : "missing");
    }
    VAE_TRY(get_integer(file, path, "format_version", 1, INT32_MAX, version));
    if (*version > VAE_CHECKPOINT_VERSION) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: has checkpoint format version %" PRId64
                             ", but this program supports versions up to %d",
                             path, *version, VAE_CHECKPOINT_VERSION);
    }
    const char *layout;
    VAE_TRY(vae_checkpoint_get_text(file, path, "weight_layout", &layout));
    return strcmp(layout, "in,out") == 0 ? VAE_OK : vae_checkpoint_bad_value(path, "weight_layout", layout, "in,out");
}

static vae_status read_config(const vae_safetensors_file *file, const char *path, vae_config *config)
{
    const char *text;
    VAE_TRY(vae_checkpoint_get_text(file, path, "config", &text));
    vae_config_defaults(config);
    vae_status status = vae_config_parse(config, text, "config in its metadata");
    /* Lines of the metadata are no places to a user, and what they hold was not given by one. */
    memset(&config->source, 0, sizeof config->source);
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

/* The place of a text among `count` others. */
static vae_status get_choice(const vae_safetensors_file *file, const char *path, const char *key,
                             const char *const *choices, int count, const char *allowed, int *choice)
{
    const char *text;
    VAE_TRY(vae_checkpoint_get_text(file, path, key, &text));
    for (*choice = 0; *choice < count; ++*choice)
        if (strcmp(text, choices[*choice]) == 0) return VAE_OK;
    return vae_checkpoint_bad_value(path, key, text, allowed);
}

/* Files of version 1 are of bytes, and those that do not say what an item is, of images. */
static vae_status read_type(const vae_safetensors_file *file, const char *path, int64_t version, vae_input *input)
{
    static const char *const types[] = {"uint8", "float32", "int32"};
    static const vae_dtype dtypes[] = {VAE_UINT8, VAE_FLOAT32, VAE_INT32};
    int type = 0, kind = 0;
    if (version > 1) VAE_TRY(get_choice(file, path, "input.type", types, 3, "uint8, float32 or int32", &type));
    input->dtype = dtypes[type];
    input->kind = VAE_KIND_IMAGE;
    if (version == 1 || !vae_safetensors_metadata(file, "input.kind")) return VAE_OK;
    VAE_TRY(get_choice(file, path, "input.kind", vae_checkpoint_kind_names, VAE_KIND_COUNT, "image, text or drawing",
                       &kind));
    input->kind = (vae_kind)kind;
    VAE_TRY(get_integer(file, path, "input.longest", 2, MAX_PIXELS, &input->longest));
    return get_integer(file, path, "input.vocabulary", 0, VAE_MAX_ELEMENTS, &input->vocabulary);
}

/* The state of schedule = plateau, which older files lack. */
static vae_status read_schedule(const vae_safetensors_file *file, const char *path, vae_progress *progress)
{
    progress->schedule_waits = progress->schedule_drops = 0;
    if (!vae_safetensors_metadata(file, "schedule_drops")) return VAE_OK;
    VAE_TRY(get_integer(file, path, "schedule_waits", 0, INT64_MAX, &progress->schedule_waits));
    return get_integer(file, path, "schedule_drops", 0, INT64_MAX, &progress->schedule_drops);
}

/* That of encoder_updates, which files of runs without such updates lack. */
static vae_status read_encoder(const vae_safetensors_file *file, const char *path, vae_progress *progress)
{
    progress->encoder_updates = progress->encoder_caught_up = 0;
    progress->mutual_information = 0.0;
    if (!vae_safetensors_metadata(file, "encoder_updates")) return VAE_OK;
    VAE_TRY(get_integer(file, path, "encoder_updates", 0, INT64_MAX, &progress->encoder_updates));
    VAE_TRY(get_integer(file, path, "encoder_caught_up", 0, INT64_MAX, &progress->encoder_caught_up));
    return get_number(file, path, "mutual_information", &progress->mutual_information);
}

static vae_status read_progress(const vae_safetensors_file *file, const char *path, int64_t version,
                                vae_progress *progress)
{
    VAE_TRY(get_integer(file, path, "epoch", 0, INT64_MAX, &progress->epoch));
    VAE_TRY(get_integer(file, path, "step", 0, INT64_MAX, &progress->step));
    VAE_TRY(get_number(file, path, "best_loss", &progress->best_loss));
    VAE_TRY(get_integer(file, path, "epochs_since_best", 0, INT64_MAX, &progress->epochs_since_best));
    VAE_TRY(read_schedule(file, path, progress));
    VAE_TRY(read_encoder(file, path, progress));
    VAE_TRY(get_sums(file, path, version, "epoch_sums", progress->epoch_sums));
    VAE_TRY(get_sums(file, path, version, "interval_sums", progress->interval_sums));
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

static bool is_attachment(const vae_safetensor *tensor)
{
    return tensor->dtype == VAE_UINT8 &&
           strncmp(tensor->name, VAE_ATTACHMENT_PREFIX, strlen(VAE_ATTACHMENT_PREFIX)) == 0;
}

static int32_t count_attachments(const vae_safetensors_file *file)
{
    int32_t count = 0;
    for (int32_t i = 0; i < vae_safetensors_count(file); ++i)
        count += is_attachment(vae_safetensors_get(file, i));
    return count;
}

static vae_status read_attachments(const vae_safetensors_file *file, const char *path, vae_checkpoint *checkpoint)
{
    for (int32_t i = 0; i < vae_safetensors_count(file); ++i) {
        const vae_safetensor *tensor = vae_safetensors_get(file, i);
        if (!is_attachment(tensor)) continue;
        if (tensor->bytes == 0 || strlen(tensor->name) >= VAE_NAME_SIZE) {
            return vae_error_set(VAE_ERROR_FORMAT, "%s: tensor '%.64s' is empty, or its name too long", path,
                                 tensor->name);
        }
        VAE_TRY(vae_checkpoint_attach(checkpoint, tensor->name, tensor->data, (int64_t)tensor->bytes));
    }
    return VAE_OK;
}

static vae_status read_tensors(const vae_safetensors_file *file, const char *path, vae_checkpoint *checkpoint)
{
    const vae_layout *layout = &checkpoint->design.layout;
    const vae_safetensor *first = vae_safetensors_find(file, layout->parameters[0].name);
    checkpoint->dtype = first ? first->dtype : VAE_FLOAT32;
    const int arenas = has_moments(file) ? VAE_SAVED_ARENAS : 1;
    for (int i = 0; i < arenas; ++i)
        VAE_TRY(check_arena(file, path, checkpoint, vae_saved_arenas[i]));
    const int32_t count = vae_safetensors_count(file) - count_attachments(file);
    if (count != layout->count * arenas) {
        return vae_error_set(VAE_ERROR_SHAPE, "%s: has %d tensors, but its configuration asks for %d", path, (int)count,
                             (int)layout->count * arenas);
    }
    for (int i = 0; i < arenas; ++i)
        VAE_TRY(copy_arena(file, path, checkpoint, vae_saved_arenas[i]));
    return VAE_OK;
}

static vae_status check_sum(const vae_safetensors_file *file, const char *path)
{
    const char *text = vae_safetensors_metadata(file, "crc32");
    const int32_t count = vae_safetensors_metadata_count(file);
    char expected[VAE_CHECKPOINT_SUM_SIZE];
    if (!text) return VAE_OK;
    vae_safetensors_text *texts = calloc((size_t)count, sizeof *texts);
    if (!texts) return vae_error_set(VAE_ERROR_MEMORY, "%s: no memory for its checksum", path);
    for (int32_t i = 0; i < count; ++i)
        texts[i] = vae_safetensors_metadata_get(file, i);
    const vae_status status =
        vae_checkpoint_sum(path, texts, count, vae_safetensors_get(file, 0), vae_safetensors_count(file), expected);
    free(texts);
    if (status || strcmp(text, expected) == 0) return status;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is damaged: its content has checksum %s, but its metadata says %.16s",
                         path, expected, text);
}

static vae_status read_file(const vae_safetensors_file *file, const char *path, vae_checkpoint *checkpoint)
{
    int64_t version = 0;
    vae_config config;
    vae_input input = {0};
    VAE_TRY(check_version(file, path, &version));
    VAE_TRY(read_config(file, path, &config));
    VAE_TRY(read_input(file, path, &input));
    VAE_TRY(read_type(file, path, version, &input));
    VAE_TRY(read_progress(file, path, version, &checkpoint->progress));
    const vae_status status = vae_design_create(&config, &input, &checkpoint->design);
    if (status) return vae_error_prepend(status, "%s", path);
    VAE_TRY(read_tensors(file, path, checkpoint));
    VAE_TRY(read_attachments(file, path, checkpoint));
    VAE_TRY(version == 1 ? vae_checkpoint_check_sum_1(file, path, checkpoint) : check_sum(file, path));
    VAE_TRY(vae_checkpoint_check_finite(checkpoint, path, VAE_ERROR_FORMAT));
    if (isfinite(vae_checkpoint_log_deviation(checkpoint))) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: tensor 'data.deviation' holds a number that is not above 0", path);
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
