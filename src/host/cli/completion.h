/* What shells complete: the values of options and of configuration keys, and the scripts that do it. */
#ifndef VAE_CLI_COMPLETION_H
#define VAE_CLI_COMPLETION_H

#include <stdio.h>

#include "cli/options.h"
#include "config/key.h"

typedef enum vae_completion_kind {
    VAE_COMPLETION_FLAG,   /* takes no value */
    VAE_COMPLETION_WORDS,  /* one of `words` */
    VAE_COMPLETION_KEY,    /* section.key=value */
    VAE_COMPLETION_FOLDER, /* one that exists, or is to be made */
    VAE_COMPLETION_FILE,
    VAE_COMPLETION_OTHER, /* a number, or a name that only the data know */
} vae_completion_kind;

typedef struct vae_completion {
    vae_completion_kind kind;
    const char *const *words; /* NULL-terminated */
} vae_completion;

vae_completion vae_completion_of_option(const vae_cli_pick *pick);
vae_completion vae_completion_of_key(const vae_key *key);

/* Scripts to source, or for the folder where a shell looks for them. */
void vae_completion_write_bash(FILE *stream);
void vae_completion_write_zsh(FILE *stream);

#endif
