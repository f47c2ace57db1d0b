/* Parts of a run's data: where they are, what they are called, and the one that is held out. */
#include "data/split_parts.h"

#include <inttypes.h>
#include <string.h>

#include "config/key.h"
#include "data/label_names.h"
#include "data/place.h"
#include "data/read.h"

vae_status vae_split_blame(const vae_config *config, vae_status status, const char *key)
{
    return vae_config_blame(config, vae_error_prepend(status, "[data] %s", key), "data", key);
}

vae_status vae_split_blame_path(const vae_config *config, vae_status status, const char *key, const char *path)
{
    return vae_split_blame(config, vae_place_explain(config, status, key, path), key);
}

void vae_split_find(const vae_config *config, const char *key, const char *path, vae_splits *splits, char *found)
{
    char note[VAE_PLACE_NOTE];
    vae_place_find(config, path, found, note);
    if (note[0]) vae_splits_add_note(splits, "[data] %s: %s", key, note);
}

vae_status vae_split_read_labels(const vae_config *config, vae_split_keys keys, vae_split_keys paths, int64_t limit,
                                 vae_splits *splits, vae_dataset *dataset)
{
    char found[VAE_PATH_SIZE];
    if (!paths.labels[0]) return VAE_OK;
    dataset->remarks.of[VAE_REMARK_UNUSED_LABELS] = (vae_remark){0};
    vae_split_find(config, keys.labels, paths.labels, splits, found);
    const vae_status status = vae_labels_read(found, limit, dataset);
    return status ? vae_split_blame_path(config, status, keys.labels, paths.labels) : VAE_OK;
}

vae_status vae_split_name_classes(const vae_config *config, vae_splits *splits)
{
    char path[VAE_PATH_SIZE];
    vae_status status = VAE_OK;
    vae_split_find(config, "class_names", config->data.class_names, splits, path);
    if (path[0]) status = vae_label_names_apply(path, &splits->train);
    if (path[0] && !status && splits->test.count > 0) status = vae_label_names_apply(path, &splits->test);
    if (status) return vae_split_blame_path(config, status, "class_names", config->data.class_names);
    status = vae_label_names_join(&splits->train, &splits->test);
    return status ? vae_split_blame(config, status, "test_labels") : VAE_OK;
}

/* Where the name of image `index` begins in the names. */
static size_t name_at(const vae_dataset *dataset, int64_t index)
{
    size_t at = 0;
    for (int64_t i = 0; i < index; ++i)
        at += strlen(dataset->names + at) + 1;
    return at;
}

/* Of sequences, offsets count from where the values of all begin. */
vae_status vae_split_hold_out(const vae_config *config, vae_splits *splits)
{
    const int64_t held_out = config->data.validation;
    if (held_out == 0) return VAE_OK;
    if (held_out >= splits->train.count) {
        const vae_status status = vae_error_set(
            VAE_ERROR_CONFIG, "%" PRId64 " %s are to be held out, but there are only %" PRId64 " in total", held_out,
            vae_kind_name(splits->train.kind), splits->train.count);
        return vae_split_blame(config, status, "validation");
    }
    vae_dataset *train = &splits->train;
    train->count -= held_out;
    splits->validation = *train;
    splits->validation.borrowed = true;
    splits->validation.first = train->count;
    splits->validation.remarks = (vae_remarks){0};
    splits->validation.count = held_out;
    if (train->offsets) {
        splits->validation.offsets += train->count;
    } else {
        splits->validation.values += train->count * vae_dataset_row_bytes(train);
    }
    if (train->labels) splits->validation.labels += train->count;
    if (train->names) {
        const size_t at = name_at(train, train->count);
        splits->validation.names += at;
        splits->validation.names_bytes -= at;
    }
    return VAE_OK;
}
