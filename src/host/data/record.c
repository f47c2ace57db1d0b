/* data.json, a run's record of its data. */
#include "data/record.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/key.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "data/place.h"

enum { SAMPLE_IMAGES = 256, SAMPLE_BYTES = 1 << 22, MAX_RECORD = 1 << 20 };

/* ---- A sample of the bytes ---- */

static void add_item(const vae_dataset *dataset, int64_t item, vae_hash *hash)
{
    const int64_t row = vae_dataset_row_bytes(dataset);
    const int64_t first = dataset->offsets ? dataset->offsets[item] : item;
    const int64_t end = dataset->offsets ? dataset->offsets[item + 1] : item + 1;
    vae_hash_add(hash, dataset->values + first * row, (size_t)((end - first) * row));
}

/* Images spread evenly, the first and the last among them: few of large ones. The rule is part of the file's format. */
void vae_fingerprint_take(const vae_dataset *dataset, vae_fingerprint *fingerprint)
{
    const int64_t bytes = vae_dataset_row_bytes(dataset);
    *fingerprint = (vae_fingerprint){
        .images = dataset->count, .height = dataset->height, .width = dataset->width, .channels = dataset->channels};
    if (dataset->count == 0) return;
    int64_t samples = SAMPLE_BYTES / bytes;
    if (samples > SAMPLE_IMAGES) samples = SAMPLE_IMAGES;
    if (samples < 2) samples = 2;
    if (samples > dataset->count) samples = dataset->count;
    vae_hash hash = {0};
    for (int64_t i = 0; i < samples; ++i) {
        const int64_t image =
            samples == 1 ? 0 : (int64_t)((double)i * (double)(dataset->count - 1) / (double)(samples - 1));
        add_item(dataset, image, &hash);
    }
    vae_hash_format(&hash, fingerprint->sample);
}

/* ---- Writing ---- */

static json_t *fingerprint_to_json(const vae_fingerprint *f)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:s}", "images", (json_int_t)f->images, "height", (json_int_t)f->height,
                     "width", (json_int_t)f->width, "channels", (json_int_t)f->channels, "sample", f->sample);
}

/* A folder that is not there any more, or whose name is not text, is left out. */
static void add_folder(json_t *folders, const char *folder, const char *run)
{
    char way[VAE_PATH_SIZE];
    char *whole = realpath(folder, NULL);
    if (whole && run && strcmp(whole, run) != 0 && vae_place_way(run, whole, way)) {
        json_t *entry = json_pack("{s:s, s:s}", "folder", whole, "from_run", way);
        bool known = !entry;
        for (size_t i = 0; i < json_array_size(folders); ++i)
            known = known || json_equal(json_array_get(folders, i), entry);
        if (known) {
            json_decref(entry);
        } else {
            json_array_append_new(folders, entry);
        }
    }
    free(whole);
}

static json_t *make_record(const char *folder, const vae_config *config, const vae_splits *splits)
{
    char *run = realpath(folder, NULL);
    json_t *folders = json_array();
    add_folder(folders, ".", run);
    for (int i = 0; i < config->places.count; ++i)
        add_folder(folders, config->places.folder[i], run);
    free(run);
    json_t *record = json_pack("{s:o, s:o}", "folders", folders, "train", fingerprint_to_json(&splits->train_print));
    if (record && splits->validation_print.images > 0) {
        json_object_set_new(record, "validation", fingerprint_to_json(&splits->validation_print));
    }
    if (record && splits->test_print.images > 0) {
        json_object_set_new(record, "test", fingerprint_to_json(&splits->test_print));
    }
    return record;
}

vae_status vae_record_write(const char *path, const char *folder, const vae_config *config, const vae_splits *splits)
{
    json_t *record = make_record(folder, config, splits);
    const vae_status status = vae_json_write_soon(path, record);
    json_decref(record);
    return status;
}

/* ---- Reading ---- */

/* NULL where there is none. */
static json_t *read_record(const char *path)
{
    void *text;
    size_t size;
    if (!path[0] || !vae_path_exists(path) || vae_file_read(path, MAX_RECORD, &text, &size)) return NULL;
    json_t *record = json_loadb(text, size, 0, NULL);
    free(text);
    return record;
}

