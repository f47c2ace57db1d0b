/* What the programs of a training run take for their activations, in which they take turns. */
#ifndef VAE_CLI_INFO_MEMORY_H
#define VAE_CLI_INFO_MEMORY_H

#include <jansson.h>

#include "train/pictures.h"

enum { VAE_RUN_PROGRAMS = 2 + VAE_PICTURE_BUILDS };

typedef struct vae_run_memory {
    vae_role roles[VAE_RUN_PROGRAMS];
    double bytes[VAE_RUN_PROGRAMS]; /* of float32; 0 where the model lacks the role */
    double arena;                   /* the largest: what a run allocates */
} vae_run_memory;

/* Of full batches of train.batch_size and evaluate.batch_size, and of pictures. */
vae_status vae_run_memory_find(const vae_design *design, vae_run_memory *memory);
vae_status vae_run_memory_print(const vae_design *design);
/* {"train": bytes, …} */
json_t *vae_run_memory_to_json(const vae_run_memory *memory);

#endif
