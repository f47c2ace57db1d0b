/* Checks a command line before argp sees it, so that errors are in our words and suggest the option that was meant. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "core/nearest.h"

enum { MAX_OPTIONS = 64 };

typedef struct option_list {
    const struct argp_option *options[MAX_OPTIONS];
    int count;
} option_list;

static void collect(const struct argp *argp, option_list *list)
{
    for (const struct argp_option *o = argp->options; o && (o->name || o->key || o->doc); ++o) {
        if (o->name && list->count < MAX_OPTIONS) list->options[list->count++] = o;
    }
    for (const struct argp_child *child = argp->children; child && child->argp; ++child)
        collect(child->argp, list);
}

/* getopt takes any unambiguous beginning of a long option; an exact match wins. */
static const struct argp_option *find_option(const option_list *list, const char *name, size_t length)
{
    const struct argp_option *found = NULL;
    for (int i = 0; i < list->count; ++i) {
        if (strncmp(list->options[i]->name, name, length) != 0) continue;
        if (strlen(list->options[i]->name) == length) return list->options[i];
        found = list->options[i];
    }
    return found;
}

static vae_status unknown_option(const option_list *list, const char *argument, size_t length)
{
    const char *names[MAX_OPTIONS];
    char name[64];
    for (int i = 0; i < list->count; ++i)
        names[i] = list->options[i]->name;
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

vae_status vae_cli_parse(const struct argp *argp, int argc, char **argv, void *input, bool *done)
{
    option_list list = {.count = 0};
    collect(argp, &list);
    bool help = false;
    *done = false;
    VAE_TRY(check_arguments(&list, argc, argv, &help));
    if (help) {
        argp_help(argp, stdout, ARGP_HELP_LONG | ARGP_HELP_DOC | ARGP_HELP_USAGE, argv[0]);
        *done = true;
        return VAE_OK;
    }
    const unsigned flags = ARGP_NO_EXIT | ARGP_NO_HELP | ARGP_NO_ERRS;
    vae_error_set(VAE_ERROR_ARGUMENT, "the command line cannot be parsed; --help shows its form");
    /* A parser that fails has set the message of the option it failed on. */
    return argp_parse(argp, argc, argv, flags, NULL, input) == 0 ? VAE_OK : VAE_ERROR_ARGUMENT;
}
