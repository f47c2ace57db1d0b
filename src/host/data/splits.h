/* The parts of a run's data: training, validation and test images, as its configuration says. */
#ifndef VAE_DATA_SPLITS_H
#define VAE_DATA_SPLITS_H

#include "data/dataset.h"

/* Opens what [data] names, where data/place.h finds it, and checks it by the run's record, if there is one; messages
 * begin with the key, after where a file gave it. The validation part is a file of its own, whose labels are not kept,
 * or the last of the training images that `limit` leaves, and borrows their memory. Static binarisation is keyed by
 * [train] seed, at (seed, VAE_STREAM_BINARISE_STATIC, 0 train, 1 validation or 2 test, element of the part), by the
 * rule of `gather` in program.h. VAE_ERROR_CONFIG for missing files and splits that cannot be, VAE_ERROR_FORMAT for
 * damaged files; *splits is then empty. */
vae_status vae_splits_open(const vae_config *config, vae_splits *splits);
/* The same for a model that has been trained: texts are read by its vocabulary, whatever the training text holds now.
 * vocabulary: without tokens where it has none. */
vae_status vae_splits_open_known(const vae_config *config, const vae_classes *vocabulary, vae_splits *splits);
/* Static binarisation of other images, as if they were the test part. */
vae_status vae_dataset_binarise(const vae_config *config, vae_dataset *dataset);

#endif
