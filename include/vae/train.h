/* Training from a program: what `vae-cuda --config FILE` does, without its output.
 *
 *   vae_training training = {.config = "configs/mnist.ini", .folder = "runs/mnist"};
 *   vae_training_result result;
 *   if (vae_training_run(&training, &result)) { puts(vae_error_message()); return 1; }
 *
 * A run folder holds all that a run is: docs/runs.md has what is in it. vae_model_open() opens it. */
#ifndef VAE_TRAIN_H
#define VAE_TRAIN_H

#include <stdint.h>
#include <vae/export.h>
#include <vae/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of one epoch. Losses are what is minimised, in nats an item, at the last weight of the KL; NAN where there is none.
 */
typedef struct vae_training_epoch {
    int64_t epoch, epochs; /* from 1 */
    double training_loss;  /* mean over the epoch's steps */
    double held_out_loss;  /* of the validation part, else of the test part, after it */
    int improved;          /* it is the best so far */
} vae_training_epoch;

typedef struct vae_training {
    const char *config; /* an INI file; vae-cuda --help-config lists its keys. NULL on a resume: that of the folder */
    /* Further "section.key=value", as --set takes them, the last an end of NULL; may be NULL. */
    const char *const *settings;
    const char *folder; /* the run folder; NULL: [run] out of the configuration */
    int resume;         /* 0: a new run, in a folder that holds none; else it goes on from its last checkpoint */
    /* Told of each epoch, in the calling thread; a return other than 0 stops the run after saving a checkpoint. May be
     * NULL. */
    int (*epoch_ended)(void *context, const vae_training_epoch *epoch);
    void *context;
} vae_training;

typedef struct vae_training_result {
    int64_t epochs, steps; /* completed */
    int64_t best_epoch;    /* whose parameters are in checkpoints/best.safetensors */
    int stopped_early;     /* by [train] patience */
    double test_loss;      /* of these parameters; NAN without test data */
    double seconds;        /* of this call */
} vae_training_result;

/* Trains to the end; whatever it ends with, the folder is one that can be resumed. result may be NULL. Messages name
 * file, line and key. VAE_ERROR_INTERRUPTED: epoch_ended() asked to stop, and a checkpoint is saved. VAE_ERROR_CONFIG:
 * the configuration or the data do not fit, or the folder holds a run and resume is 0. VAE_ERROR_NUMERIC: a loss was
 * not finite; the last good checkpoint is as it was. */
VAE_API vae_status vae_training_run(const vae_training *training, vae_training_result *result);

#ifdef __cplusplus
}
#endif

#endif
