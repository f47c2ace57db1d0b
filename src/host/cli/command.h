/* Subcommands. A new one is one file cli/<name>.c that defines vae_command_<name>, and one row here. */
#ifndef VAE_CLI_COMMAND_H
#define VAE_CLI_COMMAND_H

#include <stdbool.h>

#include "cli/options.h"

#define VAE_COMMAND_MAP(X)                                                                                             \
    X(train)                                                                                                           \
    X(info)                                                                                                            \
    X(sample)                                                                                                          \
    X(reconstruct)                                                                                                     \
    X(interpolate)                                                                                                     \
    X(traverse)                                                                                                        \
    X(arithmetic)                                                                                                      \
    X(complete)                                                                                                        \
    X(probe)                                                                                                           \
    X(encode)                                                                                                          \
    X(decode)                                                                                                          \
    X(export)                                                                                                          \
    X(latent)                                                                                                          \
    X(evaluate)                                                                                                        \
    X(report)                                                                                                          \
    X(completion)                                                                                                      \
    X(manual)

typedef struct vae_command {
    const char *name, *summary;
    const char *description;   /* of its help text; what follows a \v comes after the options */
    const vae_cli_pick *picks; /* the options it has, up to VAE_OPTION_END */
    /* Prints its own results. A failure's message is printed by main. `options` is the command's to change. */
    vae_status (*run)(vae_cli_options *options);
    /* The same with a trained model of sequences. NULL: the command is not for them, and `instead`, if it is not NULL,
     * says which is: "interpolate goes between sentences". Where both are NULL, `run` serves all kinds. */
    vae_status (*run_sequences)(vae_cli_options *options);
    const char *instead;
} vae_command;

#define VAE_COMMAND_DECLARE(name) extern const vae_command vae_command_##name;
VAE_COMMAND_MAP(VAE_COMMAND_DECLARE)
#undef VAE_COMMAND_DECLARE

/* All of them, in the map's order; the first is the one that runs where none is named. */
enum {
#define VAE_COMMAND_NUMBER(name) VAE_COMMAND_##name,
    VAE_COMMAND_MAP(VAE_COMMAND_NUMBER)
#undef VAE_COMMAND_NUMBER
        VAE_COMMAND_COUNT
};
extern const vae_command *const vae_commands[VAE_COMMAND_COUNT];

/* The command of that name; VAE_ERROR_ARGUMENT, with the nearest name, where there is none. */
vae_status vae_command_find(const char *name, const vae_command **command);

/* Reads the command's options; argv[0] is "vae-cuda <name>". --help prints to stdout and sets *done. VAE_ERROR_ARGUMENT
 * for an unknown option or a missing value, with a message that names it and the nearest valid one; for a bad value,
 * with what is allowed; and for arguments that are no options. */
vae_status vae_cli_parse(const vae_command *command, int argc, char **argv, vae_cli_options *options, bool *done);

/* Runs the command for the kind of model that --run or --checkpoint name. VAE_ERROR_ARGUMENT for a command or an option
 * that this kind does not have. */
vae_status vae_command_run(const vae_command *command, vae_cli_options *options);

#endif
