/* Images of a file or a folder, batch by batch, as a model takes them; memory does not grow with their number. */
#ifndef VAE_DATA_IMAGE_STREAM_H
#define VAE_DATA_IMAGE_STREAM_H

#include "data/dataset.h"

/* What `path` names is to be used with a model for images of shape [height, width, channels]. The transform of the
 * options is kept where it leads to this shape, and taken away where images have the shape without it, as those that
 * this program writes do; rows of as many numbers as an image has are images. VAE_ERROR_SHAPE, with both shapes and the
 * keys that could help, for other images; else what vae_images_read() gives. */
vae_status vae_images_fit(const char *path, const int64_t shape[3], vae_read_options *options);
/* vae_images_read() after this; the data set has that shape. */
vae_status vae_images_read_fitting(const char *path, const int64_t shape[3], const vae_read_options *options,
                                   vae_dataset *dataset);

typedef struct vae_image_stream vae_image_stream;

/* Valid until the next is asked for. */
typedef struct vae_image_batch {
    int64_t count;              /* 0 at the end */
    float *pixels;              /* [count, height, width, channels] in [0, 1] */
    const int32_t *labels;      /* [count], or NULL. A stream gives none: its classes may not be those of the run */
    const vae_classes *classes; /* what labels are called; NULL or empty where they have no names */
    const char *names;          /* of each image, one after the other with their zero bytes; or NULL */
} vae_image_batch;

/* Floats stay as they are stored unless their images are to be cut, resized or of other channels: those are rounded to
 * bytes first, as they are in training. On failure *stream is NULL. */
vae_status vae_image_stream_open(const char *path, const int64_t shape[3], const vae_read_options *options,
                                 vae_image_stream **stream);
/* How many images there are; of a folder damaged ones may be left out, and then there are fewer. */
int64_t vae_image_stream_count(const vae_image_stream *stream);
/* The next images, at most `most`, in the order of vae_images_read(). */
vae_status vae_image_stream_next(vae_image_stream *stream, int64_t most, vae_image_batch *batch);
/* Of all images so far. */
const vae_remarks *vae_image_stream_remarks(const vae_image_stream *stream);
/* NULL is allowed. */
void vae_image_stream_free(vae_image_stream *stream);

#endif
