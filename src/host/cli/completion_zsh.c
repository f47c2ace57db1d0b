/* The completion script for zsh. */
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/option_table.h"
#include "config/config_table.h"

/* Between single quotes, in a specification of _arguments or _describe, whose own marks are escaped. */
static void write_escaped(FILE *stream, const char *text)
{
    for (; *text; ++text) {
        if (*text == '\'') {
            fputs("'\\''", stream);
        } else {
            if (*text == '[' || *text == ']' || *text == ':' || *text == '\\') fputc('\\', stream);
            fputc(*text == '\n' ? ' ' : *text, stream);
        }
    }
}

static void write_words(FILE *stream, const char *const *words)
{
    for (int i = 0; words[i]; ++i)
        fprintf(stream, "%s%s", i ? " " : "", words[i]);
}

static void write_action(FILE *stream, vae_completion completion)
{
    switch (completion.kind) {
    case VAE_COMPLETION_FLAG: return;
    case VAE_COMPLETION_WORDS:
        fputc('(', stream);
        write_words(stream, completion.words);
        fputc(')', stream);
        return;
    case VAE_COMPLETION_KEY: fputs("_vae_cuda_setting", stream); return;
    case VAE_COMPLETION_FOLDER: fputs("_files -/", stream); return;
    case VAE_COMPLETION_FILE: fputs("_files", stream); return;
    case VAE_COMPLETION_OTHER: fputc(' ', stream); return;
    }
}

/* '--name=[help]:ARGUMENT:action' */
static void write_option(FILE *stream, const vae_cli_pick *pick)
{
    const vae_cli_row *row = vae_cli_row_of(pick);
    const char *argument = vae_cli_argument_of(pick);
    fprintf(stream, " \\\n            '%s--%s%s[", row->type == VAE_VALUE_TEXTS ? "*" : "", row->name,
            argument ? "=" : "");
    write_escaped(stream, vae_cli_help_of(pick));
    fputc(']', stream);
    if (argument) {
        fputc(':', stream);
        write_escaped(stream, argument);
        fputc(':', stream);
        write_action(stream, vae_completion_of_option(pick));
    }
    fputc('\'', stream);
}

static void write_key_values(FILE *stream)
{
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        const vae_completion completion = vae_completion_of_key(key);
        if (completion.kind == VAE_COMPLETION_OTHER) continue;
        fprintf(stream, "        *%s.%s=) ", key->section, key->name);
        if (completion.kind == VAE_COMPLETION_FILE) {
            fputs("_files", stream);
        } else {
            fputs("compadd -- ", stream);
            write_words(stream, completion.words);
        }
        fprintf(stream, " ;;\n");
    }
}

/* After --set: a key, then its values. */
static void write_setting(FILE *stream)
{
    fprintf(stream, "_vae_cuda_setting() {\n    if compset -P '*='; then\n        case $IPREFIX in\n");
    write_key_values(stream);
    fprintf(stream, "        esac\n    else\n        local -a keys=(\n");
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        fprintf(stream, "            '%s.%s:", key->section, key->name);
        write_escaped(stream, key->help);
        fprintf(stream, "'\n");
    }
    fprintf(stream, "        )\n        _describe -t keys key keys -S =\n    fi\n}\n\n");
}

static void write_commands(FILE *stream)
{
    fprintf(stream, "    local -a commands=(\n");
    for (int i = 0; i < VAE_COMMAND_COUNT; ++i) {
        fprintf(stream, "        '%s:", vae_commands[i]->name);
        write_escaped(stream, vae_commands[i]->summary);
        fprintf(stream, "'\n");
    }
    fprintf(stream, "    )\n");
}

void vae_completion_write_zsh(FILE *stream)
{
    fprintf(stream, "#compdef vae-cuda\n"
                    "# Completion of vae-cuda for zsh, written by vae-cuda completion --shell zsh.\n\n");
    write_setting(stream);
    fprintf(stream, "_vae_cuda() {\n    local command=train\n");
    write_commands(stream);
    fprintf(stream, "    if [[ ${words[2]} != -* ]]; then\n"
                    "        if (( CURRENT == 2 )); then\n"
                    "            _describe -t commands command commands\n"
                    "            return\n"
                    "        fi\n"
                    "        shift words\n"
                    "        (( CURRENT-- ))\n"
                    "        command=${words[1]}\n"
                    "    fi\n"
                    "    case $command in\n");
    for (int i = 0; i < VAE_COMMAND_COUNT; ++i) {
        fprintf(stream, "    %s)\n        _arguments '--help[its options]'", vae_commands[i]->name);
        for (const vae_cli_pick *pick = vae_commands[i]->picks; pick->option != VAE_OPTION_END; ++pick)
            write_option(stream, pick);
        fprintf(stream, "\n        ;;\n");
    }
    fprintf(stream, "    esac\n}\n\n_vae_cuda \"$@\"\n");
}
