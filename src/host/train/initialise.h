/* The parameters that a training begins with. */
#ifndef VAE_TRAIN_INITIALISE_H
#define VAE_TRAIN_INITIALISE_H

#include "backend/backend.h"

/* Writes vae_layout_initialise's to a store of that layout. */
vae_status vae_initialise_store(vae_device *device, vae_store *store, const vae_layout *layout, uint64_t seed);

#endif
