/* A .npy file of float32 that is written row by row, so that memory does not grow with it. */
#ifndef VAE_CORE_NPY_WRITER_H
#define VAE_CORE_NPY_WRITER_H

#include <stdint.h>

#include "core/error.h"

typedef struct vae_npy_writer vae_npy_writer;

/* sizes[0] is how many rows are expected; the file's header says how many came. On failure *writer is NULL. */
vae_status vae_npy_writer_open(const char *path, int rank, const int64_t *sizes, vae_npy_writer **writer);
/* values [rows, sizes[1], …] */
vae_status vae_npy_writer_add(vae_npy_writer *writer, const float *values, int64_t rows);
/* The file appears under its name now, the same bytes as vae_npy_write_float32() writes; or, on failure, not at all.
 * Frees the writer. */
vae_status vae_npy_writer_finish(vae_npy_writer *writer);
/* Frees the writer and leaves no file. NULL is allowed. */
void vae_npy_writer_abandon(vae_npy_writer *writer);

#endif
