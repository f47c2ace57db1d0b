/* The folder of one training run: config.ini, metrics.jsonl, checkpoints/, pictures/, and what may be asked for. */
#ifndef VAE_TRAIN_RUN_FOLDER_H
#define VAE_TRAIN_RUN_FOLDER_H

#include "config/config.h"

typedef struct vae_run_folder {
    char path[VAE_PATH_SIZE];
    char config[VAE_PATH_SIZE];      /* the configuration as used */
    char metrics[VAE_PATH_SIZE];     /* see train/metrics.h */
    char data[VAE_PATH_SIZE];        /* see data/record.h */
    char machine[VAE_PATH_SIZE];     /* see train/machine.h */
    char products[VAE_PATH_SIZE];    /* the device's choices: vae_device_choices.file */
    char class_names[VAE_PATH_SIZE]; /* what labels are called, where they have names: a line each */
    char checkpoints[VAE_PATH_SIZE]; /* folder */
    char best[VAE_PATH_SIZE];        /* checkpoint with the lowest loss */
    char last[VAE_PATH_SIZE];        /* newest checkpoint: where a resume starts */
    char pictures[VAE_PATH_SIZE];    /* folder */
    char tensorboard[VAE_PATH_SIZE]; /* folder of event files, where they are asked for */
    int lock;                        /* descriptor that holds the folder's lock, or -1 */
} vae_run_folder;

/* Fills in the paths, touching nothing; lock is -1. */
vae_status vae_run_folder_init(vae_run_folder *folder, const char *path);
/* VAE_ERROR_CONFIG unless a new run may be put there: a run that is there already is never overwritten. */
vae_status vae_run_folder_check_new(const vae_run_folder *folder);
/* Makes the folder of a new run and takes its lock; VAE_ERROR_CONFIG if meanwhile another run was put there. */
vae_status vae_run_folder_make(vae_run_folder *folder);
/* Takes the lock of a run that is there. VAE_ERROR_CONFIG if it is not, VAE_ERROR_IO while another process has it. */
vae_status vae_run_folder_lock(vae_run_folder *folder);
/* Makes the folders inside and writes config.ini, unless it says the same already. The lock is held. */
vae_status vae_run_folder_open(vae_run_folder *folder, const vae_config *config);
/* Releases the lock. */
void vae_run_folder_close(vae_run_folder *folder);

/* Checks that a run started with `before` may go on with `now`: what decides the data, the architecture and the order
 * of the batches must be the same. VAE_ERROR_CONFIG names the first key that differs and both values. */
vae_status vae_run_folder_compare(const vae_config *before, const vae_config *now);

#endif
