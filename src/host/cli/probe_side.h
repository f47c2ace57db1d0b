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

#endif
