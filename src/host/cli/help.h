/* What the program's help and its manual page say beside the tables of commands, options and keys. */
#ifndef VAE_CLI_HELP_H
#define VAE_CLI_HELP_H

#include <stdio.h>

typedef struct vae_help_row {
    const char *name, *text;
} vae_help_row;

#define VAE_HELP_SUMMARY "Trains variational autoencoders, and puts them to use."

/* Each ends with a row of NULL. */
extern const vae_help_row vae_help_globals[]; /* options that are no command's */
extern const vae_help_row vae_help_environment[];
extern const vae_help_row vae_help_exit_codes[];
extern const char *const vae_help_examples[];

/* vae-cuda --help */
void vae_help_print(FILE *stream);

#endif
