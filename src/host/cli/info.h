/* A program as text: each operation with its operands and cost, then the totals. */
#ifndef VAE_CLI_INFO_H
#define VAE_CLI_INFO_H

#include <stdio.h>

#include "config/config.h"
#include "program/program.h"

void vae_cli_print_program(FILE *out, const vae_config *config, const vae_program *program);

#endif
