/* A program as text: each operation with its operands and cost, then the totals. */
#ifndef VAE_CLI_INFO_H
#define VAE_CLI_INFO_H

#include <stdio.h>

#include "config/config.h"
#include "model/design.h"

/* The training program that is shown of a design: of sequences that for the longest ones, which takes the most memory.
 */
vae_build vae_cli_shown_build(const vae_design *design);
void vae_cli_print_program(FILE *out, const vae_config *config, const vae_program *program);

#endif
