/* The configuration, checkpoint or model that options lead to. */
#ifndef VAE_CLI_COMMON_H
#define VAE_CLI_COMMON_H

#include <stdbool.h>
#include <vae/model.h>

#include "cli/options.h"
#include "config/config.h"
#include "model/checkpoint.h"

/* Defaults, then the file, then --set, then the single options; checked. `out` becomes runs/<name of the file> unless
 * set, and stays empty where the file is a pipe without a name. */
vae_status vae_cli_load_config(const vae_cli_options *options, vae_config *config);
/* The same from --set on, over what the file at `path` gave. */
vae_status vae_cli_complete_config(const vae_cli_options *options, const char *path, vae_config *config);
/* --set and the single options over what `config` holds. */
vae_status vae_cli_override_config(const vae_cli_options *options, vae_config *config);

/* Writes the checkpoint file that --run or --checkpoint name to path[size]: a run's best, else its last.
 * VAE_ERROR_CONFIG if it is not there. */
vae_status vae_cli_find_checkpoint(const vae_cli_options *options, char *path, size_t size);
/* Lets a trained model's configuration find the run's data: --set may give new places, of which data/record.h checks
 * that they hold the same, and relative paths are those of the run. Where `other_data`, --set takes any key of [data],
 * and other data are told only. VAE_ERROR_ARGUMENT for other keys. `path` is the checkpoint's. */
vae_status vae_cli_place_data(const vae_cli_options *options, bool other_data, const char *path,
                              vae_checkpoint *checkpoint);
/* vae_cli_check_files(), before anything is computed. `files` stays, and is looked at again where a model is opened, as
 * then it is known what its run was trained on. */
vae_status vae_cli_check_outputs(vae_cli_options *options, const vae_cli_file *files, int count);
/* --out unless it was given: a picture, which is left out of a model whose data are no images where another output is
 * asked for; options->out is then NULL. */
void vae_cli_default_picture(vae_cli_options *options, const char *name);
/* Opens it, with its data placed; VAE_ERROR_ARGUMENT where an output would replace what its run was trained on. */
vae_status vae_cli_open_model(const vae_cli_options *options, vae_model **model);

typedef vae_status vae_cli_use(vae_cli_options *options, vae_model *model);
/* Both of these, and then what the command does with the model. VAE_ERROR_ARGUMENT for a picture of data that are no
 * images. */
vae_status vae_cli_use_model(vae_cli_options *options, const vae_cli_file *files, int count, vae_cli_use *use);

#endif
