/* What the file of a checkpoint is made of: names of tensors, the locale of its numbers, its checksum. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "data/music_tokens.h"
#include "data/vocabulary.h"
#include "model/checkpoint_internal.h"

const vae_arena vae_saved_arenas[VAE_SAVED_ARENAS] = {VAE_ARENA_PARAMETERS, VAE_ARENA_FIRST_MOMENT,
                                                      VAE_ARENA_SECOND_MOMENT};

static const char *tensor_prefix(vae_arena arena)
{
    if (arena == VAE_ARENA_FIRST_MOMENT) return "adam.first_moment.";
    return arena == VAE_ARENA_SECOND_MOMENT ? "adam.second_moment." : "";
}

void vae_checkpoint_tensor_name(char name[VAE_CHECKPOINT_NAME_SIZE], vae_arena arena, const vae_parameter *parameter)
{
    snprintf(name, VAE_CHECKPOINT_NAME_SIZE, "%s%s", tensor_prefix(arena), parameter->name);
}

char *vae_checkpoint_at(void *arena, vae_dtype dtype, int64_t offset)
{
    return (char *)arena + (size_t)offset * vae_dtype_size(dtype);
}

locale_t vae_checkpoint_enter_locale(locale_t *c_locale)
{
    *c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return *c_locale ? uselocale(*c_locale) : (locale_t)0;
}

void vae_checkpoint_leave_locale(locale_t c_locale, locale_t before)
{
    if (!c_locale) return;
    uselocale(before);
    freelocale(c_locale);
}

/* Index of the first NaN or infinity among `count` numbers, or -1. */
static int64_t first_nonfinite(const void *values, vae_dtype dtype, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) {
        const bool finite =
            dtype == VAE_FLOAT64 ? isfinite(((const double *)values)[i]) : isfinite(((const float *)values)[i]);
        if (!finite) return i;
    }
    return -1;
}

vae_status vae_checkpoint_check_finite(const vae_checkpoint *checkpoint, const char *path, vae_status failure)
{
    for (int i = 0; i < VAE_SAVED_ARENAS; ++i) {
        void *arena = checkpoint->arenas[vae_saved_arenas[i]];
        for (int32_t p = 0; arena && p < checkpoint->design.layout.count; ++p) {
            const vae_parameter *parameter = &checkpoint->design.layout.parameters[p];
            const int64_t bad = first_nonfinite(vae_checkpoint_at(arena, checkpoint->dtype, parameter->offset),
                                                checkpoint->dtype, vae_shape_elements(&parameter->shape));
            if (bad < 0) continue;
            char name[VAE_CHECKPOINT_NAME_SIZE];
            vae_checkpoint_tensor_name(name, vae_saved_arenas[i], parameter);
            return vae_error_set(failure, "%s: %stensor '%s' holds a NaN or an infinity at element %" PRId64, path,
                                 failure == VAE_ERROR_NUMERIC ? "not written: " : "", name, bad);
        }
    }
    return VAE_OK;
}

double vae_checkpoint_log_deviation(const vae_checkpoint *checkpoint)
{
    const vae_layout *layout = &checkpoint->design.layout;
    const int32_t index = vae_layout_find(layout, "data.deviation");
    if (index < 0) return 0.0;
    const vae_parameter *deviation = &layout->parameters[index];
    const void *values =
        vae_checkpoint_at(checkpoint->arenas[VAE_ARENA_PARAMETERS], checkpoint->dtype, deviation->offset);
    double sum = 0.0;
    for (int64_t i = 0; i < vae_shape_elements(&deviation->shape); ++i)
        sum += log(checkpoint->dtype == VAE_FLOAT64 ? ((const double *)values)[i] : (double)((const float *)values)[i]);
    return sum;
}

/* ---- The checksum ---- */

const char *const vae_checkpoint_metric_names[VAE_METRIC_COUNT] = {
    [VAE_METRIC_RECONSTRUCTION] = "reconstruction",
    [VAE_METRIC_KL] = "kl",
    [VAE_METRIC_ROWS] = "rows",
    [VAE_METRIC_GRADIENT_NORM] = "gradient_norm",
    [VAE_METRIC_STEPS] = "steps",
    [VAE_METRIC_BOUND] = "bound",
    [VAE_METRIC_SEQUENCE_STEPS] = "sequence_steps",
    [VAE_METRIC_ENCODER_UPDATES] = "encoder_updates",
};

const char *const vae_checkpoint_kind_names[VAE_KIND_COUNT] = {
    [VAE_KIND_IMAGE] = "image", [VAE_KIND_TEXT] = "text", [VAE_KIND_DRAWING] = "drawing", [VAE_KIND_MUSIC] = "music"};

static int by_key(const void *left, const void *right)
{
    return strcmp(((const vae_safetensors_text *)left)->key, ((const vae_safetensors_text *)right)->key);
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const vae_safetensor *)left)->name, ((const vae_safetensor *)right)->name);
}

