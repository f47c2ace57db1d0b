/* The parameters that a training begins with. */
#ifndef VAE_TRAIN_INITIALISE_H
#define VAE_TRAIN_INITIALISE_H

#include "data/dataset.h"

/* Writes vae_layout_initialise's to a store of that layout and, where they have been fitted, the means and deviations
 * of the training data's columns; splits may be NULL. */
vae_status vae_initialise_store(vae_device *device, vae_store *store, const vae_layout *layout,
                                const vae_splits *splits, uint64_t seed);

#endif
