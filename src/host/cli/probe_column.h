/* Probes of attributes that are numbers or have classes. */
#ifndef VAE_CLI_PROBE_COLUMN_H
#define VAE_CLI_PROBE_COLUMN_H

#include "cli/probe_side.h"

/* Prints a line of column `column` of the training images' table, which is not binary, and of the one of that name in
 * the table of `test`, NULL where there is none. VAE_ERROR_CONFIG where that is of another kind. */
vae_status vae_cli_probe_column(const vae_cli_options *o, const vae_probe_side *train, const vae_probe_side *test,
                                int64_t column);

#endif
