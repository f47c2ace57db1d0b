/* Opens training, validation and test sequences, the latter two by what the first has made known. */
#include "data/sequence_splits.h"

#include <string.h>

#include "config/family_keys.h"
#include "data/record.h"
#include "data/sequences.h"
#include "data/split_parts.h"

static int64_t limit_of(const vae_config *config, const char *part)
{
    if (strcmp(part, "train") == 0) return config->data.limit;
    return strcmp(part, "test") == 0 ? config->data.test_limit : 0;
}

vae_sequence_options vae_sequence_options_of(const vae_config *config, const char *part, const vae_classes *known)
{
    return (vae_sequence_options){
        .kind = vae_family_keys_of(config->model.family)->kind,
        .part = part,
        .limit = limit_of(config, part),
        .max_length = config->data.max_length,
        .storage = config->data.storage,
        .cache = config->data.cache,
        .tokens = config->data.tokens,
        .known = known,
        .vocabulary = config->data.vocabulary,
        .vocabulary_size = config->data.vocabulary_size,
        .min_count = config->data.min_count,
    };
}

typedef struct part {
    const char *name;
    vae_split_keys keys, paths;
    vae_dataset *dataset;
} part;

static vae_status open_part(const vae_config *config, const part *p, const vae_classes *known, vae_splits *splits)
{
    char found[VAE_PATH_SIZE], words[VAE_PATH_SIZE];
    vae_sequence_options options = vae_sequence_options_of(config, p->name, known);
    if (!p->paths.data[0]) return VAE_OK;
    if (!known) {
        vae_split_find(config, "vocabulary", config->data.vocabulary, splits, words);
        options.vocabulary = words;
    }
    vae_split_find(config, p->keys.data, p->paths.data, splits, found);
    const vae_status status = vae_sequences_read(found, &options, p->dataset);
    if (status) return vae_split_blame_path(config, status, p->keys.data, p->paths.data);
    return vae_split_read_labels(config, p->keys, p->paths, options.limit, splits, p->dataset);
}

vae_status vae_sequence_splits_open(const vae_config *config, vae_splits *splits)
{
    const part train = {
        "train", {"train_data", "train_labels"}, {config->data.train_data, config->data.train_labels}, &splits->train};
    const part others[] = {
        {"validation", {"validation_data", ""}, {config->data.validation_data, ""}, &splits->validation},
        {"test", {"test_data", "test_labels"}, {config->data.test_data, config->data.test_labels}, &splits->test},
    };
    VAE_TRY(open_part(config, &train, NULL, splits));
    for (size_t i = 0; i < sizeof others / sizeof *others; ++i)
        VAE_TRY(open_part(config, &others[i], &splits->train.vocabulary, splits));
    VAE_TRY(vae_split_name_classes(config, splits));
    vae_fingerprint_take(&splits->train, &splits->train_print);
    vae_fingerprint_take(&splits->validation, &splits->validation_print);
    vae_fingerprint_take(&splits->test, &splits->test_print);
    VAE_TRY(vae_record_check(config, splits));
    splits->scale = 1.0 / 255.0; /* numbers are as they are */
    return vae_split_hold_out(config, splits);
}
