/* Checkpoints written: metadata as a list of texts in the C locale, tensors in layout order, attachments, a checksum
 * over all. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/checkpoint_internal.h"

/* What a file is made of; grows as it is added to. */
typedef struct contents {
    vae_safetensors_text *texts; /* owned, with keys and texts */
    int32_t text_count;
    vae_safetensor *tensors; /* owned, with names */
    int32_t tensor_count;
    bool failed; /* memory was lacking */
} contents;

static void free_contents(contents *c)
{
    for (int32_t i = 0; i < c->text_count; ++i) {
        free((char *)c->texts[i].key);
        free((char *)c->texts[i].text);
    }
    for (int32_t i = 0; i < c->tensor_count; ++i)
        free((char *)c->tensors[i].name);
    free(c->texts);
    free(c->tensors);
}

/* ---- Metadata ---- */

static void add_text(contents *c, const char *key, const char *text)
{
    vae_safetensors_text *grown = realloc(c->texts, (size_t)(c->text_count + 1) * sizeof *grown);
    if (grown) c->texts = grown;
    const vae_safetensors_text made = {strdup(key), strdup(text)};
    if (grown && made.key && made.text) {
        grown[c->text_count++] = made;
        return;
    }
    c->failed = true;
    free((char *)made.key);
    free((char *)made.text);
}

static void add_integer(contents *c, const char *key, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    add_text(c, key, text);
}

/* Read back to the same bits. */
static void add_number(contents *c, const char *key, double value)
{
    char text[64];
    snprintf(text, sizeof text, "%a", value);
    add_text(c, key, text);
}

static void add_sums(contents *c, const char *key, const double sums[VAE_METRIC_COUNT])
{
    for (int i = 0; i < VAE_METRIC_COUNT; ++i) {
        char name[64];
        snprintf(name, sizeof name, "%s.%s", key, vae_checkpoint_metric_names[i]);
        add_number(c, name, sums[i]);
    }
}

static vae_status add_config(contents *c, const vae_checkpoint *checkpoint)
{
    vae_config config = checkpoint->design.config;
    char *text = NULL;
    config.run.out[0] = '\0';
    VAE_TRY(vae_config_format(&config, &text));
    add_text(c, "config", text);
    free(text);
    return VAE_OK;
}

static vae_status add_metadata(contents *c, const vae_checkpoint *checkpoint)
{
    const vae_progress *progress = &checkpoint->progress;
    const vae_input *input = &checkpoint->design.input;
    add_text(c, "format", VAE_CHECKPOINT_FORMAT);
    add_integer(c, "format_version", VAE_CHECKPOINT_VERSION);
    add_text(c, "weight_layout", "in,out");
    VAE_TRY(add_config(c, checkpoint));
    add_integer(c, "input.height", input->height);
    add_integer(c, "input.width", input->width);
    add_integer(c, "input.channels", input->channels);
    add_number(c, "input.scale", input->scale);
    add_number(c, "input.shift", input->shift);
    add_text(c, "input.type", input->dtype == VAE_UINT8 ? "uint8" : input->dtype == VAE_INT32 ? "int32" : "float32");
    if (input->kind != VAE_KIND_IMAGE) {
        add_text(c, "input.kind", vae_checkpoint_kind_names[input->kind]);
        add_integer(c, "input.longest", input->longest);
        add_integer(c, "input.vocabulary", input->vocabulary);
    }
    add_integer(c, "seed", checkpoint->design.config.train.seed);
    add_integer(c, "epoch", progress->epoch);
    add_integer(c, "step", progress->step);
    add_number(c, "best_loss", progress->best_loss);
    add_integer(c, "epochs_since_best", progress->epochs_since_best);
    add_integer(c, "schedule_waits", progress->schedule_waits);
    add_integer(c, "schedule_drops", progress->schedule_drops);
    if (progress->encoder_updates > 0) {
        add_integer(c, "encoder_updates", progress->encoder_updates);
        add_integer(c, "encoder_caught_up", progress->encoder_caught_up);
        add_number(c, "mutual_information", progress->mutual_information);
    }
    add_sums(c, "epoch_sums", progress->epoch_sums);
    add_sums(c, "interval_sums", progress->interval_sums);
    add_integer(c, "metric_lines", progress->metric_lines);
    add_integer(c, "train_images", progress->train_images);
    return VAE_OK;
}

/* ---- Tensors ---- */

static void add_tensor(contents *c, const vae_safetensor *tensor)
{
    vae_safetensor *grown = realloc(c->tensors, (size_t)(c->tensor_count + 1) * sizeof *grown);
    if (grown) c->tensors = grown;
    char *name = strdup(tensor->name);
    if (!grown || !name) {
        c->failed = true;
        free(name);
        return;
    }
    grown[c->tensor_count] = *tensor;
    grown[c->tensor_count++].name = name;
}

static void add_tensors(contents *c, const vae_checkpoint *checkpoint)
{
    const vae_layout *layout = &checkpoint->design.layout;
    for (int i = 0; i < VAE_SAVED_ARENAS; ++i) {
        void *arena = checkpoint->arenas[vae_saved_arenas[i]];
        for (int32_t p = 0; arena && p < layout->count; ++p) {
            char name[VAE_CHECKPOINT_NAME_SIZE];
            const vae_parameter *parameter = &layout->parameters[p];
            vae_checkpoint_tensor_name(name, vae_saved_arenas[i], parameter);
            add_tensor(c, &(vae_safetensor){.name = name,
                                            .dtype = checkpoint->dtype,
                                            .shape = parameter->shape,
                                            .data = vae_checkpoint_at(arena, checkpoint->dtype, parameter->offset)});
        }
    }
    /* Bytes come last, so that all numbers are aligned. */
    for (int32_t i = 0; i < checkpoint->attachment_count; ++i) {
        const vae_attachment *attachment = &checkpoint->attachments[i];
        add_tensor(c, &(vae_safetensor){.name = attachment->name,
                                        .dtype = VAE_UINT8,
                                        .shape = vae_shape_vector(attachment->size),
                                        .data = attachment->data});
    }
}

/* ---- The file ---- */

static vae_status write_contents(contents *c, const vae_checkpoint *checkpoint, const char *path)
{
    char sum[VAE_CHECKPOINT_SUM_SIZE];
    VAE_TRY(add_metadata(c, checkpoint));
    add_tensors(c, checkpoint);
    if (!c->failed) VAE_TRY(vae_checkpoint_sum(path, c->texts, c->text_count, c->tensors, c->tensor_count, sum));
    if (!c->failed) add_text(c, "crc32", sum);
    if (c->failed) return vae_error_set(VAE_ERROR_MEMORY, "%s: no memory to write it", path);
    return vae_safetensors_write(path, c->texts, c->text_count, c->tensors, c->tensor_count);
}

vae_status vae_checkpoint_write(const vae_checkpoint *checkpoint, const char *path)
{
    locale_t c_locale;
    contents c = {0};
    VAE_TRY(vae_checkpoint_check_finite(checkpoint, path, VAE_ERROR_NUMERIC));
    const locale_t before = vae_checkpoint_enter_locale(&c_locale);
    const vae_status status = write_contents(&c, checkpoint, path);
    vae_checkpoint_leave_locale(c_locale, before);
    free_contents(&c);
    return status;
}
