/* What can be told of images by hyperplanes between all classes: probe --classes, and attributes that have classes. */
#ifndef VAE_CLI_PROBE_CLASSES_H
#define VAE_CLI_PROBE_CLASSES_H

#include "cli/probe_side.h"

/* Images of a side and the class of each. */
typedef struct vae_probe_labels {
    const vae_probe_side *side;
    const int32_t *labels;      /* [images of the side]; -1: not known; NULL: none is */
    const vae_classes *classes; /* what they are called; none: their numbers */
} vae_probe_labels;

/* Fits the probe on `train` and prints a line of how it does on both; test may be NULL. */
vae_status vae_cli_probe_labels(const vae_cli_options *o, const char *name, const vae_probe_labels *train,
                                const vae_probe_labels *test);

/* Of the images' own labels: fits the probe on the training images and prints how it does on them and on `test`,
 * whose classes are the training images' by name, of all images and by class; NULL or without labels: there is none.
 * VAE_ERROR_CONFIG where the training images have no labels. */
vae_status vae_cli_probe_classes(const vae_cli_options *o, vae_model *model, const vae_dataset *train,
                                 const vae_dataset *test);

#endif
