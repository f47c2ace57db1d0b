/* The completion script for bash. */
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/option_table.h"
#include "config/config_table.h"

/* What _vae_cuda_values prints: words, or a kind. */
static void write_values(FILE *stream, vae_completion completion)
{
    static const char *const kinds[] = {[VAE_COMPLETION_KEY] = "@key",
                                        [VAE_COMPLETION_FOLDER] = "@folder",
                                        [VAE_COMPLETION_FILE] = "@file",
                                        [VAE_COMPLETION_OTHER] = "@other"};
    if (completion.kind != VAE_COMPLETION_WORDS) {
        fputs(kinds[completion.kind], stream);
        return;
    }
    for (int i = 0; completion.words[i]; ++i)
        fprintf(stream, "%s%s", i ? " " : "", completion.words[i]);
}

static void write_commands(FILE *stream)
{
    fprintf(stream, "_vae_cuda_commands() {\n    echo '");
    for (int i = 0; i < VAE_COMMAND_COUNT; ++i)
        fprintf(stream, "%s%s", i ? " " : "", vae_commands[i]->name);
    fprintf(stream, "'\n}\n\n");
}

static void write_options(FILE *stream)
{
    fprintf(stream, "# Options of a command.\n_vae_cuda_options() {\n    case $1 in\n");
    for (int i = 0; i < VAE_COMMAND_COUNT; ++i) {
        fprintf(stream, "    %s) echo '--help", vae_commands[i]->name);
        for (const vae_cli_pick *pick = vae_commands[i]->picks; pick->option != VAE_OPTION_END; ++pick)
            fprintf(stream, " --%s", vae_cli_row_of(pick)->name);
        fprintf(stream, "' ;;\n");
    }
    fprintf(stream, "    esac\n}\n\n");
}

static void write_option_values(FILE *stream)
{
    fprintf(stream, "# Values of an option of a command; nothing where it takes none.\n"
                    "_vae_cuda_values() {\n    case $1$2 in\n");
    for (int i = 0; i < VAE_COMMAND_COUNT; ++i) {
        for (const vae_cli_pick *pick = vae_commands[i]->picks; pick->option != VAE_OPTION_END; ++pick) {
            const vae_completion completion = vae_completion_of_option(pick);
            if (completion.kind == VAE_COMPLETION_FLAG) continue;
            fprintf(stream, "    %s--%s) echo '", vae_commands[i]->name, vae_cli_row_of(pick)->name);
            write_values(stream, completion);
            fprintf(stream, "' ;;\n");
        }
    }
    fprintf(stream, "    esac\n}\n\n");
}

static void write_keys(FILE *stream)
{
    fprintf(stream, "_vae_cuda_keys() {\n    echo '");
    for (int i = 0; i < vae_config_key_count(); ++i)
        fprintf(stream, "%s%s.%s=", i ? " " : "", vae_config_key(i)->section, vae_config_key(i)->name);
    fprintf(stream, "'\n}\n\n_vae_cuda_key_values() {\n    case $1 in\n");
    for (int i = 0; i < vae_config_key_count(); ++i) {
        const vae_key *key = vae_config_key(i);
        fprintf(stream, "    %s.%s) echo '", key->section, key->name);
        write_values(stream, vae_completion_of_key(key));
        fprintf(stream, "' ;;\n");
    }
    fprintf(stream, "    esac\n}\n\n");
}

static const char completes[] =
    "_vae_cuda() {\n"
    "    local word cur prefix='' joined='' command=train option='' values i\n"
    "    local -a words=()\n"
    "    COMPREPLY=()\n"
    "    # Readline cuts words at '=': they are joined again.\n"
    "    for ((i = 1; i <= COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ $word == = && ${#words[@]} -gt 0 ]]; then\n"
    "            words[-1]+=$word\n"
    "            joined=yes\n"
    "        elif [[ $joined ]]; then\n"
    "            words[-1]+=$word\n"
    "            joined=''\n"
    "        else\n"
    "            words+=(\"$word\")\n"
    "        fi\n"
    "    done\n"
    "    cur=${words[-1]-}\n"
    "    [[ ${#words[@]} -eq 0 ]] || unset 'words[-1]'\n"
    "    if [[ ${#words[@]} -eq 0 && $cur != -* ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$(_vae_cuda_commands)\" -- \"$cur\")\n"
    "        return\n"
    "    fi\n"
    "    [[ ${#words[@]} -eq 0 || ${words[0]} == -* ]] || command=${words[0]}\n"
    "    if [[ $cur == --*=* ]]; then\n"
    "        option=${cur%%=*} prefix=${cur%%=*}= cur=${cur#*=}\n"
    "    elif [[ ${#words[@]} -gt 0 && ${words[-1]} == --* ]]; then\n"
    "        option=${words[-1]}\n"
    "    fi\n"
    "    values=$(_vae_cuda_values \"$command\" \"$option\")\n"
    "    if [[ $values == @key ]]; then\n"
    "        if [[ $cur == *=* ]]; then\n"
    "            values=$(_vae_cuda_key_values \"${cur%%=*}\")\n"
    "            prefix+=${cur%%=*}= cur=${cur#*=}\n"
    "        else\n"
    "            compopt -o nospace 2>/dev/null\n"
    "            values=$(_vae_cuda_keys)\n"
    "        fi\n"
    "    fi\n"
    "    [[ $COMP_WORDBREAKS != *=* ]] || prefix=''\n"
    "    case $values in\n"
    "    @other) ;;\n"
    "    @file)\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -P \"$prefix\" -f -- \"$cur\")\n"
    "        ;;\n"
    "    @folder)\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -P \"$prefix\" -d -- \"$cur\")\n"
    "        ;;\n"
    "    ?*) mapfile -t COMPREPLY < <(compgen -P \"$prefix\" -W \"$values\" -- \"$cur\") ;;\n"
    "    *)\n"
    "        values=$(_vae_cuda_options \"$command\")\n"
    "        [[ ${#words[@]} -gt 0 ]] || values+=' --help-config --version'\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$cur\")\n"
    "        ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _vae_cuda vae-cuda\n";

void vae_completion_write_bash(FILE *stream)
{
    fprintf(stream, "# Completion of vae-cuda for bash, written by vae-cuda completion --shell bash.\n\n");
    write_commands(stream);
    write_options(stream);
    write_option_values(stream);
    write_keys(stream);
    fputs(completes, stream);
}
