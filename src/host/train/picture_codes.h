/* Codes that the pictures of a run are made from: draws of p(z), of the same normals at each epoch. */
#ifndef VAE_TRAIN_PICTURE_CODES_H
#define VAE_TRAIN_PICTURE_CODES_H

#include "model/runner.h"

typedef struct vae_picture_codes {
    vae_runner prior; /* zeroed where p(z) is the standard normal */
    int64_t numbers;  /* of all codes */
    float *normals;   /* [count, traits.normals]; owned, as the codes */
    float *codes;     /* [count, latent] */
} vae_picture_codes;

/* The program that they take; rows is 0 where there is none. */
vae_build vae_picture_codes_build(const vae_design *design, int64_t count);
/* The normals are a function of train.seed. On failure too, vae_picture_codes_free() is due. A struct in use may not be
 * moved: see vae_runner_create(). */
vae_status vae_picture_codes_create(const vae_instance *model, int64_t count, vae_picture_codes *codes);
/* Also of a zeroed struct. */
void vae_picture_codes_free(vae_picture_codes *codes);
/* Fills in the codes, those of the parameters that there are now. */
vae_status vae_picture_codes_draw(vae_picture_codes *codes);

#endif
