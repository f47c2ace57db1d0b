/* Pictures of a model in training: what it draws from fixed codes, and how it gives back fixed items of the data. Of
 * texts they are lines. */
#ifndef VAE_TRAIN_PICTURES_H
#define VAE_TRAIN_PICTURES_H

#include "data/dataset.h"
#include "model/runner.h"
#include "train/picture.h"

typedef struct vae_pictures vae_pictures;

/* The programs that pictures take, of which the second encodes; rows is 0 where the model or `items` items of the data
 * need none. */
void vae_pictures_builds(const vae_design *design, int64_t items, vae_build builds[VAE_PICTURE_BUILDS]);

/* Makes the programs and takes the first items of the test part or, where there is none, of the validation or training
 * part. Codes are a function of train.seed, so that pictures of different epochs compare. Model and splits are
 * borrowed. */
vae_status vae_pictures_create(const vae_instance *model, const vae_splits *splits, vae_pictures **pictures);
/* NULL is allowed. */
void vae_pictures_destroy(vae_pictures *pictures);

/* Draws what the model now makes: samples and, if it encodes, reconstructions, in which a row of images or drawings, or
 * a sentence, is followed by what is made of its posterior's mean. Of sequences whose numbers have no bounds there are
 * no pictures. Each is to be freed; on failure none is. */
vae_status vae_pictures_draw(vae_pictures *pictures, int64_t epoch, vae_picture drawn[VAE_PICTURE_KINDS]);

/* Which picture of an epoch is written last: "samples" or "reconstructions". */
const char *vae_pictures_last(const vae_design *design);

#endif
