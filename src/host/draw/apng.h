/* Animated PNG: lossless, and a still picture of the first frame where a viewer knows no animations. */
#ifndef VAE_DRAW_APNG_H
#define VAE_DRAW_APNG_H

#include <stdint.h>

#include "core/error.h"

typedef struct vae_apng vae_apng;

typedef struct vae_apng_shape {
    int64_t frames;                  /* exactly so many are to be added */
    int64_t height, width, channels; /* of each; 1 or 3 channels */
    int64_t frames_per_second;       /* 1 to 1000 */
    int64_t hold;                    /* the first frame stays for as long as so many; 0: as 1. At most 1000 */
} vae_apng_shape;

/* Begins a file that repeats for ever. On failure *animation is NULL. */
vae_status vae_apng_open(const char *path, const vae_apng_shape *shape, vae_apng **animation);
/* Adds the next frame: pixels [height, width, channels]. Memory is that of one frame. */
vae_status vae_apng_add(vae_apng *animation, const uint8_t *pixels);
/* Ends the file, which appears under its name now; VAE_ERROR_ARGUMENT if frames are missing. Frees the animation, also
 * on failure. */
vae_status vae_apng_finish(vae_apng *animation);
/* Frees the animation and leaves no file. NULL is allowed. */
void vae_apng_abandon(vae_apng *animation);

#endif
