/* The images that `vae-cuda info --measure` trains on. */
#ifndef VAE_CLI_MEASURE_DATA_H
#define VAE_CLI_MEASURE_DATA_H

#include "data/dataset.h"
#include "model/input.h"

typedef struct vae_measure_data {
    vae_input input;
    vae_column images;
    const char *source; /* "data/train.idx", or "made up" */
    /* What holds them. */
    vae_splits splits;
    uint8_t *made_up;
} vae_measure_data;

/* The configured training images. config must outlive the data. */
vae_status vae_measure_data_open(const vae_config *config, vae_measure_data *data);
/* Noise of the input's shape: enough that steps do not find all of it in a cache. */
vae_status vae_measure_data_make_up(const vae_config *config, const vae_input *input, vae_measure_data *data);
void vae_measure_data_free(vae_measure_data *data);

#endif
