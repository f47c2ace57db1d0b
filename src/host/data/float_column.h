/* Training data that are numbers of any kind, in float32: what a configuration can do with them, and their mean and
 * deviation column by column. */
#ifndef VAE_DATA_FLOAT_COLUMN_H
#define VAE_DATA_FLOAT_COLUMN_H

#include "data/dataset.h"

enum { VAE_COLUMN_TEXT = 80 };
/* "'age'", or "3", counted from 0, of a column without a name, for messages; returns text. */
const char *vae_float_column_name(const vae_dataset *dataset, int64_t column, char text[VAE_COLUMN_TEXT]);

/* That the keys fit data of this type. Bytes fit any; float32 cannot be binarised, take no normalise = symmetric and no
 * likelihood of 256 levels, and are mirrored only where they have the shape of images. VAE_ERROR_CONFIG names the key.
 */
vae_status vae_float_column_check(const vae_config *config, const vae_dataset *dataset);
/* That float32 numbers lie in [0, 1] where the likelihood takes no others. `key` names them: train_data.
 * VAE_ERROR_CONFIG gives the first that does not, and its place. */
vae_status vae_float_column_check_range(const vae_config *config, const char *key, const vae_dataset *dataset);

/* Columns of one kind: how many there are, and which is the first. */
typedef struct vae_column_count {
    int64_t count, first;
} vae_column_count;

/* Mean and standard deviation of each of the columns of float32 images, [elements]; of a column that never changes the
 * deviation is 1. *constant: those; *coarse: those of which float32, which tells numbers apart by 1.2e-7 of their size,
 * leaves less than a hundred steps a deviation. */
void vae_float_column_fit(const vae_dataset *dataset, double *mean, double *deviation, vae_column_count *constant,
                          vae_column_count *coarse);

#endif
