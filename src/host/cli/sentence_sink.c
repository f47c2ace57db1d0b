/* Sentences as commands show them, a line each, and as they are given. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/remarks.h"
#include "cli/sequence_sink.h"
#include "core/file.h"
#include "core/utf8.h"
#include "data/vocabulary.h"
#include "report/page_sentences.h"

/* ---- Shown ---- */

static vae_status open_sink(vae_sequence_sink *sink)
{
    vae_file_stream *file = NULL;
    if (sink->plan.path) VAE_TRY(vae_file_stream_open(sink->plan.path, &file));
    sink->state = file;
    return VAE_OK;
}

static FILE *stream_of(const vae_sequence_sink *sink)
{
    return sink->state ? vae_file_stream_handle(sink->state) : stdout;
}

/* Writes a text and ends its line. A terminal would obey the control characters that a model of characters or bytes may
 * say: there they are shown; files and pipes have the text as it is. */
static vae_status write_line(const vae_sequence_sink *sink, const char *text)
{
    const bool terminal = !sink->state && isatty(STDOUT_FILENO);
    char *shown = terminal ? vae_utf8_shown(text) : NULL;
    if (terminal && !shown) return vae_error_set(VAE_ERROR_MEMORY, "sentences: out of memory");
    fprintf(stream_of(sink), "%s\n", terminal ? shown : text);
    free(shown);
    return VAE_OK;
}

/* Strips have an empty line between them. */
static vae_status begin_strip(vae_sequence_sink *sink, const char *name)
{
    if (sink->strips > 0) fputc('\n', stream_of(sink));
    if (!sink->plan.headings) return VAE_OK;
    char *heading = strdup(name);
    if (!heading) return vae_error_set(VAE_ERROR_MEMORY, "sentences: out of memory");
    for (char *c = heading; *c; ++c)
        if (*c == '\n') *c = ' ';
    const vae_status status = write_line(sink, heading);
    free(heading);
    return status;
}

/* rows [count] → *text, which the caller frees. */
static vae_status spell(const vae_cli_sequences *s, const float *rows, int64_t count, char **text)
{
    return vae_vocabulary_spell(&s->vocabulary, s->config->data.tokens, rows, count, text);
}

static void print_label(FILE *stream, const char *label, int width)
{
    const int blanks = width - vae_utf8_count(label);
    fprintf(stream, "%s%*s  ", label, blanks > 0 ? blanks : 0, "");
}

static vae_status add(vae_sequence_sink *sink, const vae_sequence_shown *item)
{
    char *text;
    VAE_TRY(spell(sink->sequences, item->rows, item->count, &text));
    if (sink->plan.label_width > 0)
        print_label(stream_of(sink), item->label ? item->label : "", sink->plan.label_width);
    const vae_status status = write_line(sink, text);
    free(text);
    return status;
}

/* What standard output refuses is told where the program ends. */
static vae_status finish(vae_sequence_sink *sink)
{
    vae_file_stream *file = sink->state;
    sink->state = NULL;
    return file ? vae_file_stream_commit(file) : VAE_OK;
}

static void close_sink(vae_sequence_sink *sink)
{
    vae_file_stream_abandon(sink->state);
}

/* ---- In a report ---- */

typedef struct spelled {
    char **texts;  /* [count] */
    size_t *given; /* [count]: bytes of each that were given */
} spelled;

static vae_status spell_all(const vae_cli_sequences *s, const vae_sequence_group *group, const spelled *made)
{
    for (int64_t i = 0; i < group->items->count; ++i) {
        int64_t count;
        char *beginning;
        const float *rows = vae_sequence_list_item(group->items, i, &count);
        VAE_TRY(spell(s, rows, count, &made->texts[i]));
        if (!group->given) continue;
        VAE_TRY(spell(s, rows, group->given[i], &beginning));
        made->given[i] = strlen(beginning);
        free(beginning);
    }
    return VAE_OK;
}

static vae_status report(const vae_cli_sequences *s, const vae_sequence_group *group, vae_page_run *run)
{
    const int64_t count = group->items->count;
    const spelled made = {calloc((size_t)count + 1, sizeof *made.texts), calloc((size_t)count + 1, sizeof *made.given)};
    vae_status status = made.texts && made.given ? spell_all(s, group, &made)
                                                 : vae_error_set(VAE_ERROR_MEMORY, "sentences: out of memory");
    const vae_page_sentences page = {.title = group->title,
                                     .caption = group->caption,
                                     .texts = (const char *const *)made.texts,
                                     .count = count,
                                     .columns = group->columns,
                                     .labels = group->labels,
                                     .given = group->given ? made.given : NULL};
    if (!status) status = vae_page_sentences_add(&page, &run->sentences);
    for (int64_t i = 0; made.texts && i < count; ++i)
        free(made.texts[i]);
    free(made.texts);
    free(made.given);
    return status;
}

/* ---- Given ---- */

static const char *name_tokens(vae_tokens tokens, int64_t count)
{
    static const char *const names[][2] = {[VAE_TOKENS_WORDS] = {"words", "word"},
                                           [VAE_TOKENS_CHARACTERS] = {"characters", "character"},
                                           [VAE_TOKENS_BYTES] = {"bytes", "byte"}};
    return names[tokens][count == 1];
}

static vae_status read_sentence(const vae_cli_sequences *s, const char *option, const char *text,
                                vae_sequence_list *list)
{
    vae_sentence sentence;
    vae_status status = VAE_OK;
    VAE_TRY(vae_vocabulary_encode(&s->vocabulary, s->config->data.tokens, option, text, &sentence));
    for (int64_t i = 0; !status && i < sentence.count; ++i)
        status = vae_sequence_list_add(list, &(float){(float)sentence.ids[i]}, 1);
    if (!status) status = vae_sequence_list_end(list);
    if (sentence.unknown > 0) {
        const int64_t tokens = sentence.count - 2;
        vae_cli_warn("%s: %" PRId64 " of its %" PRId64 " %s %s not in the model's vocabulary, and <unk> to it", option,
                     sentence.unknown, tokens, name_tokens(s->config->data.tokens, tokens),
                     sentence.unknown == 1 ? "is" : "are");
    }
    vae_sentence_free(&sentence);
    return status;
}

const vae_sequence_kind vae_sequence_kind_text = {
    .files = VAE_FILE_LINES,
    .prints = true,
    .read = read_sentence,
    .report = report,
    .open = open_sink,
    .begin_strip = begin_strip,
    .add = add,
    .finish = finish,
    .close = close_sink,
};
