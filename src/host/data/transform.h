/* What [data] does to every image, whatever file it comes from: centre crop, resize, channels; in this order. */
#ifndef VAE_DATA_TRANSFORM_H
#define VAE_DATA_TRANSFORM_H

#include "config/config.h"

typedef struct vae_transform {
    int64_t crop;        /* side of a square taken from the middle; 0: none */
    vae_image_size size; /* crop to this aspect from the middle, then resize by area mean; zeros: as they are */
    vae_channels channels;
} vae_transform;

typedef struct vae_raster {
    const uint8_t *pixels; /* [height, width, channels] */
    int64_t height, width, channels;
} vae_raster;

vae_transform vae_transform_of(const vae_config *config);
bool vae_transform_is_identity(const vae_transform *transform);
/* The first key of [data] that asks for something; NULL: none does. */
const char *vae_transform_key(const vae_transform *transform);

/* The shape of what comes out: height, width, channels. VAE_ERROR_FORMAT, with a message for the caller to put the
 * image's name before, if the image is smaller than the crop, or of channels that are not 1 or 3 where grey or rgb is
 * asked for. */
vae_status vae_transform_shape(const vae_transform *transform, const int64_t stored[3], int64_t shape[3]);

/* Writes the image to target[height · width · channels] of that shape, which must be possible. Each pixel is the mean
 * of the area it covers, weighted exactly and rounded once; a larger image than the stored one repeats pixels. Grey is
 * (299 R + 587 G + 114 B) / 1000, the luma of Rec. 601. */
void vae_transform_apply(const vae_transform *transform, const vae_raster *image, uint8_t *target);

#endif