static unsigned long sum_text(unsigned long sum, const char *text)
{
    return crc32_z(sum, (const Bytef *)text, strlen(text) + 1);
}

static unsigned long sum_tensor(unsigned long sum, const vae_safetensor *tensor)
{
    char shape[96];
    sum = sum_text(sum_text(sum, tensor->name), vae_safetensors_dtype_name(tensor->dtype));
    sum = sum_text(sum, vae_shape_format(&tensor->shape, shape, sizeof shape));
    return crc32_z(sum, tensor->data, (size_t)vae_shape_elements(&tensor->shape) * vae_dtype_size(tensor->dtype));
}

vae_status vae_checkpoint_sum(const char *path, const vae_safetensors_text *texts, int32_t text_count,
                              const vae_safetensor *tensors, int32_t tensor_count, char sum[VAE_CHECKPOINT_SUM_SIZE])
{
    vae_safetensors_text *sorted_texts = calloc((size_t)text_count + 1, sizeof *sorted_texts);
    vae_safetensor *sorted_tensors = calloc((size_t)tensor_count + 1, sizeof *sorted_tensors);
    if (sorted_texts && sorted_tensors) {
        unsigned long value = 0;
        if (text_count > 0) memcpy(sorted_texts, texts, (size_t)text_count * sizeof *texts);
        if (tensor_count > 0) memcpy(sorted_tensors, tensors, (size_t)tensor_count * sizeof *tensors);
        qsort(sorted_texts, (size_t)text_count, sizeof *texts, by_key);
        qsort(sorted_tensors, (size_t)tensor_count, sizeof *tensors, by_name);
        for (int32_t i = 0; i < text_count; ++i) {
            if (strcmp(sorted_texts[i].key, "crc32") == 0) continue;
            value = sum_text(sum_text(value, sorted_texts[i].key), sorted_texts[i].text);
        }
        for (int32_t i = 0; i < tensor_count; ++i)
            value = sum_tensor(value, &sorted_tensors[i]);
        snprintf(sum, VAE_CHECKPOINT_SUM_SIZE, "%08lx", value);
    }
    const bool done = sorted_texts && sorted_tensors;
    free(sorted_texts);
    free(sorted_tensors);
    return done ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "%s: no memory for its checksum", path);
}

/* ---- Attachments ---- */

vae_status vae_checkpoint_attach(vae_checkpoint *checkpoint, const char *name, const void *data, int64_t size)
{
    const size_t count = (size_t)checkpoint->attachment_count;
    vae_attachment *grown = realloc(checkpoint->attachments, (count + 1) * sizeof *grown);
    if (grown) checkpoint->attachments = grown;
    char *copy = grown ? malloc((size_t)size) : NULL;
    if (!copy) return vae_error_set(VAE_ERROR_MEMORY, "checkpoint: out of memory");
    memcpy(copy, data, (size_t)size);
    grown[count] = (vae_attachment){.size = size, .data = copy};
    snprintf(grown[count].name, sizeof grown[count].name, "%s", name);
    checkpoint->attachment_count++;
    return VAE_OK;
}

const vae_attachment *vae_checkpoint_attached(const vae_checkpoint *checkpoint, const char *name)
{
    for (int32_t i = 0; i < checkpoint->attachment_count; ++i) {
        if (strcmp(checkpoint->attachments[i].name, name) == 0) return &checkpoint->attachments[i];
    }
    return NULL;
}

vae_status vae_checkpoint_vocabulary(const vae_checkpoint *checkpoint, vae_classes *vocabulary)
{
    static const char owner[] = "the checkpoint's vocabulary";
    const vae_attachment *names = vae_checkpoint_attached(checkpoint, VAE_ATTACHMENT_VOCABULARY);
    const int64_t tokens = checkpoint->design.input.vocabulary;
    *vocabulary = (vae_classes){0};
    if (checkpoint->design.input.kind == VAE_KIND_MUSIC) {
        VAE_TRY(vae_music_vocabulary(checkpoint->design.config.data.music_part, vocabulary));
    } else if (names) {
        VAE_TRY(vae_vocabulary_take(owner, (const char *)names->data, (size_t)names->size, vocabulary));
    }
    const int64_t found = vocabulary->count;
    if (found == tokens) return VAE_OK;
    vae_classes_free(vocabulary);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: has %" PRId64 " tokens, but the model is of %" PRId64, owner, found,
                         tokens);
}

void vae_checkpoint_free(vae_checkpoint *checkpoint)
{
    vae_design_free(&checkpoint->design);
    for (int i = 0; i < VAE_ARENA_COUNT; ++i)
        free(checkpoint->arenas[i]);
    for (int32_t i = 0; i < checkpoint->attachment_count; ++i)
        free(checkpoint->attachments[i].data);
    free(checkpoint->attachments);
    *checkpoint = (vae_checkpoint){0};
}
