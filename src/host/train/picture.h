/* A picture of a model in training, yet to be encoded: a grid of images or of drawings, or lines of text. It needs
 * neither model nor device. */
#ifndef VAE_TRAIN_PICTURE_H
#define VAE_TRAIN_PICTURE_H

#include "core/file.h"
#include "draw/image.h"
#include "model/generate.h"

/* Pictures of an epoch, and programs that they take at most: see train/pictures.h. */
enum { VAE_PICTURE_KINDS = 2, VAE_PICTURE_BUILDS = 3 };

/* Drawings, or music, of a grid, cell by cell. */
typedef struct vae_picture_drawings {
    vae_sequence_list items; /* owned */
    int64_t columns;
    bool pairs;          /* rows of the data's own drawings, each before a row of what the model makes of them */
    vae_music_part part; /* of music, as `beat`: steps of a quarter */
    int64_t beat;
} vae_picture_drawings;

typedef struct vae_picture {
    vae_kind kind;
    const char *what; /* "samples" or "reconstructions" */
    int64_t epoch;
    /* Of its kind; owned. */
    vae_image_grid grid;
    float *images; /* [count, height, width, channels] in [0, 1] */
    vae_picture_drawings drawings;
    char *text;
} vae_picture;

/* A zeroed struct is no picture. */
bool vae_picture_is_there(const vae_picture *picture);

/* Writes <folder>/epoch-0001-samples.png, or what vae_picture_path() gives, whole or not at all; the system brings it
 * to disk when it likes, for it can be drawn again: vae_file_write_soon(). */
vae_status vae_picture_write(const vae_picture *picture, const char *folder);
/* Of memory. */
size_t vae_picture_bytes(const vae_picture *picture);
/* Also of a zeroed struct. */
void vae_picture_free(vae_picture *picture);

/* What names of pictures of this kind end in: "png", "txt". */
const char *vae_picture_ending(vae_kind kind);
/* <folder>/epoch-0001-samples.png; `what` is "samples" or "reconstructions". */
vae_status vae_picture_path(const char *folder, vae_kind kind, int64_t epoch, const char *what,
                            char path[VAE_PATH_SIZE]);

#endif
