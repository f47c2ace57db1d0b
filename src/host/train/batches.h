/* A pass over a data set in batches: one program for the full ones and one for the short one at the end, which share a
 * store. No program is ever run on rows that are not there. */
#ifndef VAE_TRAIN_BATCHES_H
#define VAE_TRAIN_BATCHES_H

#include <signal.h>

#include "data/dataset.h"
#include "model/latent_statistics.h"
#include "model/runner.h"

typedef struct vae_batches {
    const vae_backend *backend;
    int64_t rows;  /* of the data set */
    int64_t batch; /* rows of a full batch */
    int64_t steps; /* batches in a pass, the short one included */
    vae_data *data;
    vae_runner runners[2]; /* full, short; zeroed where there is no such batch */
    float *codes;          /* room for a full batch's, where the programs let it be read */
} vae_batches;

/* What a pass over `rows` rows builds: full batches, and the short one at the end; rows is 0 where there is none. */
void vae_batches_builds(int64_t rows, int64_t batch, vae_role role, vae_build builds[2]);

/* role: VAE_ROLE_TRAIN or VAE_ROLE_EVALUATE. The data set may not be empty; its pixels and the instance must outlive
 * the batches, which may not be moved. On failure nothing is left to free. */
vae_status vae_batches_create(vae_batches *batches, const vae_instance *instance, const vae_dataset *dataset,
                              int64_t batch, vae_role role);
/* Also of a zeroed struct. */
void vae_batches_destroy(vae_batches *batches);

/* The runner of batch `index` in [0, steps), and its place: step->first and the rows that it has. */
const vae_runner *vae_batches_select(const vae_batches *batches, int64_t index, vae_step *step, int64_t *rows);

/* Adds the sums that both executables gathered since the last call to sums[VAE_METRIC_COUNT]. */
vae_status vae_batches_take(const vae_batches *batches, double sums[VAE_METRIC_COUNT]);

/* A whole pass of an evaluation: sums over all rows. *stop (may be NULL) ends it with VAE_ERROR_INTERRUPTED when it
 * becomes nonzero. `latent` (may be NULL) receives what the posteriors say of each dimension. */
vae_status vae_batches_evaluate(const vae_batches *batches, uint64_t seed, double sums[VAE_METRIC_COUNT],
                                vae_latent_statistics *latent, const volatile sig_atomic_t *stop);

#endif
