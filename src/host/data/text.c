/* The format of texts: a sentence is a line. Of a text that brings its own vocabulary the words are counted first, so
 * it is read twice. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/file_kind.h"
#include "data/sequence_format.h"
#include "data/text_reader.h"
#include "data/vocabulary.h"

/* Any file that holds no picture, array or archive: what is not UTF-8 in it the reader tells, with the place. */
static bool probe(const vae_probe *probe)
{
    return !probe->folder && probe->size > 0 && !vae_file_kind_is_binary(probe);
}

/* ---- The vocabulary ---- */

static vae_status count_line(vae_text_reader *reader, vae_token_counts *counts)
{
    const char *token;
    VAE_TRY(vae_text_next_token(reader, &token));
    while (token) {
        VAE_TRY(vae_token_counts_add(counts, token));
        VAE_TRY(vae_text_next_token(reader, &token));
    }
    return VAE_OK;
}

static vae_status count(vae_sequence_source *source, vae_text_reader *reader, vae_token_counts *counts)
{
    for (int64_t lines = 0; source->options->limit == 0 || lines < source->options->limit; ++lines) {
        bool more;
        VAE_TRY(vae_text_next_line(reader, &more));
        if (!more) break;
        VAE_TRY(count_line(reader, counts));
    }
    return VAE_OK;
}

static vae_status build(vae_sequence_source *source, vae_text_reader *reader)
{
    const vae_sequence_options *options = source->options;
    vae_token_counts counts = {.room = 0};
    vae_status status = count(source, reader, &counts);
    if (!status && counts.tokens.count == 0) {
        status = vae_error_set(VAE_ERROR_FORMAT, "%s: holds no text", source->name);
    }
    if (!status) {
        status = vae_vocabulary_choose(&counts, options->vocabulary_size, options->min_count, &source->vocabulary);
    }
    if (!status && source->vocabulary.count == VAE_TOKEN_SPECIALS) {
        status = vae_error_set(VAE_ERROR_CONFIG, "%s: no word occurs %" PRId64 " times, as min_count asks",
                               source->name, options->min_count);
    }
    vae_token_counts_free(&counts);
    if (!status) status = vae_text_rewind(reader);
    if (status) vae_classes_free(&source->vocabulary);
    return status;
}

static vae_status make_vocabulary(vae_sequence_source *source, vae_text_reader *reader)
{
    const vae_classes *known = source->options->known;
    return known ? vae_classes_copy(known, &source->vocabulary) : build(source, reader);
}

/* ---- Sentences ---- */

static vae_status open_text(vae_sequence_source *source)
{
    vae_text_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    vae_status status = vae_text_open(source->file, source->options->tokens, reader);
    if (!status) {
        status = make_vocabulary(source, reader);
        if (status) vae_text_close(reader);
    }
    if (status) {
        free(reader);
        return status;
    }
    source->state = reader;
    return VAE_OK;
}

static void close_text(vae_sequence_source *source)
{
    vae_text_reader *reader = source->state;
    vae_text_close(reader);
    free(reader);
}

/* What a token becomes; -1: nothing. */
static int32_t find_id(vae_sequence_source *source, vae_text_reader *reader, const char *token)
{
    const int32_t id = vae_vocabulary_id(&source->vocabulary, token);
    if (id == VAE_TOKEN_BEGIN || id == VAE_TOKEN_END) {
        vae_remarks_add(&source->remarks, VAE_REMARK_MARKS, 1, "'%s' in line %" PRId64, token, reader->line);
        return -1;
    }
    if (id == VAE_TOKEN_UNKNOWN && strcmp(token, vae_token_special(VAE_TOKEN_UNKNOWN)) != 0) {
        vae_remarks_add(&source->remarks, VAE_REMARK_UNKNOWN, 1, "the first is '%.100s' in line %" PRId64, token,
                        reader->line);
    }
    return id;
}

static vae_status add_token(vae_sequence_source *source, vae_text_reader *reader, vae_sequence_item *item,
                            const char *token)
{
    const int64_t limit = source->options->max_length, tokens = item->rows - 1;
    if (limit > 0 && tokens >= limit) {
        item->truncated = true;
        return VAE_OK;
    }
    if (tokens >= VAE_SEQUENCE_STEPS) {
        return vae_text_fail(reader, "more than %d tokens in a line; max_length cuts such lines", VAE_SEQUENCE_STEPS);
    }
    const int32_t id = find_id(source, reader, token);
    return id < 0 ? VAE_OK : vae_sequence_item_add(item, &id, 1);
}

/* What the reader of lines counted. */
static void tell(vae_sequence_source *source, const vae_text_reader *reader)
{
    vae_remarks *remarks = &source->remarks;
    remarks->of[VAE_REMARK_EMPTY_LINES].count = reader->empty_lines;
    remarks->of[VAE_REMARK_BLANK_ENDS].count = reader->blank_ends;
    remarks->of[VAE_REMARK_CARRIAGE_RETURNS].count = reader->carriage_returns;
}

static vae_status next(vae_sequence_source *source, vae_sequence_item *item, bool *more)
{
    static const int32_t begin = VAE_TOKEN_BEGIN, end = VAE_TOKEN_END;
    vae_text_reader *reader = source->state;
    const char *token;
    VAE_TRY(vae_text_next_line(reader, more));
    tell(source, reader);
    if (!*more) return VAE_OK;
    VAE_TRY(vae_sequence_item_add(item, &begin, 1));
    VAE_TRY(vae_text_next_token(reader, &token));
    while (token) {
        VAE_TRY(add_token(source, reader, item, token));
        VAE_TRY(vae_text_next_token(reader, &token));
    }
    tell(source, reader);
    return vae_sequence_item_add(item, &end, 1);
}

const vae_sequence_format vae_sequence_format_text = {
    .name = "text",
    .kind = VAE_KIND_TEXT,
    .probe = probe,
    .open = open_text,
    .close = close_text,
    .next = next,
};
