/* vae-cuda --help, and the lists that it shares with the manual page. */
#include "cli/help.h"

#include "cli/command.h"

const vae_help_row vae_help_globals[] = {
    {"--help", "the commands; after a command, its options"},
    {"--help-config", "every key of a config file"},
    {"--version", "the version"},
    {NULL, NULL},
};

const vae_help_row vae_help_environment[] = {
    {"VAE_CUDA_SYNC=1",
     "a GPU runs a step's kernels one at a time, slowly, so that an error names the one that failed"},
    {"OMP_NUM_THREADS, OMP_WAIT_POLICY", "as OpenMP has them"},
    {"XDG_CACHE_HOME", "where decoded data and the times of a GPU's algorithms are kept, instead of ~/.cache"},
    {NULL, NULL},
};

const vae_help_row vae_help_exit_codes[] = {
    {"0", "done"},
    {"1", "failed"},
    {"2", "wrong usage or configuration"},
    {"128 + n", "stopped by signal n, after a checkpoint: 130 SIGINT, 143 SIGTERM, 129 SIGHUP, …"},
    {NULL, NULL},
};

const char *const vae_help_examples[] = {
    "vae-cuda --config configs/mnist.ini",
    "vae-cuda --config configs/mnist.ini --set model.latent=2 --out runs/two",
    "vae-cuda --config configs/mnist.ini --resume",
    "vae-cuda sample --run runs/mnist --count 64 --out samples.png",
    "vae-cuda evaluate --run runs/mnist --samples 5000",
    NULL,
};

static void print_rows(FILE *stream, const char *title, const vae_help_row *row)
{
    fprintf(stream, "\n%s:\n", title);
    for (; row->name; ++row)
        fprintf(stream, "  %-12s %s\n", row->name, row->text);
}

void vae_help_print(FILE *stream)
{
    fprintf(stream, "Usage: vae-cuda [COMMAND] [OPTION...]\n%s\n\nCommands (%s is the default):\n", VAE_HELP_SUMMARY,
            vae_commands[0]->name);
    for (int i = 0; i < VAE_COMMAND_COUNT; ++i)
        fprintf(stream, "  %-12s %s\n", vae_commands[i]->name, vae_commands[i]->summary);
    print_rows(stream, "Options", vae_help_globals);
    fprintf(stream, "\nExamples:\n");
    for (const char *const *example = vae_help_examples; *example; ++example)
        fprintf(stream, "  %s\n", *example);
    print_rows(stream, "Environment", vae_help_environment);
    print_rows(stream, "Exit codes", vae_help_exit_codes);
}
