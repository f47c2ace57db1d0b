/* A command line: checked before argp sees it, so that errors are in our words and suggest the option that was meant.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/option_table.h"
#include "core/nearest.h"

enum { FIRST_KEY = 1000 /* argp takes keys that are characters for short options */ };

typedef struct option_list {
    struct argp_option options[VAE_OPTION_COUNT_OF_ROWS + 1]; /* up to a row of zeros */
    int count;
} option_list;

static option_list list_options(const vae_command *command)
{
    option_list list = {.count = 0};
    for (const vae_cli_pick *pick = command->picks; pick->option != VAE_OPTION_END; ++pick) {
        list.options[list.count] = (struct argp_option){.name = vae_cli_row_of(pick)->name,
                                                        .key = FIRST_KEY + list.count,
                                                        .arg = vae_cli_argument_of(pick),
                                                        .doc = vae_cli_help_of(pick),
                                                        .group = pick->group};
        ++list.count;
    }
    return list;
}

/* getopt takes any unambiguous beginning of a long option; an exact match wins. */
static const struct argp_option *find_option(const option_list *list, const char *name, size_t length)
{
    const struct argp_option *found = NULL;
    for (int i = 0; i < list->count; ++i) {
        if (strncmp(list->options[i].name, name, length) != 0) continue;
        if (strlen(list->options[i].name) == length) return &list->options[i];
        found = &list->options[i];
    }
    return found;
}

static vae_status unknown_option(const option_list *list, const char *argument, size_t length)
{
    const char *names[VAE_OPTION_COUNT_OF_ROWS];
    char name[64];
    for (int i = 0; i < list->count; ++i)
        names[i] = list->options[i].name;
    snprintf(name, sizeof name, "%.*s", (int)length - 2, argument + 2);
    const int nearest = vae_nearest(name, names, list->count);
    if (nearest < 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "unknown option '%.*s'; --help lists them", (int)length, argument);
    }
    return vae_error_set(VAE_ERROR_ARGUMENT, "unknown option '%.*s'; did you mean '--%s'?", (int)length, argument,
                         names[nearest]);
}

static vae_status check_long_option(const option_list *list, int argc, char **argv, int *index)
{
    const char *argument = argv[*index];
    const size_t length = strcspn(argument, "=");
    const struct argp_option *option = find_option(list, argument + 2, length - 2);
    if (!option) return unknown_option(list, argument, length);
    if (argument[length] == '=') {
        if (option->arg) return VAE_OK;
        return vae_error_set(VAE_ERROR_ARGUMENT, "option '--%s' takes no value", option->name);
    }
    if (!option->arg) return VAE_OK;
    if (*index + 1 >= argc) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "option '--%s' needs a value: %s", option->name, option->arg);
    }
    ++*index;
    return VAE_OK;
}

static bool asks_for_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0 || strcmp(argument, "-?") == 0;
}

static vae_status check_arguments(const option_list *list, int argc, char **argv, bool *help)
{
    for (int i = 1; i < argc; ++i) {
        if (asks_for_help(argv[i])) {
            *help = true;
            return VAE_OK;
        }
        if (strcmp(argv[i], "--") == 0) return VAE_OK;
        if (strncmp(argv[i], "--", 2) == 0) {
            VAE_TRY(check_long_option(list, argc, argv, &i));
        } else if (argv[i][0] == '-' && argv[i][1] && !(argv[i][1] >= '0' && argv[i][1] <= '9')) {
            return vae_error_set(VAE_ERROR_ARGUMENT, "unknown option '%s'; --help lists them", argv[i]);
        } else {
            return vae_error_set(VAE_ERROR_ARGUMENT, "'%s' is not an option; --help lists them", argv[i]);
        }
    }
    return VAE_OK;
}

/* ---- Values ---- */

/* As if nothing were given, but for what the command starts from. */
static vae_status set_initial(const vae_command *command, vae_cli_options *options)
{
    *options = (vae_cli_options){.config = NULL};
    for (int i = VAE_OPTION_END + 1; i < VAE_OPTION_COUNT_OF_ROWS; ++i) {
        const vae_cli_row *row = &vae_cli_option_table[i];
        void *field = (char *)options + row->offset;
        if (row->type == VAE_VALUE_INTEGER) *(int64_t *)field = -1;
        if (row->type == VAE_VALUE_CHOICE) *(int *)field = -1;
    }
    for (const vae_cli_pick *pick = command->picks; pick->option != VAE_OPTION_END; ++pick) {
        if (pick->initial) VAE_TRY(vae_cli_row_parse(vae_cli_row_of(pick), pick->initial, options));
    }
    return VAE_OK;
}

typedef struct reading {
    const vae_command *command;
    const option_list *list;
    vae_cli_options *options;
} reading;

static error_t read_option(int key, char *argument, struct argp_state *state)
{
    const reading *r = state->input;
    const int index = key - FIRST_KEY;
    if (index < 0 || index >= r->list->count) return ARGP_ERR_UNKNOWN;
    const vae_cli_pick *pick = &r->command->picks[index];
    r->options->given[pick->option] = true;
    return vae_cli_row_parse(vae_cli_row_of(pick), argument, r->options) ? EINVAL : 0;
}

vae_status vae_cli_parse(const vae_command *command, int argc, char **argv, vae_cli_options *options, bool *done)
{
    const option_list list = list_options(command);
    const struct argp argp = {.options = list.options, .parser = read_option, .doc = command->description};
    reading r = {command, &list, options};
    bool help = false;
    *done = false;
    VAE_TRY(check_arguments(&list, argc, argv, &help));
    if (help) {
        argp_help(&argp, stdout, ARGP_HELP_LONG | ARGP_HELP_DOC | ARGP_HELP_USAGE, argv[0]);
        *done = true;
        return VAE_OK;
    }
    VAE_TRY(set_initial(command, options));
    const unsigned flags = ARGP_NO_EXIT | ARGP_NO_HELP | ARGP_NO_ERRS;
    vae_error_set(VAE_ERROR_ARGUMENT, "the command line cannot be parsed; --help shows its form");
    /* A value that is refused has set the message of its option. */
    return argp_parse(&argp, argc, argv, flags, NULL, &r) == 0 ? VAE_OK : VAE_ERROR_ARGUMENT;
}
