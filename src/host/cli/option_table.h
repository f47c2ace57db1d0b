/* The one table of options, and how a row's value is read. */
#ifndef VAE_CLI_OPTION_TABLE_H
#define VAE_CLI_OPTION_TABLE_H

#include <stddef.h>

#include "cli/options.h"

typedef enum vae_cli_value {
    VAE_VALUE_FLAG,    /* bool; takes no argument */
    VAE_VALUE_TEXT,    /* const char *, which stays that of argv */
    VAE_VALUE_TEXTS,   /* vae_cli_texts */
    VAE_VALUE_INTEGER, /* int64_t in [least, most] */
    VAE_VALUE_REAL,    /* double in [minimum, maximum] */
    VAE_VALUE_CHOICE,  /* int, an index into choices */
    VAE_VALUE_RANGE,   /* vae_cli_range */
    VAE_VALUE_SHAPE,   /* int64_t [3], "28x28" or "64x64x3" */
} vae_cli_value;

typedef struct vae_cli_row {
    const char *name;     /* without dashes */
    const char *argument; /* as the help text calls its value; NULL: none */
    const char *help;
    size_t offset; /* in vae_cli_options */
    vae_cli_value type;
    int64_t least, most;
    double minimum, maximum;
    const char *const *choices; /* NULL-terminated; of a text, what shells complete it to */
    const char *key;            /* a text that is the value of this configuration key, "run.device"; else NULL */
} vae_cli_row;

extern const vae_cli_row vae_cli_option_table[VAE_OPTION_COUNT_OF_ROWS];

/* What a command's option is called and means: the table's words, unless the command has its own. */
static inline const vae_cli_row *vae_cli_row_of(const vae_cli_pick *pick)
{
    return &vae_cli_option_table[pick->option];
}
static inline const char *vae_cli_argument_of(const vae_cli_pick *pick)
{
    return pick->argument ? pick->argument : vae_cli_row_of(pick)->argument;
}
static inline const char *vae_cli_help_of(const vae_cli_pick *pick)
{
    return pick->help ? pick->help : vae_cli_row_of(pick)->help;
}

/* Reads `text` into the row's field, where flags take any. VAE_ERROR_ARGUMENT names the option and what is allowed. */
vae_status vae_cli_row_parse(const vae_cli_row *row, const char *text, vae_cli_options *options);

#endif
