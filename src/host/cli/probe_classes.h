/* vae-cuda probe --classes: what can be told of images by hyperplanes between all classes. */
#ifndef VAE_CLI_PROBE_CLASSES_H
#define VAE_CLI_PROBE_CLASSES_H

#include "cli/common.h"
#include "data/dataset.h"

/* Fits the probe on the training images and prints how it does on them and on `test`, whose classes are the training
 * images' by name; NULL or without labels: there is none. VAE_ERROR_CONFIG where the training images have no labels. */
vae_status vae_cli_probe_classes(const vae_cli_options *o, vae_model *model, const vae_dataset *train,
                                 const vae_dataset *test);

#endif
