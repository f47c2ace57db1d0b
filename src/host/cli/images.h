/* The data that a run was trained with, for commands that use its model; and arrays that they write. */
#ifndef VAE_CLI_IMAGES_H
#define VAE_CLI_IMAGES_H

#include <vae/model.h>

#include "core/csv_writer.h"
#include "core/npy.h"
#include "data/dataset.h"

/* Rows at a time of what goes through many images. A multiple of a model's own batches, so that each row is at the same
 * place in its batch, and the result the same bit for bit, as if all came at once. */
enum { VAE_CLI_BATCH = 512 };

/* vae_npy_read_float32() or, of a name that ends in .csv, rows of numbers [n, d]; but a file that is not there is wrong
 * usage: VAE_ERROR_CONFIG. */
vae_status vae_cli_read_array(const char *path, vae_npy_array *array);

/* ---- The run's data as it is stored, for what goes through all of it ---- */

/* All parts, without static binarisation. What reading them left out or changed the training told, and info and
 * evaluate do. */
vae_status vae_cli_splits_open(const vae_model *model, vae_splits *splits);
/* `split` is "test", "validation" or "train"; NULL: the first of these that the run has, and unless that is test a line
 * on standard error says so. VAE_ERROR_CONFIG where the run has no such images. *name is the part's; may be NULL. */
vae_status vae_cli_find_split(const vae_splits *splits, const char *split, const vae_dataset **dataset,
                              const char **name);
/* The same; VAE_ERROR_SHAPE where the images do not fit the model. */
vae_status vae_cli_choose_split(const vae_model *model, const vae_splits *splits, const char *split,
                                const vae_dataset **dataset);
vae_status vae_cli_check_shape(const vae_model *model, const vae_dataset *dataset);

/* Receives mean and log_variance [rows, latent] of the images from `first` on; log_variance is NULL for an autoencoder.
 */
typedef void vae_cli_take_codes(void *context, int64_t first, int64_t rows, const float *mean,
                                const float *log_variance);
/* Encodes all images in batches, in order; memory does not grow with their number. */
vae_status vae_cli_encode_each(vae_model *model, const vae_dataset *dataset, vae_cli_take_codes *take, void *context);
/* Their posterior means, codes [dataset->count, latent]. */
vae_status vae_cli_encode_all(vae_model *model, const vae_dataset *dataset, float *codes);
/* The same of the images seen in a mirror, left to right. */
vae_status vae_cli_encode_mirrored(vae_model *model, const vae_dataset *dataset, float *codes);
/* Posterior means [count, latent] of the images at `indices`; an index past the end names the range. */
vae_status vae_cli_encode_selected(vae_model *model, const vae_dataset *dataset, const int64_t *indices, int count,
                                   float *codes);

/* image [elements] receives image `index`, which is there. */
void vae_cli_dataset_image(const vae_dataset *dataset, int64_t index, float *image);

/* What columns of the model's data, and of its codes, are called in tables. */
vae_csv_names vae_cli_data_names(const vae_model *model);
static inline vae_csv_names vae_cli_code_names(void)
{
    return (vae_csv_names){.prefix = "z"};
}

/* Write codes [count, latent] or images, as cli/image_array.h has them, as .npy or .csv; vae_cli_check_outputs() first.
 */
vae_status vae_cli_write_codes(const char *path, const float *codes, int64_t count, int64_t latent);
vae_status vae_cli_write_images(const char *path, const vae_model *model, const float *images, int64_t count);

#endif
