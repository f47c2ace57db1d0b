/* The keys of models whose steps are tokens, which families of texts and of music share. */
#ifndef VAE_CONFIG_TOKEN_KEYS_H
#define VAE_CONFIG_TOKEN_KEYS_H

#include "config/key_group.h"

typedef struct vae_token_keys {
    int64_t embedding;
    double scheduled_sampling, scheduled_sampling_epochs;
} vae_token_keys;

const vae_token_keys *vae_token_keys_of(const vae_config *config);

#endif
