/* Rows of numbers in a text, one a line, whatever stands before them: what formats such as CSV share. A table
 * is read whole when it is opened, as nothing else tells how many rows it has. */
#ifndef VAE_DATA_NUMBER_TABLE_H
#define VAE_DATA_NUMBER_TABLE_H

#include "data/csv.h"
#include "data/format.h"

typedef struct vae_number_table {
    vae_csv csv;
    /* What the format's header reader sets: */
    char **names;         /* [columns], in the text of csv; NULL: they have none */
    int64_t columns;      /* numbers a row */
    const char *declared; /* where they were counted, as in "there are 3 columns, but 2 <declared>" */
    char comment;         /* lines that begin with it are passed over, and lines of blanks; 0: there are no comments */
    /* What number_table.c keeps: */
    vae_numbers numbers;
    double *values;
    int64_t rows;
    int64_t kept, room; /* numbers: only rows that the limit leaves are kept */
    bool whole;         /* all that are kept are whole numbers, which 64 bits hold exactly */
    int64_t position;   /* of the reader, in bytes */
} vae_number_table;

/* Opens the request's file and reads it: what stands before the rows by `read_header`, which stops where the first of
 * them begins, then each row. VAE_ERROR_FORMAT, naming line, row and column, for a field that is not a finite number,
 * for rows of another width, and where there are none; rows past the request's limit may hold anything. The source's
 * state is the table. */
vae_status vae_number_table_open(vae_source *source, const vae_request *request,
                                 vae_status (*read_header)(vae_number_table *table));
/* Counts one column more, of that name. */
vae_status vae_number_table_add_column(vae_number_table *table, char *name);
/* Steps over comments, lines of blanks and the blanks before anything else, or to the end of the text. */
void vae_number_table_skip_comments(vae_number_table *table);
/* False for what is not a number at all; `nan` and `inf` are some. */
bool vae_number_table_parse(const char *text, double *value);

/* `close` and `column_names` of these formats. */
void vae_number_table_close(vae_source *source);
vae_status vae_number_table_column_names(const vae_source *source, vae_classes *names);

#endif
