/* How pictures are made: of images, and of sequences. */
#ifndef VAE_TRAIN_PICTURE_MAKER_H
#define VAE_TRAIN_PICTURE_MAKER_H

#include "data/dataset.h"
#include "model/runner.h"
#include "train/picture.h"

/* See train/pictures.h for what the functions do; `state` is the maker's own. */
typedef struct vae_picture_maker {
    void (*builds)(const vae_design *design, int64_t items, vae_build builds[VAE_PICTURE_BUILDS]);
    /* items: those that are shown come first; vocabulary: of texts. Both are borrowed. On failure *state is to be
     * destroyed too, unless it is NULL. */
    vae_status (*create)(const vae_instance *model, const vae_dataset *items, const vae_classes *vocabulary,
                         void **state);
    void (*destroy)(void *state);
    vae_status (*draw)(void *state, int64_t epoch, vae_picture drawn[VAE_PICTURE_KINDS]);
} vae_picture_maker;

extern const vae_picture_maker vae_picture_maker_images, vae_picture_maker_sequences;

#endif
