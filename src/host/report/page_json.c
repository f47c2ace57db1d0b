/* A run's metrics as columns of Base64, and the rest of what scripts ask for, in one JSON object. */
#include "report/page_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_table.h"
#include "core/file.h"
#include "core/json.h"
#include "core/utf8.h"
#include "report/base64.h"

/* ---- Metrics, by column: a run may have many thousand lines ---- */

static json_t *base64_json(const void *data, size_t size)
{
    char *text = vae_base64_encode(data, size);
    json_t *string = text ? json_string(text) : NULL;
    free(text);
    return string;
}

/* Floats do for curves; step and epoch stay exact as doubles. */
static json_t *write_column(const double *values, int64_t count, bool exact)
{
    bool constant = isfinite(values[0]);
    for (int64_t i = 1; i < count; ++i)
        constant = constant && values[i] == values[0];
    if (constant) return json_pack("{s:f}", "constant", values[0]);
    if (exact) return json_pack("{s:o}", "f64", base64_json(values, (size_t)count * sizeof *values));
    float *rounded = malloc((size_t)count * sizeof *rounded);
    if (!rounded) return NULL;
    for (int64_t i = 0; i < count; ++i)
        rounded[i] = (float)values[i];
    json_t *column = json_pack("{s:o}", "f32", base64_json(rounded, (size_t)count * sizeof *rounded));
    free(rounded);
    return column;
}

enum { COLUMN_STEP = VAE_FIELD_COUNT, COLUMN_EPOCH, COLUMN_COUNT };

static double value_of(const vae_metrics_record *record, int column)
{
    if (column == COLUMN_STEP) return (double)record->step;
    return column == COLUMN_EPOCH ? (double)record->epoch : record->values[column];
}

/* `values` has room for every record. */
static int64_t take_column(const vae_metrics_history *history, vae_metrics_split split, int column, double *values,
                           bool *any)
{
    int64_t count = 0;
    *any = false;
    for (int64_t i = 0; i < history->count; ++i) {
        if (history->records[i].split != split) continue;
        values[count] = value_of(&history->records[i], column);
        *any = *any || !isnan(values[count]);
        ++count;
    }
    return count;
}

/* Rows are the lines of this split that have the list, as many numbers each as the first of them. */
static json_t *write_kl_per_dimension(const vae_metrics_history *history, vae_metrics_split split, double *values)
{
    int64_t rows = 0, line = 0, dimensions = 0;
    float *numbers = NULL;
    for (int64_t i = 0; i < history->count; ++i) {
        const vae_metrics_record *record = &history->records[i];
        if (record->split != split) continue;
        const int64_t at = line++;
        if (!record->kl_per_dimension || (dimensions && record->dimensions != dimensions)) continue;
        dimensions = record->dimensions;
        float *grown = realloc(numbers, (size_t)((rows + 1) * dimensions) * sizeof *grown);
        if (!grown) break;
        numbers = grown;
        memcpy(numbers + rows * dimensions, record->kl_per_dimension, (size_t)dimensions * sizeof *numbers);
        values[rows++] = (double)at;
    }
    json_t *made = rows == 0 ? NULL
                             : json_pack("{s:I, s:o, s:o}", "dimensions", (json_int_t)dimensions, "rows",
                                         write_column(values, rows, true), "f32",
                                         base64_json(numbers, (size_t)(rows * dimensions) * sizeof *numbers));
    free(numbers);
    return made;
}

static json_t *write_split(const vae_metrics_history *history, vae_metrics_split split, double *values)
{
    json_t *object = json_object();
    bool any;
    const int64_t count = take_column(history, split, COLUMN_STEP, values, &any);
    json_object_set_new(object, "count", json_integer(count));
    for (int column = 0; column < COLUMN_COUNT && count > 0; ++column) {
        take_column(history, split, column, values, &any);
        if (!any) continue;
        const char *name = column == COLUMN_STEP    ? "step"
                           : column == COLUMN_EPOCH ? "epoch"
                                                    : vae_metrics_fields[column].name;
        json_object_set_new(object, name, write_column(values, count, column >= VAE_FIELD_COUNT));
    }
    json_t *kl = write_kl_per_dimension(history, split, values);
    if (kl) json_object_set_new(object, "kl_per_dimension", kl);
    return object;
}

