/* A pass over a data set in batches: a program for each group of its plan, which share a store. */
#ifndef VAE_TRAIN_BATCHES_H
#define VAE_TRAIN_BATCHES_H

#include <signal.h>

#include "data/dataset.h"
#include "model/batch_plan.h"
#include "model/latent_statistics.h"
#include "model/mutual_information.h"
#include "model/runner.h"

typedef struct vae_batches {
    const vae_backend *backend;
    vae_batch_plan plan;
    vae_data *data;
    vae_runner *runners; /* [plan.count] */
    float *codes;        /* room for the largest batch's, where the programs let it be read */
    bool borrows;        /* plan and data are those of other batches */
} vae_batches;

/* The plan becomes the batches', also where they fail, and may not be empty; the data set's values and the instance
 * must outlive the batches. On failure nothing is left to free. */
vae_status vae_batches_create(vae_batches *batches, const vae_instance *instance, const vae_dataset *dataset,
                              vae_batch_plan *plan);
/* The same batches of the same data for a part of the parameters; `of` trains all, and must outlive them. */
vae_status vae_batches_create_part(vae_batches *batches, const vae_instance *instance, const vae_batches *of,
                                   vae_part part);
/* Also of a zeroed struct. */
void vae_batches_destroy(vae_batches *batches);

/* The runner of batch `index` in [0, plan.batches), and its place, as vae_batch_plan_select() gives it. */
const vae_runner *vae_batches_select(const vae_batches *batches, int64_t index, vae_step *step, int64_t *rows);

/* Adds the sums that all executables gathered since the last call to sums[VAE_METRIC_COUNT]. */
vae_status vae_batches_take(const vae_batches *batches, double sums[VAE_METRIC_COUNT]);

/* A whole pass of an evaluation: sums over all rows. *stop (may be NULL) ends it with VAE_ERROR_INTERRUPTED when it
 * becomes nonzero. `latent` and `sample` receive what the posteriors say of each dimension, and some of them. */
vae_status vae_batches_evaluate(const vae_batches *batches, uint64_t seed, double sums[VAE_METRIC_COUNT],
                                vae_latent_statistics *latent, vae_posterior_sample *sample,
                                const volatile sig_atomic_t *stop);

#endif
