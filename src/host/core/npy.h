/* NumPy's .npy files, format version 1.0 to 3.0. */
#ifndef VAE_CORE_NPY_H
#define VAE_CORE_NPY_H

#include <stdint.h>

#include "core/npy_header.h"

typedef struct vae_npy_array {
    float *values; /* owned */
    int rank;
    int64_t sizes[VAE_NPY_MAX_RANK];
    int64_t count; /* of values */
} vae_npy_array;

/* Writes float32, C order; the file appears at once or not at all. */
vae_status vae_npy_write_float32(const char *path, const float *values, int rank, const int64_t *sizes);

/* Reads floats, or unsigned bytes (scaled from 0..255 to [0, 1]), of either byte order and in C or Fortran order, to C
 * order; anything else is one clear error. Nothing larger than the file is allocated on its word. */
vae_status vae_npy_read_float32(const char *path, vae_npy_array *array);
void vae_npy_free(vae_npy_array *array);

#endif
