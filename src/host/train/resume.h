/* Where a run is taken up again. A run folder may have been copied in part, damaged or tidied up: nothing in it is
 * replaced unless what replaces it holds the same or more. */
#ifndef VAE_TRAIN_RESUME_H
#define VAE_TRAIN_RESUME_H

#include "model/checkpoint.h"
#include "train/run_folder.h"
#include "train/trainer.h"

typedef struct vae_resume_point {
    bool found;           /* false: the run was ended before its first checkpoint and begins anew */
    vae_checkpoint saved; /* owned; empty unless found */
    const char *path;     /* the file it was read from, one of the folder's */
    bool save, save_best; /* `last`, or `best` as well, is to be written before training goes on */
} vae_resume_point;

/* Finds what the run goes on from and reads it; changes nothing. VAE_ERROR_CONFIG or that of the damaged file where
 * what is asked for is not there, or something would be lost: the message says how to go on. Freed by
 * vae_resume_free() whatever the result. */
vae_status vae_resume_open(const vae_run_folder *folder, vae_resume how, const vae_config *now,
                           vae_resume_point *point);
/* Checks that data and programs are those of the run. */
vae_status vae_resume_check(const vae_resume_point *point, const vae_input *input, int64_t train_images,
                            int64_t steps_per_epoch);
/* Keeps copies of files that will be cut or replaced by something else, "<name>.kept-1" and so on. */
vae_status vae_resume_keep(const vae_run_folder *folder, vae_resume how, const vae_resume_point *point);
void vae_resume_free(vae_resume_point *point);

#endif
