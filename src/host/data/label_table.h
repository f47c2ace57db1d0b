/* Labels in a text file: a line an image. */
#ifndef VAE_DATA_LABEL_TABLE_H
#define VAE_DATA_LABEL_TABLE_H

#include "data/dataset.h"

/* Whether the path names a text file. */
bool vae_label_table_is(const char *path);
/* Reads, into dataset->labels and dataset->classes, which are empty, the labels of its images from CSV, or from fields
 * that blanks separate. One column holds the labels: the only one, or the one called label, class, category or target,
 * or the second of two. The other names the images, see rows.h. A header is known by such a name, or by its first field
 * where that, unlike those that follow, names no image. Labels are whole numbers or names, of
 * all rows, see label_values.h. Rows that have no names go by order, and are dataset->stored, or dataset->count where
 * that is not known, or more if limit is not 0. VAE_ERROR_CONFIG, VAE_ERROR_FORMAT, VAE_ERROR_IO, VAE_ERROR_MEMORY. */
vae_status vae_label_table_read(const char *path, int64_t limit, vae_dataset *dataset);

/* VAE_ERROR_FORMAT unless this many labels, of rows matched by order, can be those of the images. */
vae_status vae_labels_check_count(const char *name, int64_t labels, int64_t limit, const vae_dataset *dataset);

#endif