void vae_record_use(const char *path, const char *folder, vae_config *config)
{
    snprintf(config->places.record, sizeof config->places.record, "%s", path);
    config->places.of_run = true;
    vae_place_add(config, folder[0] ? folder : ".");
    json_t *record = read_record(path);
    const json_t *folders = json_object_get(record, "folders");
    for (size_t i = 0; i < json_array_size(folders); ++i) {
        const json_t *entry = json_array_get(folders, i);
        const char *way = json_string_value(json_object_get(entry, "from_run"));
        const char *whole = json_string_value(json_object_get(entry, "folder"));
        char joined[VAE_PATH_SIZE];
        if (way && !vae_path_join(joined, sizeof joined, folder, way)) vae_place_add(config, joined);
        if (whole) vae_place_add(config, whole);
    }
    json_decref(record);
}

/* ---- Checking ---- */

/* What of the two differs, for a message that goes on with what the data are; NULL if nothing does. */
static const char *compare(const json_t *before, const vae_fingerprint *now)
{
    const char *sample = json_string_value(json_object_get(before, "sample"));
    if (json_integer_value(json_object_get(before, "images")) != now->images) return "another number of";
    if (json_integer_value(json_object_get(before, "height")) != now->height ||
        json_integer_value(json_object_get(before, "width")) != now->width ||
        json_integer_value(json_object_get(before, "channels")) != now->channels) {
        return "another shape of";
    }
    return sample && strcmp(sample, now->sample) == 0 ? NULL : "other";
}

static vae_status check_part(const vae_config *config, vae_splits *splits, const json_t *before, const char *key,
                             const vae_fingerprint *now)
{
    if (!before || now->images == 0) return VAE_OK;
    const char *difference = compare(before, now), *kind = vae_kind_name(splits->train.kind);
    if (!difference) return VAE_OK;
    const json_int_t images = json_integer_value(json_object_get(before, "images"));
    if (config->places.check == VAE_RECORD_FAIL) {
        char shape[96] = ""; /* sequences have none */
        if (splits->train.kind == VAE_KIND_IMAGE) {
            snprintf(shape, sizeof shape, " of %" PRId64 "x%" PRId64 "x%" PRId64, now->height, now->width,
                     now->channels);
        }
        return vae_error_set(VAE_ERROR_CONFIG,
                             "[data] %s: holds %s %s than the run was trained with, by its record (%" PRId64
                             "%s now, %" PRId64 " then); to use them anyway, move %s away",
                             key, difference, kind, now->images, shape, (int64_t)images, config->places.record);
    }
    vae_splits_add_note(splits, "[data] %s: holds %s %s than the run was trained with", key, difference, kind);
    return VAE_OK;
}

/* Runs of earlier versions kept only how many training images there were. */
static vae_status check_count(const vae_config *config, vae_splits *splits)
{
    const int64_t before = config->places.train_images, now = splits->train_print.images - config->data.validation;
    if (config->places.check != VAE_RECORD_FAIL) return VAE_OK;
    if (before > 0 && before != now) {
        return vae_error_set(VAE_ERROR_CONFIG,
                             "[data] train_data: the run was started with %" PRId64 " training %s, now there are "
                             "%" PRId64,
                             before, vae_kind_name(splits->train.kind), now);
    }
    vae_splits_add_note(splits, "the run has no record of its data (%s): only their number and shape could be checked",
                        config->places.record);
    return VAE_OK;
}

vae_status vae_record_check(const vae_config *config, vae_splits *splits)
{
    if (!config->places.record[0] || config->places.check == VAE_RECORD_IGNORE) return VAE_OK;
    json_t *record = read_record(config->places.record);
    vae_status status = VAE_OK;
    if (!json_is_object(json_object_get(record, "train"))) {
        status = check_count(config, splits);
    } else {
        status = check_part(config, splits, json_object_get(record, "train"), "train_data", &splits->train_print);
        if (!status) {
            status = check_part(config, splits, json_object_get(record, "validation"), "validation_data",
                                &splits->validation_print);
        }
        if (!status) {
            status = check_part(config, splits, json_object_get(record, "test"), "test_data", &splits->test_print);
        }
    }
    json_decref(record);
    return status;
}
