/* What a training run holds; shared by the two files of the trainer only. */
#ifndef VAE_TRAIN_TRAINER_STATE_H
#define VAE_TRAIN_TRAINER_STATE_H

#include "data/prefetch.h"
#include "train/batches.h"
#include "train/pictures.h"
#include "train/run_folder.h"
#include "train/tensorboard.h"
#include "train/trainer.h"

/* Training images seen and the seconds they took. */
typedef struct vae_rate {
    int64_t rows;
    double seconds;
} vae_rate;

typedef struct vae_trainer {
    const vae_train_options *options;
    vae_run_folder folder;
    vae_splits splits;
    vae_device *device;
    vae_store *store;
    vae_checkpoint state; /* configuration, input, progress, layout; arenas: where the store is read to be saved */
    vae_batches_place place;
    vae_batches train, validation, test; /* zeroed where the split is empty; test is made when it is needed first */
    vae_prefetch *prefetch;              /* of the training images; NULL where they are in memory */
    vae_pictures *pictures;              /* made when they are needed first */
    vae_metrics_log log;
    vae_tensorboard *board;       /* NULL: not asked for */
    vae_latent_statistics latent; /* of the newest evaluation */
    int64_t steps_per_epoch;
    int64_t saved_step;   /* of the newest checkpoint, -1: there is none */
    int64_t unread_steps; /* run since metrics were last taken */
    int64_t unread_rows;
    double mark;                                  /* when the time of the running step or steps began */
    vae_rate run_rate, epoch_rate, interval_rate; /* of this process */
} vae_trainer;

/* Opens data, device and folder; makes the programs; initialises or resumes. On failure vae_trainer_close() is due as
 * well. */
vae_status vae_trainer_open(vae_trainer *trainer, const vae_config *config, const vae_train_options *options);
void vae_trainer_close(vae_trainer *trainer);

/* The split evaluated after each epoch and its name; NULL where the data has neither. */
const vae_dataset *vae_trainer_held_out(const vae_trainer *trainer, const char **split);
/* Makes the evaluation of a split. */
vae_status vae_trainer_make_evaluation(vae_trainer *trainer, const vae_dataset *dataset, vae_batches *batches);

#endif
