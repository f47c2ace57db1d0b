/* Keys that several families of models share, such as those of recurrent networks: a group, which a family names in its
 * vae_family_keys. */
#ifndef VAE_CONFIG_KEY_GROUP_H
#define VAE_CONFIG_KEY_GROUP_H

#include "config/key.h"

typedef struct vae_key_group {
    const char *summary; /* for --help-config, behind the families that have the group */
    /* Rows of [model] with offsets in a struct of the group's own, of `size` bytes, at most VAE_KEY_GROUP_VALUES, which
     * lies at config.model.group[VAE_KEY_GROUP_<NAME>]. Names are those of no other key. */
    const vae_key *keys;
    int32_t count;
    size_t size;
} vae_key_group;

#define VAE_KEY_GROUP_ROW(NAME, name) extern const vae_key_group vae_key_group_##name;
VAE_KEY_GROUP_MAP(VAE_KEY_GROUP_ROW)
#undef VAE_KEY_GROUP_ROW

const vae_key_group *vae_key_group_of(int group);

#endif
