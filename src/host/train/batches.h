/* A pass over a data set in batches: one executable for the full ones and one for the short one at the end, which share
 * a store. No program is ever run on rows that are not there. */
#ifndef VAE_TRAIN_BATCHES_H
#define VAE_TRAIN_BATCHES_H

#include <signal.h>

#include "data/dataset.h"
#include "model/builder.h"
#include "model/latent_statistics.h"

/* vae_model_build_train or vae_model_build_evaluate. */
typedef vae_status vae_build_function(const vae_config *config, const vae_input *input, const vae_layout *layout,
                                      int64_t batch, vae_program *program);

/* What the programs are made for. All borrowed; must outlive the batches. */
typedef struct vae_batches_place {
    const vae_config *config;
    const vae_input *input;
    const vae_layout *layout;
    vae_device *device;
    vae_store *store;
} vae_batches_place;

typedef struct vae_batches {
    const vae_backend *backend;
    int64_t rows;  /* of the data set */
    int64_t batch; /* rows of a full batch */
    int64_t steps; /* batches in a pass, the short one included */
    vae_data *data;
    vae_program programs[2]; /* full, short; not built where there is no such batch */
    vae_executable *executables[2];
    float *codes; /* room for a full batch's, where the programs let it be read */
} vae_batches;

/* The data set may not be empty, and its pixels must outlive the batches. On failure nothing is left to free. */
vae_status vae_batches_create(vae_batches *batches, const vae_batches_place *place, const vae_dataset *dataset,
                              int64_t batch, vae_build_function *build);
/* Also of a zeroed struct. */
void vae_batches_destroy(vae_batches *batches);

/* The executable of batch `index` in [0, steps), and its place: step->first and the rows that it has. */
vae_executable *vae_batches_select(const vae_batches *batches, int64_t index, vae_step *step, int64_t *rows);

/* Adds the sums that both executables gathered since the last call to sums[VAE_METRIC_COUNT]. */
vae_status vae_batches_take(const vae_batches *batches, double sums[VAE_METRIC_COUNT]);

/* A whole pass of an evaluation: sums over all rows. *stop (may be NULL) ends it with VAE_ERROR_INTERRUPTED when it
 * becomes nonzero. `latent` (may be NULL) receives what the posteriors say of each dimension. */
vae_status vae_batches_evaluate(const vae_batches *batches, uint64_t seed, double sums[VAE_METRIC_COUNT],
                                vae_latent_statistics *latent, const volatile sig_atomic_t *stop);

#endif
