/* Turns lines of JSON into records; an error names file and line. */
#include "train/metrics_read.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW(name, text) text,
const char *const vae_metrics_split_names[VAE_SPLIT_COUNT] = {VAE_METRICS_SPLIT_MAP(ROW)};
#undef ROW

static vae_status read_integer(const json_t *object, const char *key, int64_t *value)
{
    const json_t *found = json_object_get(object, key);
    if (!json_is_integer(found) || json_integer_value(found) < 0) {
        return vae_error_set(VAE_ERROR_FORMAT, "'%s' is %s, expected a whole number from 0", key,
                             found ? "something else" : "missing");
    }
    *value = json_integer_value(found);
    return VAE_OK;
}

static vae_status read_split(const json_t *object, vae_metrics_split *split)
{
    const char *text = json_string_value(json_object_get(object, "split"));
    for (int i = 0; text && i < VAE_SPLIT_COUNT; ++i) {
        if (strcmp(text, vae_metrics_split_names[i]) != 0) continue;
        *split = (vae_metrics_split)i;
        return VAE_OK;
    }
    return vae_error_set(VAE_ERROR_FORMAT, "'split' is '%s', expected train, train_epoch, validation or test",
                         text ? text : "");
}

static vae_status read_field(const json_t *object, vae_metrics_field field, double *value)
{
    const vae_metrics_field_info *info = &vae_metrics_fields[field];
    const json_t *found = json_object_get(object, info->name);
    *value = NAN;
    if (json_is_number(found)) {
        *value = json_number_value(found);
    } else if (found ? !json_is_null(found) : info->presence == VAE_FIELD_NEEDED) {
        return vae_error_set(VAE_ERROR_FORMAT, "'%s' is %s, expected a number or null", info->name,
                             found ? "something else" : "missing");
    }
    return VAE_OK;
}

static vae_status read_kl_per_dimension(const json_t *object, vae_metrics_record *record)
{
    const json_t *list = json_object_get(object, "kl_per_dimension");
    const size_t count = json_array_size(list);
    if (!list || json_is_null(list)) return VAE_OK;
    if (count == 0) return vae_error_set(VAE_ERROR_FORMAT, "'kl_per_dimension' is not a list of numbers");
    record->kl_per_dimension = calloc(count, sizeof *record->kl_per_dimension);
    if (!record->kl_per_dimension) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    record->dimensions = (int64_t)count;
    for (size_t i = 0; i < count; ++i) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_number(value)) {
            return vae_error_set(VAE_ERROR_FORMAT, "'kl_per_dimension' holds something other than numbers");
        }
        record->kl_per_dimension[i] = (float)json_number_value(value);
    }
    return VAE_OK;
}

static vae_status read_object(const json_t *object, vae_metrics_record *record)
{
    VAE_TRY(read_integer(object, "epoch", &record->epoch));
    VAE_TRY(read_integer(object, "step", &record->step));
    VAE_TRY(read_split(object, &record->split));
    for (int field = 0; field < VAE_FIELD_COUNT; ++field)
        VAE_TRY(read_field(object, (vae_metrics_field)field, &record->values[field]));
    return read_kl_per_dimension(object, record);
}

static vae_status read_line(const char *text, vae_metrics_record *record)
{
    json_error_t error;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    vae_status status;
    if (json_is_object(object)) {
        status = read_object(object, record);
    } else {
        status = vae_error_set(VAE_ERROR_FORMAT, "is not a JSON object: %s", object ? "another value" : error.text);
    }
    json_decref(object);
    return status;
}

/* The record counts from here on, so that it is freed with the others if its line is bad. */
static vae_status add_record(vae_metrics_history *history, int64_t *capacity, vae_metrics_record **record)
{
    if (history->count == *capacity) {
        const int64_t wanted = *capacity ? 2 * *capacity : 256;
        vae_metrics_record *grown = realloc(history->records, (size_t)wanted * sizeof *grown);
        if (!grown) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
        history->records = grown;
        *capacity = wanted;
    }
    *record = &history->records[history->count++];
    **record = (vae_metrics_record){0};
    return VAE_OK;
}

static void drop_last(vae_metrics_history *history)
{
    free(history->records[--history->count].kl_per_dimension);
}

/* A run that was killed may have left half a line at the end, which counts for nothing. */
static vae_status read_lines(const char *path, FILE *file, vae_metrics_history *history)
{
    char *text = NULL;
    size_t size = 0;
    int64_t capacity = 0;
    vae_status status = VAE_OK;
    ssize_t length;
    while (!status && (length = getline(&text, &size, file)) >= 0) {
        vae_metrics_record *record;
        status = add_record(history, &capacity, &record);
        if (!status) status = read_line(text, record);
        if (status == VAE_ERROR_FORMAT && text[length - 1] != '\n') {
            drop_last(history);
            status = VAE_OK;
        }
        if (status) status = vae_error_prepend(status, "%s:%" PRId64, path, history->count);
    }
    if (!status && ferror(file)) status = vae_error_set(VAE_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
    free(text);
    return status;
}

vae_status vae_metrics_read(const char *path, vae_metrics_history *history)
{
    *history = (vae_metrics_history){0};
    FILE *file = fopen(path, "re");
    if (!file) return vae_error_set(VAE_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    const vae_status status = read_lines(path, file, history);
    fclose(file);
    return status;
}

void vae_metrics_history_free(vae_metrics_history *history)
{
    for (int64_t i = 0; i < history->count; ++i)
        free(history->records[i].kl_per_dimension);
    free(history->records);
    *history = (vae_metrics_history){0};
}
