/* vae-cuda completion: a script with which a shell completes commands, options, their values and configuration keys. */
#include "cli/completion.h"

#include <string.h>

#include "cli/command.h"
#include "cli/option_table.h"
#include "config/config_table.h"

/* Of a key as "section.name"; NULL where it is not a choice. */
static const char *const *choices_of(const char *full_name)
{
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        char name[128];
        snprintf(name, sizeof name, "%s.%s", key->section, key->name);
        if (strcmp(name, full_name) == 0) return key->choices;
    }
    return NULL;
}

vae_completion vae_completion_of_option(const vae_cli_pick *pick)
{
    static const char *const files[] = {"FILE", "PREFIX", "WHAT"};
    const vae_cli_row *row = vae_cli_row_of(pick);
    const char *argument = vae_cli_argument_of(pick);
    if (!argument) return (vae_completion){VAE_COMPLETION_FLAG, NULL};
    const char *const *words = row->key ? choices_of(row->key) : row->choices;
    if (words) return (vae_completion){VAE_COMPLETION_WORDS, words};
    if (pick->option == VAE_OPTION_SET) return (vae_completion){VAE_COMPLETION_KEY, NULL};
    if (strcmp(argument, "DIR") == 0) return (vae_completion){VAE_COMPLETION_FOLDER, NULL};
    for (size_t i = 0; i < sizeof files / sizeof *files; ++i) {
        if (strcmp(argument, files[i]) == 0) return (vae_completion){VAE_COMPLETION_FILE, NULL};
    }
    return (vae_completion){VAE_COMPLETION_OTHER, NULL};
}

vae_completion vae_completion_of_key(const vae_key *key)
{
    if (key->choices) return (vae_completion){VAE_COMPLETION_WORDS, key->choices};
    return (vae_completion){key->type == VAE_KEY_TEXT ? VAE_COMPLETION_FILE : VAE_COMPLETION_OTHER, NULL};
}

static vae_status run(vae_cli_options *o)
{
    if (o->shell == VAE_CLI_SHELL_ZSH) {
        vae_completion_write_zsh(stdout);
    } else {
        vae_completion_write_bash(stdout);
    }
    return VAE_OK;
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_SHELL, .group = 1, .initial = "bash"},
    {VAE_OPTION_END},
};

const vae_command vae_command_completion = {
    .name = "completion",
    .summary = "print a script with which a shell completes command lines",
    .description =
        "Prints a script that completes commands, options, their values, files, and after --set the keys of a "
        "configuration."
        "\vBash: source <(vae-cuda completion). Zsh: vae-cuda completion --shell zsh >_vae-cuda, in a folder "
        "of $fpath. Installed packages have both.",
    .picks = picks,
    .run = run,
};
