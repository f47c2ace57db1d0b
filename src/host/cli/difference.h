/* What `arithmetic` adds to codes: the mean code of items that have something minus that of items that have it not. */
#ifndef VAE_CLI_DIFFERENCE_H
#define VAE_CLI_DIFFERENCE_H

#include "cli/groups.h"
#include "cli/options.h"

typedef struct vae_cli_difference {
    const vae_cli_options *options;
    vae_model *model;
    /* Reads the items of --with and --without, as the model takes them. */
    vae_status (*read)(void *context, const char *path, vae_dataset *dataset);
    void *context;
    bool quiet;    /* say nothing of how many items it is from */
    int64_t label; /* what --label names; -1: none */
    char name[VAE_CLI_LABEL_SIZE];
} vae_cli_difference;

/* VAE_ERROR_ARGUMENT unless exactly one of the options says what is added. */
vae_status vae_cli_difference_check(const vae_cli_options *options);
/* Finds the label, and what to call the difference. */
vae_status vae_cli_difference_name(vae_cli_difference *difference, const vae_splits *splits);
/* vector [latent]; after vae_cli_difference_name(). */
vae_status vae_cli_difference_find(const vae_cli_difference *difference, const vae_splits *splits, float *vector);

#endif
