/* Checkpoints written: metadata as a list of texts in the C locale, tensors in layout order, a checksum over both. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/checkpoint_internal.h"
#include "model/safetensors.h"

enum {
    MAX_TEXTS = 24,
    NUMBER_SIZE = 32, /* more than any double takes as %a, with the space before it */
    VALUE_SIZE = VAE_METRIC_COUNT * NUMBER_SIZE > 256 ? VAE_METRIC_COUNT *NUMBER_SIZE : 256
};

/* One list of texts, written in this order. */
typedef struct metadata {
    vae_safetensors_text texts[MAX_TEXTS];
    char values[MAX_TEXTS][VALUE_SIZE];
    int32_t count;
} metadata;

static void add_text(metadata *list, const char *key, const char *text)
{
    list->texts[list->count++] = (vae_safetensors_text){key, text};
}

__attribute__((format(printf, 3, 4))) static void add_value(metadata *list, const char *key, const char *format, ...)
{
    char *value = list->values[list->count];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, VALUE_SIZE, format, arguments);
    va_end(arguments);
    add_text(list, key, value);
}

static void add_sums(metadata *list, const char *key, const double sums[VAE_METRIC_COUNT])
{
    char *value = list->values[list->count];
    size_t used = 0;
    for (int i = 0; i < VAE_METRIC_COUNT; ++i)
        used += (size_t)snprintf(value + used, VALUE_SIZE - used, i ? " %a" : "%a", sums[i]);
    add_text(list, key, value);
}

static void build_metadata(metadata *list, const vae_checkpoint *checkpoint, const char *config_text)
{
    const vae_progress *progress = &checkpoint->progress;
    add_text(list, "format", VAE_CHECKPOINT_FORMAT);
    add_value(list, "format_version", "%d", VAE_CHECKPOINT_VERSION);
    add_text(list, "weight_layout", "in,out");
    add_text(list, "config", config_text);
    add_value(list, "input.height", "%" PRId64, checkpoint->design.input.height);
    add_value(list, "input.width", "%" PRId64, checkpoint->design.input.width);
    add_value(list, "input.channels", "%" PRId64, checkpoint->design.input.channels);
    add_value(list, "input.scale", "%a", checkpoint->design.input.scale);
    add_value(list, "input.shift", "%a", checkpoint->design.input.shift);
    add_value(list, "seed", "%" PRId64, checkpoint->design.config.train.seed);
    add_value(list, "epoch", "%" PRId64, progress->epoch);
    add_value(list, "step", "%" PRId64, progress->step);
    add_value(list, "best_loss", "%a", progress->best_loss);
    add_value(list, "epochs_since_best", "%" PRId64, progress->epochs_since_best);
    add_sums(list, "epoch_sums", progress->epoch_sums);
    add_sums(list, "interval_sums", progress->interval_sums);
    add_value(list, "metric_lines", "%" PRId64, progress->metric_lines);
    add_value(list, "train_images", "%" PRId64, progress->train_images);
    if (checkpoint->design.input.dtype == VAE_FLOAT32) add_text(list, VAE_CHECKPOINT_INPUT_TYPE, "float32");
}

static vae_status write_tensors(const vae_checkpoint *checkpoint, const char *path, const metadata *list)
{
    const size_t capacity = (size_t)checkpoint->design.layout.count * VAE_SAVED_ARENAS;
    vae_safetensor *tensors = calloc(capacity + 1, sizeof *tensors);
    char(*names)[VAE_CHECKPOINT_NAME_SIZE] = calloc(capacity + 1, sizeof *names);
    vae_status status = VAE_OK;
    if (!tensors || !names) {
        status = vae_error_set(VAE_ERROR_MEMORY, "%s: no memory to write it", path);
    } else {
        int32_t count = 0;
        for (int i = 0; i < VAE_SAVED_ARENAS; ++i) {
            void *arena = checkpoint->arenas[vae_saved_arenas[i]];
            for (int32_t p = 0; arena && p < checkpoint->design.layout.count; ++p) {
                const vae_parameter *parameter = &checkpoint->design.layout.parameters[p];
                vae_checkpoint_tensor_name(names[count], vae_saved_arenas[i], parameter);
                tensors[count] =
                    (vae_safetensor){.name = names[count],
                                     .dtype = checkpoint->dtype,
                                     .shape = parameter->shape,
                                     .data = vae_checkpoint_at(arena, checkpoint->dtype, parameter->offset)};
                ++count;
            }
        }
        status = vae_safetensors_write(path, list->texts, list->count, tensors, count);
    }
    free(tensors);
    free(names);
    return status;
}

static vae_status write_in_c_locale(const vae_checkpoint *checkpoint, const char *path)
{
    VAE_TRY(vae_checkpoint_check_finite(checkpoint, path, VAE_ERROR_NUMERIC));
    vae_config config = checkpoint->design.config;
    config.run.out[0] = '\0';
    char *config_text = NULL;
    VAE_TRY(vae_config_format(&config, &config_text));
    metadata list = {.count = 0};
    build_metadata(&list, checkpoint, config_text);
    unsigned long sum = 0;
    for (int32_t i = 0; i < list.count; ++i)
        sum = vae_checkpoint_sum_text(vae_checkpoint_sum_text(sum, list.texts[i].key), list.texts[i].text);
    add_value(&list, "crc32", "%08lx", vae_checkpoint_sum_arenas(sum, checkpoint));
    const vae_status status = write_tensors(checkpoint, path, &list);
    free(config_text);
    return status;
}

vae_status vae_checkpoint_write(const vae_checkpoint *checkpoint, const char *path)
{
    locale_t c_locale;
    const locale_t before = vae_checkpoint_enter_locale(&c_locale);
    const vae_status status = write_in_c_locale(checkpoint, path);
    vae_checkpoint_leave_locale(c_locale, before);
    return status;
}
