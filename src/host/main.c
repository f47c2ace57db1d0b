/* vae-cuda: finds the subcommand, and turns its status into an exit code. Only this file ends the process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vae/vae.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/streams.h"
#include "config/config.h"
#include "core/nearest.h"

static const vae_command *const commands[] = {
#define ROW(name) &vae_command_##name,
    VAE_COMMAND_MAP(ROW)
#undef ROW
};
enum command_index {
#define ROW(name) COMMAND_##name,
    VAE_COMMAND_MAP(ROW)
#undef ROW
        COMMAND_COUNT
};

static void print_help(void)
{
    printf("Usage: vae-cuda [COMMAND] [OPTION...]\n"
           "Trains variational autoencoders, and puts them to use.\n\n"
           "Commands (train is the default):\n");
    for (int i = 0; i < COMMAND_COUNT; ++i)
        printf("  %-12s %s\n", commands[i]->name, commands[i]->summary);
    printf(
        "\n  vae-cuda COMMAND --help   its options\n"
        "  vae-cuda --help-config    every key of a config file\n"
        "  vae-cuda --version        the version\n\n"
        "Examples:\n"
        "  vae-cuda --config configs/mnist.ini\n"
        "  vae-cuda --config configs/mnist.ini --set model.latent=2 --out runs/two\n"
        "  vae-cuda --config configs/mnist.ini --resume\n"
        "  vae-cuda sample --run runs/mnist --count 64 --out samples.png\n"
        "  vae-cuda evaluate --run runs/mnist --samples 5000\n\n"
        "Environment: VAE_CUDA_SYNC=1 makes a GPU run a step's kernels one at a time, slowly, so that an error names "
        "the\n"
        "             one that failed; OMP_NUM_THREADS and OMP_WAIT_POLICY as OpenMP has them\n\n"
        "Exit codes: 0 done; 1 failed; 2 wrong usage or configuration; 128 + n stopped by signal n, after a "
        "checkpoint:\n            130 SIGINT, 143 SIGTERM, 129 SIGHUP, ….\n");
}

static vae_status print_config_help(void)
{
    char *text;
    VAE_TRY(vae_config_help(&text));
    fputs(text, stdout);
    free(text);
    return VAE_OK;
}

static vae_status unknown_command(const char *name)
{
    const char *names[COMMAND_COUNT];
    for (int i = 0; i < COMMAND_COUNT; ++i)
        names[i] = commands[i]->name;
    const int nearest = vae_nearest(name, names, COMMAND_COUNT);
    if (nearest < 0) return vae_error_set(VAE_ERROR_ARGUMENT, "unknown command '%s'; --help lists them", name);
    return vae_error_set(VAE_ERROR_ARGUMENT, "unknown command '%s'; did you mean '%s'?", name, names[nearest]);
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
    return done ? VAE_OK : command->run(&options);
}

static vae_status dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_help();
        return vae_error_set(VAE_ERROR_ARGUMENT, "nothing to do: give --config FILE or a command");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help();
        return VAE_OK;
    }
    if (strcmp(argv[1], "--help-config") == 0) return print_config_help();
    if (strcmp(argv[1], "--version") == 0) {
        printf("vae-cuda %s\n", vae_version());
        return VAE_OK;
    }
    if (argv[1][0] == '-') return run_command(commands[0], argc, argv);
    for (int i = 0; i < COMMAND_COUNT; ++i) {
        if (strcmp(commands[i]->name, argv[1]) == 0) return run_command(commands[i], argc - 1, argv + 1);
    }
    return unknown_command(argv[1]);
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
