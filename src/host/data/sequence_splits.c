/* Opens training, validation and test sequences, the latter two by what the first has made known. */
#include "data/sequence_splits.h"

#include <string.h>

#include "config/family_keys.h"
#include "data/drawing.h"
#include "data/place.h"
#include "data/record.h"
#include "data/sequence_shape.h"
#include "data/sequences.h"
#include "data/split_parts.h"
#include "data/vocabulary.h"

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
        .vocabulary_size = config->data.vocabulary_size,
        .min_count = config->data.min_count,
        .simplify = config->data.simplify,
        .unrecognized = !config->data.recognized,
        .music = {.part = config->data.music_part,
                  .bars = config->data.bars,
                  .steps_per_quarter = config->data.steps_per_quarter,
                  .any_metre = config->data.metre == VAE_METRE_ANY,
                  .deduplicate = config->data.deduplicate == VAE_YES,
                  .transpose = strcmp(part, "train") == 0 ? config->data.transpose : 0},
    };
}

typedef struct part {
    const char *name;
    vae_split_keys keys, paths;
    vae_dataset *dataset;
} part;

/* A part that the configuration does not name may be in the file of the training data. */
static bool is_beside(const vae_config *config, const part *p, const char *train_file)
{
    const bool held_out = strcmp(p->name, "validation") == 0 && config->data.validation > 0;
    return !p->paths.data[0] && !held_out &&
           vae_sequences_have_part(train_file, vae_family_keys_of(config->model.family)->kind, p->name);
}

static vae_status open_part(const vae_config *config, const part *p, const vae_classes *known, vae_splits *splits)
{
    char found[VAE_PATH_SIZE];
    const vae_sequence_options options = vae_sequence_options_of(config, p->name, known);
    if (!p->paths.data[0]) return VAE_OK;
    vae_split_find(config, p->keys.data, p->paths.data, splits, found);
    const vae_status status = vae_sequences_read(found, &options, p->dataset);
    if (status) return vae_split_blame_path(config, status, p->keys.data, p->paths.data);
    return vae_split_read_labels(config, p->keys, p->paths, options.limit, splits, p->dataset);
}

/* With the vocabulary that is known, or that [data] names. */
static vae_status open_train(const vae_config *config, const vae_classes *known, vae_splits *splits)
{
    const part train = {
        "train", {"train_data", "train_labels"}, {config->data.train_data, config->data.train_labels}, &splits->train};
    const char *path = config->data.vocabulary;
    char found[VAE_PATH_SIZE];
    vae_classes given;
    if (known->count > 0) return open_part(config, &train, known, splits);
    if (!path[0]) return open_part(config, &train, NULL, splits);
    vae_split_find(config, "vocabulary", path, splits, found);
    vae_status status = vae_vocabulary_read(found, config->data.tokens, config->data.vocabulary_size, &given);
    if (status) return vae_split_blame_path(config, status, "vocabulary", path);
    status = open_part(config, &train, &given, splits);
    vae_classes_free(&given);
    return status;
}

vae_status vae_sequence_splits_open(const vae_config *config, const vae_classes *vocabulary, vae_splits *splits)
{
    const part others[] = {
        {"validation", {"validation_data", ""}, {config->data.validation_data, ""}, &splits->validation},
        {"test", {"test_data", "test_labels"}, {config->data.test_data, config->data.test_labels}, &splits->test},
    };
    VAE_TRY(open_train(config, vocabulary, splits));
    char train_file[VAE_PATH_SIZE], note[VAE_PLACE_NOTE];
    vae_place_find(config, config->data.train_data, train_file, note);
    for (size_t i = 0; i < sizeof others / sizeof *others; ++i) {
        part other = others[i];
        if (is_beside(config, &other, train_file)) {
            other.paths.data = config->data.train_data;
            vae_splits_add_note(splits, "[data] %s: is taken from %s, which has such a part", other.keys.data,
                                config->data.train_data);
        }
        VAE_TRY(open_part(config, &other, &splits->train.vocabulary, splits));
    }
    VAE_TRY(vae_split_name_classes(config, splits));
    vae_fingerprint_take(&splits->train, &splits->train_print);
    vae_fingerprint_take(&splits->validation, &splits->validation_print);
    vae_fingerprint_take(&splits->test, &splits->test_print);
    VAE_TRY(vae_record_check(config, splits));
    VAE_TRY(vae_split_hold_out(config, splits));
    splits->scale = 1.0 / 255.0; /* numbers are as they are */
    if (splits->train.kind == VAE_KIND_DRAWING) splits->scale /= vae_drawings_deviation(&splits->train);
    return VAE_OK;
}

static int64_t steps_of(const vae_dataset *dataset)
{
    const int64_t rows = dataset->offsets[dataset->count] - dataset->offsets[0];
    return rows - vae_sequence_shape_of(dataset->kind)->marks * dataset->count;
}

int64_t vae_sequence_splits_steps(const vae_splits *splits)
{
    const bool held_out = splits->validation.count > 0 && splits->validation.borrowed;
    return steps_of(&splits->train) + (held_out ? steps_of(&splits->validation) : 0);
}
