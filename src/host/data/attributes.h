/* Attributes of images, in columns of a table: who has glasses, how old someone is, which colour a thing has. */
#ifndef VAE_DATA_ATTRIBUTES_H
#define VAE_DATA_ATTRIBUTES_H

#include "data/attribute.h"
#include "data/rows.h"

typedef struct vae_attribute_table {
    int64_t count;          /* attributes */
    vae_attribute *columns; /* [count], owned */
    vae_classes keys;       /* their names in small letters */
    vae_rows rows;          /* images */
} vae_attribute_table;

/* Reads a table of any number of attributes, one row per image:
 *   CSV     a header of names, then one line per image. An empty field means "not known". A column is binary if its
 *           values are 1 (has it) and 0 or -1 (lacks it), also as 1.0; where it has both 0 and -1, -1 means "not
 * known". Else it is of numbers, if all are, or of names, of which none may be a number: classes, in the order of
 *           strcmp. Attributes' names have at most 255 bytes.
 *           A first column of the images' file names or numbers gives the rows' names: one called as
 *           vae_rows_names_images() says; or, with `named_images`, as those of a folder are, whose first field is none
 *           of 1, 0, -1. Else it is an attribute like the others.
 *   CelebA  the list format of list_attr_celeba.txt (Liu et al. 2015): the number of images; names; then one line per
 *           image, its file name and 1 or -1 for each attribute.
 * VAE_ERROR_CONFIG if it cannot be opened; VAE_ERROR_FORMAT, naming file:line:column, for a value, a line or a header
 * that does not fit; VAE_ERROR_IO, VAE_ERROR_MEMORY. *table is then empty. */
vae_status vae_attribute_table_read(const char *path, bool named_images, vae_attribute_table *table);
/* Also of a zeroed table. */
void vae_attribute_table_free(vae_attribute_table *table);

/* A name in small letters, as it is looked for; what does not fit is cut. */
void vae_attribute_key(const char *name, char *key, size_t size);
/* *index receives the column called `name`, ignoring case, and *class -1; or `name` is "column=class", *class the
 * number of that class. VAE_ERROR_ARGUMENT names the nearest, or the first ten. */
vae_status vae_attribute_table_find(const vae_attribute_table *table, const char *name, int64_t *index, int64_t *class);

/* Makes row i that of image i of `dataset`, as vae_rows_match() finds it. Rows that are in the order of images must be
 * `dataset->stored`, or at least `needed` where that is not known. VAE_ERROR_FORMAT; VAE_ERROR_MEMORY, after
 * which the table can only be freed. */
vae_status vae_attribute_table_match(vae_attribute_table *table, const char *path, const vae_dataset *dataset,
                                     int64_t needed);

#endif
