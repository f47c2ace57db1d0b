/* Pictures of a model in training: what it draws from fixed codes, and how it gives back fixed images. */
#ifndef VAE_TRAIN_PICTURES_H
#define VAE_TRAIN_PICTURES_H

#include "train/batches.h"

typedef struct vae_pictures vae_pictures;

/* Makes the decoder and encoder programs and takes the first images of `dataset` (which may be empty: then there are no
 * reconstructions). The codes are a function of train.seed, so that pictures of different epochs compare. */
vae_status vae_pictures_create(const vae_batches_place *place, const vae_dataset *dataset, vae_pictures **pictures);
/* NULL is allowed. */
void vae_pictures_destroy(vae_pictures *pictures);

/* Writes <folder>/epoch-0001-samples.png and <folder>/epoch-0001-reconstructions.png; in the latter a row of images is
 * followed by the row of their reconstructions from the posterior's mean. */
vae_status vae_pictures_write(vae_pictures *pictures, const char *folder, int64_t epoch);

/* The path of one of them; `what` is "samples" or "reconstructions". */
vae_status vae_pictures_path(const char *folder, int64_t epoch, const char *what, char path[VAE_PATH_SIZE]);

#endif
