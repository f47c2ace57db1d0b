/* A .csv file of float32 that is written row by row, below a header that names its columns; memory does not grow with
 * it. */
#ifndef VAE_CORE_CSV_WRITER_H
#define VAE_CORE_CSV_WRITER_H

#include <stdint.h>
#include <stdio.h>

#include "core/error.h"

/* What columns are called. */
typedef struct vae_csv_names {
    const char *list;   /* one name after the other with their zero bytes, borrowed; NULL: prefix0, prefix1, … */
    const char *prefix; /* "z" */
} vae_csv_names;

/* A field as RFC 4180 quotes it, whatever bytes are in it. */
void vae_csv_write_field(FILE *file, const char *text, size_t length);

typedef struct vae_csv_writer vae_csv_writer;

/* On failure *writer is NULL. */
vae_status vae_csv_writer_open(const char *path, vae_csv_names names, int64_t columns, vae_csv_writer **writer);
/* values [rows, columns], each in the shortest form that reads back to it; "nan", "inf" and "-inf" for what is no
 * number.
 */
void vae_csv_writer_add(vae_csv_writer *writer, const float *values, int64_t rows);
/* The file appears under its name now, or, on failure, not at all. Frees the writer. */
vae_status vae_csv_writer_finish(vae_csv_writer *writer);
/* Frees the writer and leaves no file. NULL is allowed. */
void vae_csv_writer_abandon(vae_csv_writer *writer);

#endif
