/* The part of `vae-cuda info` that counts what a GPU would do. */
#ifndef VAE_CLI_INFO_COST_H
#define VAE_CLI_INFO_COST_H

#include "config/config.h"
#include "program/program.h"

vae_status vae_cli_print_cost(const vae_program *program, const vae_config *config, bool json);

#endif
