/* Tables as text: one row per line, fields separated by commas, or semicolons, or by blanks. */
#ifndef VAE_DATA_CSV_H
#define VAE_DATA_CSV_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

/* A file's text and the reader's place in it. */
typedef struct vae_csv {
    const char *path; /* begins each message; borrowed */
    char *text;       /* owned */
    char *at, *line_start;
    int64_t line;   /* from 1 */
    char separator; /* ',', until the caller says otherwise */
    bool blanks;    /* fields are separated by blanks instead */
} vae_csv;

typedef struct vae_csv_field {
    char *text; /* in the file's text, ended by a zero byte */
    int64_t column;
    bool last; /* of its line */
} vae_csv_field;

/* Reads the file, plain or gzip, and skips a byte order mark and empty lines. VAE_ERROR_CONFIG if there is no such
 * file, VAE_ERROR_FORMAT for one that is not text or whose lines end in CR alone; VAE_ERROR_IO, VAE_ERROR_MEMORY. */
vae_status vae_csv_open(const char *path, vae_csv *csv);
void vae_csv_close(vae_csv *csv);
/* Reads the next field of the line and skips the separator or blanks after it or, after the last field, the end of the
 * line and empty lines. A quoted field, in which a quote is written twice, is unquoted. At the end of the text, where
 * *csv->at is 0, there is no field. */
vae_status vae_csv_read(vae_csv *csv, vae_csv_field *field);
/* "path:line:column: what" */
vae_status vae_csv_fail(const vae_csv *csv, int64_t column, const char *what);
/* VAE_ERROR_FORMAT if the only field of the first line holds a separator that other programs use. */
vae_status vae_csv_check_separator(const vae_csv *csv, const vae_csv_field *field);

bool vae_csv_at_end_of_line(const vae_csv *csv);
void vae_csv_skip_blanks(vae_csv *csv);
void vae_csv_next_line(vae_csv *csv);

#endif
