/* The list of all subcommands, and how one is found by its name. */
#include "cli/command.h"

#include <string.h>

#include "core/nearest.h"

const vae_command *const vae_commands[VAE_COMMAND_COUNT] = {
#define ROW(name) &vae_command_##name,
    VAE_COMMAND_MAP(ROW)
#undef ROW
};

vae_status vae_command_find(const char *name, const vae_command **command)
{
    const char *names[VAE_COMMAND_COUNT];
    for (int i = 0; i < VAE_COMMAND_COUNT; ++i) {
        names[i] = vae_commands[i]->name;
        if (strcmp(names[i], name) != 0) continue;
        *command = vae_commands[i];
        return VAE_OK;
    }
    const int nearest = vae_nearest(name, names, VAE_COMMAND_COUNT);
    if (nearest < 0) return vae_error_set(VAE_ERROR_ARGUMENT, "unknown command '%s'; --help lists them", name);
    return vae_error_set(VAE_ERROR_ARGUMENT, "unknown command '%s'; did you mean '%s'?", name, names[nearest]);
}
