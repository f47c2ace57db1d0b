/* The list of all subcommands, how one is found by its name, and how it is run for a kind of model. */
#include "cli/command.h"

#include <string.h>

#include "cli/common.h"
#include "cli/kind_words.h"
#include "cli/option_table.h"
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

/* ---- Kinds of models ---- */

/* Of the model that is named; images where there is none, or none that can be read, which the command will tell. */
static vae_kind find_kind(const vae_cli_options *options)
{
    char path[VAE_PATH_SIZE];
    const char *run = options->run ? options->run : options->runs.count > 0 ? options->runs.values[0] : NULL;
    const vae_cli_options named = {.run = run, .checkpoint = options->checkpoint};
    if ((!run && !options->checkpoint) || vae_cli_find_checkpoint(&named, path, sizeof path)) return VAE_KIND_IMAGE;
    return vae_checkpoint_peek_kind(path);
}

/* "texts, drawings and music" */
static void list_kinds(unsigned kinds, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (unsigned kind = 0; kind < VAE_KIND_COUNT; ++kind) {
        if (!(kinds >> kind & 1)) continue;
        const bool last = kinds >> (kind + 1) == 0;
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 !used  ? ""
                                 : last ? " and "
                                        : ", ",
                                 vae_kind_words_of((vae_kind)kind)->kind);
    }
}

static vae_status check_options(const vae_command *command, const vae_cli_options *options, vae_kind kind)
{
    char kinds[64];
    for (const vae_cli_pick *pick = command->picks; pick->option != VAE_OPTION_END; ++pick) {
        if (!options->given[pick->option] || !pick->kinds || pick->kinds >> kind & 1) continue;
        list_kinds(pick->kinds, kinds, sizeof kinds);
        return vae_error_set(VAE_ERROR_ARGUMENT, "--%s is for models of %s, but this one is of %s",
                             vae_cli_row_of(pick)->name, kinds, vae_kind_words_of(kind)->kind);
    }
    return VAE_OK;
}

vae_status vae_command_run(const vae_command *command, vae_cli_options *options)
{
    const vae_kind kind = options->kind = find_kind(options);
    if (kind != VAE_KIND_IMAGE && command->instead) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: this model is of %s, which the command is not for: %s",
                             command->name, vae_kind_words_of(kind)->kind, command->instead);
    }
    VAE_TRY(check_options(command, options, kind));
    return kind != VAE_KIND_IMAGE && command->run_sequences ? command->run_sequences(options) : command->run(options);
}
