/* What opening the parts of a run's data is made of, images and sequences alike: paths, messages, the part held out. */
#ifndef VAE_DATA_SPLIT_PARTS_H
#define VAE_DATA_SPLIT_PARTS_H

#include "data/dataset.h"

/* Begins a failure's message with the key of [data], and with where it was given. */
vae_status vae_split_blame(const vae_config *config, vae_status status, const char *key);
/* The same, and ends it with where the path was looked for. */
vae_status vae_split_blame_path(const vae_config *config, vae_status status, const char *key, const char *path);
/* Where a path is: found[VAE_PATH_SIZE]. What a user should know of it becomes a note. */
void vae_split_find(const vae_config *config, const char *key, const char *path, vae_splits *splits, char *found);

/* The keys of a part, and what they hold; labels "" where there are none. */
typedef struct vae_split_keys {
    const char *data, *labels;
} vae_split_keys;
/* Reads the labels of a part that has been read, if any are named. */
vae_status vae_split_read_labels(const vae_config *config, vae_split_keys keys, vae_split_keys paths, int64_t limit,
                                 vae_splits *splits, vae_dataset *dataset);
/* The names of classes, from [data] class_names and of both parts together. */
vae_status vae_split_name_classes(const vae_config *config, vae_splits *splits);
/* The last of the training data, as many as [data] validation says, become the validation part, which shares the
 * training part's memory. */
vae_status vae_split_hold_out(const vae_config *config, vae_splits *splits);

#endif
