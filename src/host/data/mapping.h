/* Pixels that lie in a file and are mapped to memory, so that the system keeps of them what fits. */
#ifndef VAE_DATA_MAPPING_H
#define VAE_DATA_MAPPING_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

typedef struct vae_mapping {
    uint8_t *start; /* NULL: none */
    size_t bytes;
} vae_mapping;

/* Maps the whole file for reading. VAE_ERROR_IO; then *mapping is empty. */
vae_status vae_mapping_open(int file, const char *path, vae_mapping *mapping);
/* Memory of `bytes` bytes that may be written, in a file of that folder which has no name and goes with the mapping.
 * VAE_ERROR_IO, too where the folder's disk has no room. */
vae_status vae_mapping_scratch(const char *folder, size_t bytes, vae_mapping *mapping);
/* Also of an empty one. */
void vae_mapping_close(vae_mapping *mapping);

#endif
