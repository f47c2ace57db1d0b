/* A CSV file beside an array, a line a row of it: which image it is of. */
#ifndef VAE_CLI_TABLE_H
#define VAE_CLI_TABLE_H

#include <stdbool.h>

#include "config/config.h"
#include "data/image_stream.h"

/* codes.csv of codes.npy, codes-names.csv of codes.csv. */
void vae_cli_table_path(const char *array, char path[VAE_PATH_SIZE]);

typedef struct vae_cli_table vae_cli_table;

/* Columns: index; file, below the folder that was read, and class and label, where items have them; and `value`, where
 * it is not NULL. Labels are left out unless the items are the run's `own`: numbers of other classes may be others, and
 * their names tell. Fields are quoted as RFC 4180 says, whatever bytes are in them. The first batch says what items
 * have. On failure *table is NULL. */
vae_status vae_cli_table_open(const char *path, const char *value, bool own, vae_cli_table **table);
/* Lines for all images of the batch; their indices, or NULL: they follow those before. values [count] where the table
 * has them. */
vae_status vae_cli_table_add(vae_cli_table *table, const vae_image_batch *batch, const int64_t *indices,
                             const double *values);
/* What the table says of items beside their numbers, for "images named in codes.csv": "named", "labelled", or
 * "numbered", where it has nothing else. */
const char *vae_cli_table_tells(const vae_cli_table *table);
/* The file appears now. Frees the table. */
vae_status vae_cli_table_finish(vae_cli_table *table);
/* Leaves no file. NULL is allowed. */
void vae_cli_table_abandon(vae_cli_table *table);

#endif
