/* Subcommands. A new one is one file cli/<name>.c that defines vae_command_<name>, and one row here. */
#ifndef VAE_CLI_COMMAND_H
#define VAE_CLI_COMMAND_H

#include <argp.h>
#include <stdbool.h>

#include "core/error.h"

#define VAE_COMMAND_MAP(X)                                                                                             \
    X(train)                                                                                                           \
    X(info)                                                                                                            \
    X(sample)                                                                                                          \
    X(reconstruct)                                                                                                     \
    X(interpolate)                                                                                                     \
    X(traverse)                                                                                                        \
    X(arithmetic)                                                                                                      \
    X(probe)                                                                                                           \
    X(encode)                                                                                                          \
    X(decode)                                                                                                          \
    X(export)                                                                                                          \
    X(latent)                                                                                                          \
    X(evaluate)                                                                                                        \
    X(report)

typedef struct vae_command {
    const char *name, *summary;
    /* argv[0] is "vae-cuda <name>"; prints its own results. A failure's message is printed by main. */
    vae_status (*run)(int argc, char **argv);
} vae_command;

#define VAE_COMMAND_DECLARE(name) extern const vae_command vae_command_##name;
VAE_COMMAND_MAP(VAE_COMMAND_DECLARE)
#undef VAE_COMMAND_DECLARE

/* argp_parse() that never exits and never prints an error: --help prints to stdout and sets *done; an unknown option
 * or a missing value is VAE_ERROR_ARGUMENT, with a message that names it and the nearest valid one. A parser reports a
 * bad value by vae_error_set() and returning EINVAL. Arguments that are no options are refused. */
vae_status vae_cli_parse(const struct argp *argp, int argc, char **argv, void *input, bool *done);

#endif
