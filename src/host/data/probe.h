/* What can be told of a path before a reader is chosen. */
#ifndef VAE_DATA_PROBE_H
#define VAE_DATA_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum vae_content { VAE_CONTENT_IMAGES, VAE_CONTENT_LABELS } vae_content;

/* What the path names. */
typedef struct vae_probe {
    bool folder;
    bool gzip;          /* of a file: it is compressed, and `start` is of its content */
    uint8_t start[512]; /* zeros where there is less */
    size_t size;        /* bytes in `start` */
} vae_probe;

#endif
