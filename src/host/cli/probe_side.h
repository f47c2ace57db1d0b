/* What all ways to probe look at: images and their codes. */
#ifndef VAE_CLI_PROBE_SIDE_H
#define VAE_CLI_PROBE_SIDE_H

#include "cli/common.h"
#include "cli/groups.h"

/* A part of the data, and its codes: posterior means. A model that learned from images and their mirror images
 * (`flip = horizontal`) takes both for the same thing, so the probe learns from both as well. Begins as zeros. */
typedef struct vae_probe_side {
    vae_cli_part part;
    float *codes;  /* [count, latent]; NULL: there is no such part */
    int64_t count; /* of codes: the images, or twice as many where their mirror images follow */
    int64_t latent;
} vae_probe_side;

/* name: "train" or "test". Reads the part's table of attributes unless the options ask for labels. */
vae_status vae_probe_side_open(const vae_cli_options *o, vae_model *model, const vae_dataset *dataset, const char *name,
                               vae_probe_side *side);
void vae_probe_side_close(vae_probe_side *side);

/* What becomes of a fit that gave `status`, not VAE_OK. VAE_ERROR_ARGUMENT says that what is probed is the same for all
 * images: where all attributes are probed, that is a line of its own with the reason, and VAE_OK, so that the others
 * follow. Else `status`, its message headed by `name`. */
vae_status vae_cli_probe_fail(const vae_cli_options *o, const char *name, vae_status status);

#endif
