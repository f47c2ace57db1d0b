/* An array of float32 that a command writes row by row, as the ending of its name asks: .npy, or .csv. */
#ifndef VAE_CLI_ARRAY_WRITER_H
#define VAE_CLI_ARRAY_WRITER_H

#include "cli/files.h"
#include "core/csv_writer.h"

enum { VAE_FILE_ARRAY = VAE_FILE_NPY | VAE_FILE_CSV };

typedef struct vae_array_writer vae_array_writer;

/* sizes[0] is how many rows are expected; a table has a line for each, whose sizes[1]·sizes[2]… numbers have these
 * names. On failure *writer is NULL. */
vae_status vae_array_writer_open(const char *path, int rank, const int64_t *sizes, vae_csv_names names,
                                 vae_array_writer **writer);
/* values [rows, sizes[1], …] */
vae_status vae_array_writer_add(vae_array_writer *writer, const float *values, int64_t rows);
/* The file appears under its name now, or, on failure, not at all. Frees the writer. */
vae_status vae_array_writer_finish(vae_array_writer *writer);
/* Frees the writer and leaves no file. NULL is allowed. */
void vae_array_writer_abandon(vae_array_writer *writer);

#endif
