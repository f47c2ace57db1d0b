/* Tables that have a row an image: which row is whose. */
#ifndef VAE_DATA_ROWS_H
#define VAE_DATA_ROWS_H

#include <stdio.h>

#include "data/dataset.h"

/* What the rows are called. Begins as zeros. */
typedef struct vae_rows {
    int64_t count;
    char *names;  /* a text a row, one after the other, each with its zero byte; NULL: they have none. Owned. */
    bool numbers; /* all of them are whole numbers */
    bool rising;  /* and each is larger than the one before */
    bool counts;  /* and they count the rows, from 0 or from 1 */
    int64_t last; /* the last such number */
} vae_rows;

/* Writes the next row's name to the stream that makes rows->names; the caller counts the row. */
void vae_rows_add_name(vae_rows *rows, const char *name, FILE *names);

/* Whether a column of that name holds what images are called: "", image, images, image_id, file, filename, path, name,
 * id or index. */
bool vae_rows_names_images(const char *column);

/* Finds the row of each image. Where both have names, it is that of the image's name: its path below the folder or,
 * where no two pictures of the folder share it, its plain file name, with or without its ending: *row_of [count of
 * images], the caller's to free. Rows of other images do no harm. Else *row_of is NULL, and rows are in the order of
 * the images in the file that `dataset` was read from: the first image's is row dataset->first. They then cannot be
 * those of a folder with subfolders, or one of which damaged pictures were left out, or whose names are in another
 * order as numbers than as text. `path` is the table's, for messages. VAE_ERROR_FORMAT, naming the image, where one has
 * no row or two; VAE_ERROR_MEMORY. */
vae_status vae_rows_match(const vae_rows *rows, const char *path, const vae_dataset *dataset, int64_t **row_of);

#endif
