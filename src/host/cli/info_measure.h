/* The part of `vae-cuda info` that times training steps. */
#ifndef VAE_CLI_INFO_MEASURE_H
#define VAE_CLI_INFO_MEASURE_H

#include "cli/common.h"

/* Of the options' configuration, run or checkpoint. */
vae_status vae_cli_measure(const vae_cli_options *options);

#endif
