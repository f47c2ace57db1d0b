/* A file's bytes, uncompressed where the file is gzip. */
#ifndef VAE_DATA_GZIP_FILE_H
#define VAE_DATA_GZIP_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>

#include "core/error.h"

typedef struct vae_gzip_file {
    gzFile stream;
    const char *name; /* begins each message; borrowed */
    int64_t position; /* in the uncompressed content */
} vae_gzip_file;

/* VAE_ERROR_CONFIG if there is no such file. On failure nothing is left to close. */
vae_status vae_gzip_open(const char *path, vae_gzip_file *file);
void vae_gzip_close(vae_gzip_file *file);
/* Reads as much as there is, up to `wanted`. A damaged gzip stream is VAE_ERROR_FORMAT, and so is an unfinished one
 * once all that it has is read; an early end is not. */
vae_status vae_gzip_read(vae_gzip_file *file, void *target, int64_t wanted, int64_t *found);
/* Back to that place, which has been passed. */
vae_status vae_gzip_rewind(vae_gzip_file *file, int64_t position);
/* Whether the file is not compressed. */
bool vae_gzip_is_plain(const vae_gzip_file *file);

#endif
