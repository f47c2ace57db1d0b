/* Data sets in memory: what is in one, and its end. */
#include "data/dataset.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/key.h"
#include "data/label_values.h"

void vae_dataset_free(vae_dataset *dataset)
{
    if (!dataset->borrowed) {
        if (!dataset->mapping.start) free(dataset->values);
        if (!dataset->mapping.start) free(dataset->offsets);
        vae_mapping_close(&dataset->mapping);
        vae_classes_free(&dataset->vocabulary);
        free(dataset->labels);
        vae_classes_free(&dataset->classes);
        vae_classes_free(&dataset->column_names);
        free(dataset->names);
    }
    *dataset = (vae_dataset){0};
}

int64_t vae_dataset_elements(const vae_dataset *dataset)
{
    return dataset->height * dataset->width * dataset->channels;
}

int64_t vae_dataset_row_bytes(const vae_dataset *dataset)
{
    return vae_dataset_elements(dataset) * (int64_t)vae_dtype_size(dataset->dtype);
}

void vae_dataset_read(const vae_dataset *dataset, int64_t first, int64_t count, float *images)
{
    const int64_t row = vae_dataset_row_bytes(dataset), numbers = count * vae_dataset_elements(dataset);
    const uint8_t *from = dataset->values + first * row;
    if (dataset->dtype == VAE_FLOAT32) {
        memcpy(images, from, (size_t)(count * row));
    } else {
        for (int64_t i = 0; i < numbers; ++i)
            images[i] = (float)from[i] / 255.0f;
    }
}

vae_column vae_dataset_images(const vae_dataset *dataset)
{
    return (vae_column){.values = dataset->values,
                        .dtype = dataset->dtype,
                        .count = dataset->count,
                        .elements = vae_dataset_elements(dataset),
                        .offsets = dataset->offsets};
}

void vae_splits_add_note(vae_splits *splits, const char *format, ...)
{
    const size_t used = strlen(splits->note);
    if (used + 2 >= sizeof splits->note) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(splits->note + used + (used > 0), sizeof splits->note - used - 1, format, arguments);
    va_end(arguments);
    if (used > 0) splits->note[used] = '\n';
}

void vae_splits_free(vae_splits *splits)
{
    vae_dataset_free(&splits->validation);
    vae_dataset_free(&splits->train);
    vae_dataset_free(&splits->test);
    free(splits->mean);
    free(splits->deviation);
    splits->mean = splits->deviation = NULL;
}

/* Whether "3" may be meant as a name, even where no class is called so. */
static bool are_numbered(const vae_classes *classes)
{
    const char *name = classes->names;
    for (int64_t i = 0; i < classes->count; ++i, name += strlen(name) + 1) {
        if (vae_classes_is_integer(name)) return true;
    }
    return false;
}

vae_status vae_dataset_find_label(const vae_dataset *dataset, const char *option, const char *text, int64_t *label)
{
    const vae_classes *classes = &dataset->classes;
    if (!dataset->labels)
        return vae_error_set(VAE_ERROR_CONFIG, "%s: the %s have no labels", option, vae_kind_name(dataset->kind));
    *label = vae_classes_find(classes, text);
    if (*label >= 0) return VAE_OK;
    const char *nearest = vae_classes_nearest(classes, text);
    if (are_numbered(classes)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: no class is called '%s'%s%s%s", option, text,
                             nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    }
    char *end;
    const int64_t most = classes->count ? classes->count - 1 : VAE_PLAIN_LABELS - 1, number = strtoll(text, &end, 10);
    if (end != text && !*end && number >= 0 && number <= most) {
        *label = number;
        return VAE_OK;
    }
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: '%s' is not a class, or an integer from 0 to %" PRId64 "%s%s%s",
                         option, text, most, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                         nearest ? "'?" : "");
}
