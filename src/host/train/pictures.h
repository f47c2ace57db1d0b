/* Pictures of a model in training: what it draws from fixed codes, and how it gives back fixed images. */
#ifndef VAE_TRAIN_PICTURES_H
#define VAE_TRAIN_PICTURES_H

#include "draw/image.h"
#include "train/batches.h"

typedef struct vae_pictures vae_pictures;

enum { VAE_PICTURE_BUILDS = 3 };
/* The programs that pictures of `images` images take; rows is 0 where the model or the images need none. */
void vae_pictures_builds(const vae_design *design, int64_t images, vae_build builds[VAE_PICTURE_BUILDS]);

/* Makes the decoder and encoder programs and takes the first images of `dataset` (which may be empty: then there are no
 * reconstructions). The codes are a function of train.seed, so that pictures of different epochs compare. */
vae_status vae_pictures_create(const vae_instance *model, const vae_dataset *dataset, vae_pictures **pictures);
/* NULL is allowed. */
void vae_pictures_destroy(vae_pictures *pictures);

/* A picture yet to be encoded, which needs neither model nor device. */
typedef struct vae_picture {
    const char *what; /* "samples" or "reconstructions" */
    int64_t epoch;
    vae_image_grid grid;
    float *images; /* [count, height, width, channels] in [0, 1]; owned; NULL: there is no such picture */
} vae_picture;

enum { VAE_PICTURE_KINDS = 2 };

/* Draws what the model now makes; in reconstructions a row of images is followed by the row of theirs from the
 * posterior's mean. Each is to be freed; on failure none is. */
vae_status vae_pictures_draw(vae_pictures *pictures, int64_t epoch, vae_picture drawn[VAE_PICTURE_KINDS]);

/* Writes <folder>/epoch-0001-samples.png or <folder>/epoch-0001-reconstructions.png, whole or not at all; the system
 * brings it to disk when it likes, for it can be drawn again: vae_file_write_soon(). */
vae_status vae_picture_write(const vae_picture *picture, const char *folder);
size_t vae_picture_bytes(const vae_picture *picture);
/* Also of a zeroed struct. */
void vae_picture_free(vae_picture *picture);

/* The path of one of them; `what` is "samples" or "reconstructions". */
vae_status vae_pictures_path(const char *folder, int64_t epoch, const char *what, char path[VAE_PATH_SIZE]);

#endif
