/* vae-cuda manual: the manual page, written from the tables of commands, options and configuration keys. */
#include <stdio.h>
#include <string.h>
#include <vae/vae.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/option_table.h"
#include "config/config_table.h"
#include "config/family_keys.h"

enum { COMMON_GROUP = 10 /* of options that are described once for all commands */ };

static void write_character(FILE *stream, char c)
{
    switch (c) {
    case '\\': fputs("\\e", stream); return;
    case '-': fputs("\\-", stream); return;
    case '\'': fputs("\\(aq", stream); return;
    default: fputc(c, stream);
    }
}

/* Text as troff takes it, on lines of its own: \v and empty lines begin a paragraph. */
static void write_text(FILE *stream, const char *text)
{
    bool begins = true; /* a line, where a dot would be a request */
    for (; *text; ++text) {
        if (*text == '\v' || (*text == '\n' && text[1] == '\n')) {
            fputs("\n.PP\n", stream);
            text += strspn(text + 1, "\n");
            begins = true;
            continue;
        }
        if (begins && *text == '.') fputs("\\&", stream);
        begins = *text == '\n';
        write_character(stream, *text);
    }
}

static void write_line(FILE *stream, const char *text)
{
    write_text(stream, text);
    fputc('\n', stream);
}

/* A paragraph under a term in bold, and its argument in italics. */
static void write_term(FILE *stream, const char *dashes, const char *name, const char *argument, const char *text)
{
    fputs(".TP\n\\fB", stream);
    write_text(stream, dashes);
    write_text(stream, name);
    fputs("\\fR", stream);
    if (argument) {
        fputs(" \\fI", stream);
        write_text(stream, argument);
        fputs("\\fR", stream);
    }
    fputc('\n', stream);
    write_line(stream, text);
}

static void write_option(FILE *stream, const vae_cli_pick *pick)
{
    write_term(stream, "--", vae_cli_row_of(pick)->name, vae_cli_argument_of(pick), vae_cli_help_of(pick));
}

static bool is_common(const vae_cli_pick *pick)
{
    return pick->group == COMMON_GROUP && !pick->help && !pick->argument;
}

static void write_command(FILE *stream, const vae_command *command)
{
    int common = 0;
    fprintf(stream, ".SS vae\\-cuda %s\n", command->name);
    write_line(stream, command->description);
    for (const vae_cli_pick *pick = command->picks; pick->option != VAE_OPTION_END; ++pick) {
        if (!is_common(pick)) write_option(stream, pick);
    }
    for (const vae_cli_pick *pick = command->picks; pick->option != VAE_OPTION_END; ++pick) {
        if (!is_common(pick)) continue;
        fputs(common++ ? ", " : ".PP\nAlso ", stream);
        fputs("\\fB", stream);
        write_text(stream, "--");
        write_text(stream, vae_cli_row_of(pick)->name);
        fputs("\\fR", stream);
    }
    if (common) fputs(".\n", stream);
}

/* Each once. */
static void write_common_options(FILE *stream)
{
    bool written[VAE_OPTION_COUNT_OF_ROWS] = {false};
    for (int i = 0; i < VAE_COMMAND_COUNT; ++i) {
        for (const vae_cli_pick *pick = vae_commands[i]->picks; pick->option != VAE_OPTION_END; ++pick) {
            if (!is_common(pick) || written[pick->option]) continue;
            written[pick->option] = true;
            write_option(stream, pick);
        }
    }
}

/* Above the first key of a family, or of a group that families share. */
static void write_owner(FILE *stream, int index)
{
    char families[256];
    const char *owner = vae_config_key_begins_owner(index);
    if (!owner) return;
    vae_config_key_families(index, families, sizeof families);
    fputs(".PP\nOnly of family = ", stream);
    write_text(stream, families);
    fputs(", ", stream);
    write_text(stream, owner);
    fputs(":\n", stream);
}

static void write_keys(FILE *stream)
{
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        char allowed[256];
        vae_key_describe(key, allowed, sizeof allowed);
        if (vae_config_key_begins_section(i)) fprintf(stream, ".SS [%s]\n", key->section);
        write_owner(stream, i);
        fprintf(stream, ".TP\n\\fB%s\\fR = ", key->name);
        write_line(stream, key->initial);
        write_line(stream, key->help);
        fputc('(', stream);
        write_text(stream, allowed);
        fputs(")\n", stream);
    }
}

static void write_rows(FILE *stream, const char *title, const vae_help_row *row)
{
    fprintf(stream, ".SH %s\n", title);
    for (; row->name; ++row)
        write_term(stream, "", row->name, NULL, row->text);
}

static void write_opening(FILE *stream)
{
    fputs(".\\\" Written by vae-cuda manual.\n.TH VAE\\-CUDA 1 \"\" \"vae\\-cuda ", stream);
    fprintf(stream, "%s\" \"User Commands\"\n", vae_version());
    fputs(".SH NAME\nvae\\-cuda \\- train variational autoencoders, and put them to use\n"
          ".SH SYNOPSIS\n\\fBvae\\-cuda\\fR [\\fICOMMAND\\fR] [\\fIOPTION\\fR]...\n.SH DESCRIPTION\n",
          stream);
    write_line(stream, VAE_HELP_SUMMARY);
    fprintf(stream,
            "A run is described by an INI file, whose keys stand below.\nThe command is \\fB%s\\fR where none is "
            "given.\n",
            vae_commands[0]->name);
}

static vae_status run(vae_cli_options *o)
{
    FILE *stream = stdout;
    (void)o;
    write_opening(stream);
    write_rows(stream, "OPTIONS", vae_help_globals);
    fputs(".SH COMMANDS\n", stream);
    for (int i = 0; i < VAE_COMMAND_COUNT; ++i)
        write_command(stream, vae_commands[i]);
    fputs(".SH COMMON OPTIONS\n", stream);
    write_common_options(stream);
    fputs(".SH CONFIGURATION\nKeys by section, each with its default.\n", stream);
    write_keys(stream);
    write_rows(stream, "ENVIRONMENT", vae_help_environment);
    write_rows(stream, "EXIT STATUS", vae_help_exit_codes);
    fputs(".SH EXAMPLES\n.nf\n", stream);
    for (const char *const *example = vae_help_examples; *example; ++example)
        write_line(stream, *example);
    fputs(".fi\n", stream);
    return VAE_OK;
}

static const vae_cli_pick picks[] = {{VAE_OPTION_END}};

const vae_command vae_command_manual = {
    .name = "manual",
    .summary = "print the manual page",
    .description = "Prints the manual page in troff, for man: vae-cuda manual | man -l -",
    .picks = picks,
    .run = run,
};
