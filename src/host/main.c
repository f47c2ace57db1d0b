/* vae-cuda: finds the subcommand, and turns its status into an exit code. Only this file ends the process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vae/vae.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/streams.h"
#include "config/config.h"

static vae_status print_config_help(void)
{
    char *text;
    VAE_TRY(vae_config_help(&text));
    fputs(text, stdout);
    free(text);
    return VAE_OK;
}

/* argv[0] becomes "vae-cuda <name>", as usage texts should show it. */
static vae_status run_command(const vae_command *command, int argc, char **argv)
{
    char title[64];
    vae_cli_options options;
    bool done;
    snprintf(title, sizeof title, "vae-cuda %s", command->name);
    argv[0] = title;
    VAE_TRY(vae_cli_parse(command, argc, argv, &options, &done));
    return done ? VAE_OK : vae_command_run(command, &options);
}

static vae_status dispatch(int argc, char **argv)
{
    if (argc < 2) {
        vae_help_print(stdout);
        return vae_error_set(VAE_ERROR_ARGUMENT, "nothing to do: give --config FILE or a command");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        vae_help_print(stdout);
        return VAE_OK;
    }
    if (strcmp(argv[1], "--help-config") == 0) return print_config_help();
    if (strcmp(argv[1], "--version") == 0) {
        printf("vae-cuda %s\n", vae_version());
        return VAE_OK;
    }
    if (argv[1][0] == '-') return run_command(vae_commands[0], argc, argv);
    const vae_command *command;
    VAE_TRY(vae_command_find(argv[1], &command));
    return run_command(command, argc - 1, argv + 1);
}

static int exit_code(vae_status status)
{
    switch (status) {
    case VAE_OK: return 0;
    case VAE_ERROR_ARGUMENT:
    case VAE_ERROR_CONFIG: return 2;
    case VAE_ERROR_INTERRUPTED: return 128 + vae_interrupt_signal();
    default: return 1;
    }
}

int main(int argc, char **argv)
{
    vae_streams_prepare();
    vae_interrupt_spare_writes();
    vae_status status = dispatch(argc, argv);
    if (!status) status = vae_streams_check();
    if (status)
        fprintf(stderr, "vae-cuda: %s%s\n", status == VAE_ERROR_INTERRUPTED ? "" : "error: ", vae_error_message());
    return exit_code(status);
}