static json_t *write_metrics(const vae_metrics_history *history)
{
    double *values = malloc(((size_t)history->count + 1) * sizeof *values);
    if (!values) return NULL;
    json_t *object = json_object();
    for (int split = 0; split < VAE_SPLIT_COUNT; ++split) {
        json_object_set_new(object, vae_metrics_split_names[split],
                            write_split(history, (vae_metrics_split)split, values));
    }
    free(values);
    return object;
}

/* ---- The rest ---- */

static json_t *write_config(const vae_config *config)
{
    json_t *list = json_array();
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        if (!vae_config_has_key(config, i)) continue;
        char *text = NULL;
        size_t size;
        FILE *stream = open_memstream(&text, &size);
        if (!stream) break;
        vae_key_write(key, vae_config_value(config, i), stream);
        fclose(stream);
        json_array_append_new(list, json_pack("[s, s, s]", key->section, key->name, text));
        free(text);
    }
    return list;
}

static json_t *write_pictures(const vae_page_run *run)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < run->picture_count; ++i) {
        const vae_page_picture *picture = &run->pictures[i];
        json_array_append_new(list, json_pack("{s:I, s:b, s:b}", "epoch", (json_int_t)picture->epoch, "samples",
                                              picture->samples, "reconstructions", picture->reconstructions));
    }
    return list;
}

static json_t *write_classes(const vae_classes *classes)
{
    json_t *list = json_array();
    const char *name = classes->names;
    for (int64_t i = 0; i < classes->count; ++i, name += strlen(name) + 1) {
        char shown[1024]; /* names of folders may be any bytes */
        vae_utf8_show(name, shown, sizeof shown);
        json_array_append_new(list, json_string(shown));
    }
    return list;
}

/* "mnist" of "runs/mnist/" */
static json_t *write_name(const char *folder)
{
    int length;
    const char *start = vae_path_name(folder, &length);
    char *name = strndup(start, (size_t)length);
    json_t *text = name ? vae_json_text(name) : NULL;
    free(name);
    return text;
}

json_t *vae_page_fields_json(void)
{
    json_t *list = json_array();
    for (int i = 0; i < VAE_FIELD_COUNT; ++i) {
        const vae_metrics_field_info *field = &vae_metrics_fields[i];
        json_array_append_new(
            list, json_pack("[s, s, s, b]", field->name, field->title, field->unit, field->sign == VAE_NOT_NEGATIVE));
    }
    return list;
}

json_t *vae_page_run_json(const vae_page_run *run)
{
    static const char *const kinds[] = {[VAE_KIND_IMAGE] = "image",
                                        [VAE_KIND_TEXT] = "text",
                                        [VAE_KIND_DRAWING] = "drawing",
                                        [VAE_KIND_MUSIC] = "music"};
    const vae_checkpoint *c = &run->checkpoint;
    json_t *images =
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:b}", "kind", kinds[c->design.input.kind], "longest",
                  (json_int_t)c->design.input.longest, "vocabulary", (json_int_t)c->design.input.vocabulary, "height",
                  (json_int_t)c->design.input.height, "width", (json_int_t)c->design.input.width, "channels",
                  (json_int_t)c->design.input.channels, "scale", c->design.input.scale, "shift", c->design.input.shift,
                  "numbers", c->design.input.dtype == VAE_FLOAT32);
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:s, s:o, s:O?, s:O?, s:O?, s:O?, s:O?}",
        "name", write_name(run->folder.path), "folder", vae_json_text(run->folder.path), "checkpoint",
        vae_json_text(run->checkpoint_path), "images", images, "latent", (json_int_t)c->design.traits.latent,
        "parameters", (json_int_t)vae_layout_parameter_count(&c->design.layout), "epoch", (json_int_t)c->progress.epoch,
        "step", (json_int_t)c->progress.step, "train_images", (json_int_t)c->progress.train_images, "config",
        write_config(&c->design.config), "metrics", write_metrics(&run->history), "pictures", write_pictures(run),
        "pictures_found", (json_int_t)run->pictures_found, "listing", run->listing ? run->listing : "", "classes",
        write_classes(&run->classes), "machine", run->machine, "columns", run->columns, "sketches", run->sketches,
        "sentences", run->sentences, "music", run->music);
}
