/* What a family of models (model/design.h) adds to the configuration: keys of [model] that only it has. */
#ifndef VAE_CONFIG_FAMILY_KEYS_H
#define VAE_CONFIG_FAMILY_KEYS_H

#include "config/key.h"

typedef struct vae_family_keys {
    const char *name, *summary; /* as [model] family takes it; a line for --help-config */
    vae_kind kind;              /* of its data; keys of [data] that data of this kind do not have are refused */
    uint32_t groups;            /* of keys that it shares with others: bits 1 << VAE_KEY_GROUP_<NAME> */
    /* Rows of [model] with offsets in a struct of the family's own, of `size` bytes, at most VAE_FAMILY_VALUES. A name
     * may stand in one family only, and not among the keys that all have. */
    const vae_key *keys;
    int32_t count;
    size_t size;
    /* What no single key can see: VAE_ERROR_CONFIG that names a key. NULL: nothing. */
    vae_status (*check)(const vae_config *config);
} vae_family_keys;

#define VAE_FAMILY_ROW(NAME, name) extern const vae_family_keys vae_family_keys_##name;
VAE_FAMILY_MAP(VAE_FAMILY_ROW)
#undef VAE_FAMILY_ROW

const vae_family_keys *vae_family_keys_of(int family);

#endif
