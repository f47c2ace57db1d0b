/* Where commands that use a model get images from: what --input names, or a part of the data the run was trained with.
 */
#ifndef VAE_CLI_INPUT_H
#define VAE_CLI_INPUT_H

#include <vae/model.h>

#include "data/image_stream.h"
#include "model/checkpoint.h"

typedef struct vae_cli_input_options {
    const char *input, *split;                   /* NULL: not given */
    const char *crop, *size, *channels, *layout; /* of --input, in place of the run's keys of [data] */
} vae_cli_input_options;

/* VAE_ERROR_ARGUMENT for what cannot be given together. */
vae_status vae_cli_input_check(const vae_cli_input_options *options);

typedef struct vae_cli_input vae_cli_input;

/* Static and dynamic binarisation are not applied: commands look at the images themselves. VAE_ERROR_ARGUMENT where
 * both options are given; VAE_ERROR_SHAPE where images do not fit, see vae_images_fit(). On failure *input is NULL. */
vae_status vae_cli_input_open(const vae_model *model, const vae_cli_input_options *options, vae_cli_input **input);
/* How many images there are at most, see vae_image_stream_count(). */
int64_t vae_cli_input_count(const vae_cli_input *input);
/* The next images, at most `most`, in order; none at the end. */
vae_status vae_cli_input_next(vae_cli_input *input, int64_t most, vae_image_batch *batch);
/* Tells on standard error what reading left out or changed. NULL is allowed. */
void vae_cli_input_close(vae_cli_input *input);

/* The same for one command: images [count, elements] at `indices`, and a list of their file names with their zero
 * bytes, owned by the caller, NULL where they have none. An index past the end names the range. Of --input no more than
 * the images up to the last of them are read. names may be NULL. */
vae_status vae_cli_input_select(const vae_model *model, const vae_cli_input_options *options, const int64_t *indices,
                                int count, float *images, char **names);
/* image [elements] of the one picture in the file, with the keys of the options. */
vae_status vae_cli_read_picture(const vae_model *model, const vae_cli_input_options *options, const char *path,
                                float *image);
/* All that --input names, read for what needs it whole, and as the run's test images would be: binarised too where
 * `binarise`. `columns`, what the model's are called, may be NULL. */
vae_status vae_cli_read_input(const vae_config *config, const vae_attachment *columns, const int64_t shape[3],
                              const vae_cli_input_options *options, bool binarise, vae_dataset *dataset);

#endif
