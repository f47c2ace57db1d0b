/* What is read otherwise of checkpoints of version 1, which vae-cuda 0.1 wrote. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "model/checkpoint_internal.h"

enum { FIRST_METRICS = 5 /* that all files have; a sixth was added behind them */ };

/* From `least` to `most` numbers as %a writes them; those that are not there are 0. */
static vae_status get_numbers(const vae_safetensors_file *file, const char *path, const char *key, int least, int most,
                              double *values)
{
    const char *text;
    VAE_TRY(vae_checkpoint_get_text(file, path, key, &text));
    const char *next = text;
    memset(values, 0, (size_t)most * sizeof *values);
    for (int i = 0; i < most && (i < least || *next); ++i) {
        char *end;
        values[i] = strtod(next, &end);
        if (end == next || isnan(values[i])) return vae_checkpoint_bad_value(path, key, text, "numbers");
        next = end;
    }
    return *next ? vae_checkpoint_bad_value(path, key, text, "fewer numbers") : VAE_OK;
}

vae_status vae_checkpoint_read_sums_1(const vae_safetensors_file *file, const char *path, const char *key,
                                      double sums[VAE_METRIC_COUNT])
{
    return get_numbers(file, path, key, FIRST_METRICS, VAE_METRIC_BOUND + 1, sums);
}

/* ---- The checksum: some metadata, in this order, then names and data of the tensors in layout order ---- */

static const char *const checked_keys[] = {
    "format",         "format_version",    "weight_layout", "config",        "input.height", "input.width",
    "input.channels", "input.scale",       "input.shift",   "seed",          "epoch",        "step",
    "best_loss",      "epochs_since_best", "epoch_sums",    "interval_sums", "metric_lines", "train_images",
};
enum { CHECKED_KEYS = sizeof checked_keys / sizeof *checked_keys };

static unsigned long sum_text(unsigned long sum, const char *text)
{
    return crc32_z(sum, (const Bytef *)text, strlen(text) + 1);
}

static unsigned long sum_arenas(unsigned long sum, const vae_checkpoint *checkpoint)
{
    for (int i = 0; i < VAE_SAVED_ARENAS; ++i) {
        void *arena = checkpoint->arenas[vae_saved_arenas[i]];
        for (int32_t p = 0; arena && p < checkpoint->design.layout.count; ++p) {
            const vae_parameter *parameter = &checkpoint->design.layout.parameters[p];
            char name[VAE_CHECKPOINT_NAME_SIZE];
            vae_checkpoint_tensor_name(name, vae_saved_arenas[i], parameter);
            sum = sum_text(sum, name);
            sum = crc32_z(sum, (const Bytef *)vae_checkpoint_at(arena, checkpoint->dtype, parameter->offset),
                          (size_t)vae_shape_elements(&parameter->shape) * vae_dtype_size(checkpoint->dtype));
        }
    }
    return sum;
}

vae_status vae_checkpoint_check_sum_1(const vae_safetensors_file *file, const char *path,
                                      const vae_checkpoint *checkpoint)
{
    const char *text = vae_safetensors_metadata(file, "crc32");
    unsigned long sum = 0;
    char expected[VAE_CHECKPOINT_SUM_SIZE];
    if (!text) return VAE_OK;
    for (int i = 0; i < CHECKED_KEYS; ++i) {
        const char *value;
        VAE_TRY(vae_checkpoint_get_text(file, path, checked_keys[i], &value));
        sum = sum_text(sum_text(sum, checked_keys[i]), value);
    }
    snprintf(expected, sizeof expected, "%08lx", sum_arenas(sum, checkpoint));
    if (strcmp(text, expected) == 0) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is damaged: its content has checksum %s, but its metadata says %.16s",
                         path, expected, text);
}
