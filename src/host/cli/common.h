/* Options that several subcommands share, as argp children, and what follows from them. */
#ifndef VAE_CLI_COMMON_H
#define VAE_CLI_COMMON_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
#include <vae/model.h>

#include "cli/files.h"
#include "config/config.h"
#include "model/checkpoint.h"

enum { VAE_CLI_MAX_SETS = 64 };

typedef struct vae_cli_options {
    const char *config;                 /* --config FILE */
    const char *sets[VAE_CLI_MAX_SETS]; /* --set section.key=value */
    int set_count;
    const char *run, *checkpoint; /* --run DIR, --checkpoint FILE */
    const char *device, *out;     /* NULL: not given */
    int64_t seed, threads;        /* -1: not given */
    bool quiet, force;
    const vae_cli_file *files; /* what vae_cli_check_outputs() has looked at */
    int file_count;
} vae_cli_options;

/* Starts from this. */
vae_cli_options vae_cli_options_none(void);

/* Children for a command's argp; their input is a vae_cli_options. */
extern const struct argp vae_cli_config_argp; /* --config --set --device --out --seed --threads --quiet */
extern const struct argp
    vae_cli_model_argp; /* --run --checkpoint --set --device --out --seed --threads --force --quiet */

/* Keeps the value of a --set; EINVAL, with the message set, where there are too many. */
error_t vae_cli_add_set(vae_cli_options *options, const char *set);

/* Defaults, then the file, then --set, then the single options; checked. `out` becomes runs/<name of the file> unless
 * set, and stays empty where the file is a pipe without a name. */
vae_status vae_cli_load_config(const vae_cli_options *options, vae_config *config);
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
/* Opens it, with its data placed; VAE_ERROR_ARGUMENT where an output would replace what its run was trained on. */
vae_status vae_cli_open_model(const vae_cli_options *options, vae_model **model);

/* Reads a whole number in [minimum, maximum]; the message names `option`. */
vae_status vae_cli_parse_integer(const char *option, const char *text, int64_t minimum, int64_t maximum,
                                 int64_t *value);
vae_status vae_cli_parse_real(const char *option, const char *text, double minimum, double maximum, double *value);
/* "-3:3:9": `count` numbers from `first` to `last`, evenly spaced; one number alone is also a range. */
typedef struct vae_cli_range {
    double first, last;
    int64_t count; /* 1 to 1000 */
} vae_cli_range;
vae_status vae_cli_parse_range(const char *option, const char *text, vae_cli_range *range);
double vae_cli_range_value(const vae_cli_range *range, int64_t index);

/* "3,7,12" → at most `capacity` numbers of at least 0. */
vae_status vae_cli_parse_list(const char *option, const char *text, int64_t *values, int capacity, int *count);
/* vae_cli_check_files(), before anything is computed. `files` stays, and is looked at again where a model is opened, as
 * then it is known what its run was trained on. */
vae_status vae_cli_check_outputs(vae_cli_options *options, const vae_cli_file *files, int count);

#endif
