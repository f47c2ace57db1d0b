/* Images and labels from whatever a path names. */
#ifndef VAE_DATA_READ_H
#define VAE_DATA_READ_H

#include "data/dataset.h"

/* Reads images from what `path` names; its content decides, not its name:
 *   IDX     plain or gzip: [n, h, w], [n, h, w, c] or [n, d], which is one row of d numbers, as higher ranks become
 *   NPY     plain or gzip: the same, in C or Fortran order
 *   NPZ     the array `images`, or else the only one of rank 3 or 4, or else of rank 2; "file.npz:key" names another
 *   CSV     plain or gzip: rows of numbers, fields separated by commas, semicolons or blanks, below a header or not
 *   folder  pictures, all of one shape once transformed. Its subfolders are classes, whose numbers in the order of
 *           names become the labels. Within a class files are in the
 *           order of their names, and classes are interleaved evenly, so that every part of the data set has each in
 *           proportion.
 * What numbers of arrays become, of whatever type and byte order, says options->store:
 *   bytes    levels of images: integers from 0 to 255, booleans (true is 255), or floats in [0, 1], which are rounded
 *            to bytes. If all integers read are 0 or 1, 1 is taken as 255.
 *   float32  any finite numbers, as they are, but bytes and booleans as level / 255
 *   auto     bytes where vae_numbers_look_like_levels(), and where they are to be transformed; else float32
 * The layout option may say that
 * arrays of rank 4 are [n, c, h, w]. Memory grows with what the file holds, whatever its header promises.
 * VAE_ERROR_CONFIG if the file cannot be opened, VAE_ERROR_FORMAT if its content is not such a file, VAE_ERROR_IO,
 * VAE_ERROR_MEMORY; *dataset is then empty. */
vae_status vae_images_read(const char *path, const vae_read_options *options, vae_dataset *dataset);
/* Reads the labels of the images into dataset->labels, and their names, if any, into dataset->classes, in place of what
 * was there: from text (data/label_table.h), or from IDX, NPY or NPZ (the array `labels`, or else the only one of rank
 * 1), whole numbers or NumPy's texts, in the order of the images in their file; this must then hold exactly
 * dataset->stored labels or, where that is not known, dataset->count, or more if limit is not 0; and the images cannot
 * be those of subfolders, see data/rows.h. On failure *dataset is as it was. */
vae_status vae_labels_read(const char *path, int64_t limit, vae_dataset *dataset);
/* Reads the header alone: [count, height, width, channels] of the images as they are to be read. The same failures. */
vae_status vae_images_read_shape(const char *path, const vae_read_options *options, int64_t shape[4]);
/* What they would become: looks through as many of an array's numbers as that takes, see options->store. */
vae_status vae_images_read_type(const char *path, const vae_read_options *options, vae_dtype *dtype);
vae_read_options vae_read_options_of(const vae_config *config);

#endif
