/* Files that are made once, by whichever process comes first, and opened by all: those of the cache. */
#ifndef VAE_DATA_CACHED_FILE_H
#define VAE_DATA_CACHED_FILE_H

#include <stdbool.h>

#include "data/mapping.h"

typedef struct vae_cached_file {
    void *context;
    /* Takes the mapping of a file if that is whole: *taken, and the mapping is its own then. */
    vae_status (*take)(void *context, const char *path, vae_mapping *mapping, bool *taken);
    /* Writes the whole content to a file that is open and empty. */
    vae_status (*write)(void *context, int file, const char *path);
} vae_cached_file;

/* Takes the file of that name, after writing it if it is missing or not whole. It is written aside, under a lock, and
 * renamed, so that no one sees half of it. VAE_ERROR_IO, and what the functions give. */
vae_status vae_cached_file_make(const char *path, const vae_cached_file *calls);

/* `bytes` bytes as a copy, to the pointer that `copy` points to; NULL for none. VAE_ERROR_MEMORY. */
vae_status vae_cached_copy(const char *path, const uint8_t *from, size_t bytes, void *copy);

#endif
