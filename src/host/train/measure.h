/* How long a training step takes, part by part: real steps of a configuration, on parameters of their own. */
#ifndef VAE_TRAIN_MEASURE_H
#define VAE_TRAIN_MEASURE_H

#include "data/dataset.h"
#include "model/design.h"

typedef struct vae_measure_options {
    const vae_config *config; /* borrowed, as all here */
    vae_input input;
    vae_column images;        /* training images; at least one */
    const vae_splits *splits; /* that these are of; NULL: made up */
    int64_t repeats;          /* timed steps; 0: as many as a few seconds allow, on a GPU 200 */
    vae_device_remarks remarks;
    vae_device_choices choices; /* nothing is written: no file is kept, and there may be no cache */
} vae_measure_options;

/* What was measured. */
typedef struct vae_measured_step {
    vae_device *device;
    vae_design design;
    vae_program program;
    int64_t batch; /* rows of the step: train.batch_size, or fewer where there are fewer images */
    int64_t items; /* that batches are taken from: all, or, of sequences, those of the bucket with the most work */
    int64_t steps; /* of sequences: those of that bucket, begin and end counted; else 0 */
    vae_measurement measurement;
} vae_measured_step;

/* Trains newly initialised parameters for as many steps as it takes, by the configuration's learning rate and beta. On
 * failure nothing is to be freed; VAE_ERROR_NUMERIC where the model diverges. */
vae_status vae_measure_step(const vae_measure_options *options, vae_measured_step *measured);
void vae_measured_step_free(vae_measured_step *measured);

#endif
