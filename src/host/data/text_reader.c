/* Lines and tokens of a text: a buffer that always holds whole characters, and a pass over it without looking back. */
#include "data/text_reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"

enum { BUFFER_BYTES = 1 << 16, CHARACTER_BYTES = 4 };

static vae_status no_memory(const char *name)
{
    return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", name);
}

vae_status vae_text_open(const char *path, vae_tokens tokens, vae_text_reader *reader)
{
    *reader = (vae_text_reader){.name = path, .tokens = tokens, .byte = 1};
    reader->buffer = malloc(BUFFER_BYTES);
    reader->blanks = malloc(VAE_TOKEN_BYTES);
    vae_status status = reader->buffer && reader->blanks ? VAE_OK : no_memory(path);
    if (!status) status = vae_gzip_open(path, &reader->file);
    if (status) {
        free(reader->buffer);
        free(reader->blanks);
    }
    return status;
}

vae_status vae_text_open_memory(const char *name, const char *text, size_t size, vae_tokens tokens,
                                vae_text_reader *reader)
{
    *reader = (vae_text_reader){.name = name, .tokens = tokens, .byte = 1, .held = size, .ended = true};
    reader->blanks = malloc(VAE_TOKEN_BYTES);
    if (!reader->blanks) return no_memory(name);
    memcpy(&reader->buffer, &text, sizeof text); /* which is not written to, as it has ended */
    reader->keeps_blanks = true;
    return VAE_OK;
}

void vae_text_close(vae_text_reader *reader)
{
    free(reader->blanks);
    if (!reader->file.stream) return;
    vae_gzip_close(&reader->file);
    free(reader->buffer);
}

vae_status vae_text_rewind(vae_text_reader *reader)
{
    VAE_TRY(vae_gzip_rewind(&reader->file, 0));
    reader->line = reader->empty_lines = reader->blank_ends = reader->carriage_returns = 0;
    reader->byte = 1;
    reader->at = reader->held = reader->blank_at = reader->blank_count = 0;
    reader->ended = false;
    return VAE_OK;
}

vae_status vae_text_fail(const vae_text_reader *reader, const char *format, ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: line %" PRId64 ", byte %" PRId64 ": %s", reader->name, reader->line,
                         reader->byte, what);
}

/* ---- Characters ---- */

/* Has the buffer hold the next four bytes, or all that are left. */
static vae_status fill(vae_text_reader *reader)
{
    int64_t found;
    if (reader->ended || reader->held - reader->at >= CHARACTER_BYTES) return VAE_OK;
    memmove(reader->buffer, reader->buffer + reader->at, reader->held - reader->at);
    reader->held -= reader->at;
    reader->at = 0;
    const int64_t room = BUFFER_BYTES - (int64_t)reader->held;
    VAE_TRY(vae_gzip_read(&reader->file, reader->buffer + reader->held, room, &found));
    reader->held += (size_t)found;
    reader->ended = found < room;
    return VAE_OK;
}

/* Passes over so many bytes. */
static void skip(vae_text_reader *reader, size_t bytes)
{
    reader->at += bytes;
    reader->byte += (int64_t)bytes;
}

/* The bytes of the next character; 0 at the end of a line. */
static vae_status look(vae_text_reader *reader, size_t *bytes)
{
    uint32_t code;
    const char *fault;
    *bytes = 0;
    VAE_TRY(fill(reader));
    if (reader->at == reader->held) return VAE_OK;
    const char *next = reader->buffer + reader->at;
    const size_t left = reader->held - reader->at;
    if (*next == '\n' || (*next == '\r' && left > 1 && next[1] == '\n')) return VAE_OK;
    if (*next == '\0') return vae_text_fail(reader, "a zero byte, which no text of UTF-8 holds (UTF-16 does)");
    *bytes = 1;
    if (reader->tokens == VAE_TOKENS_BYTES || (unsigned char)*next < 0x80) return VAE_OK;
    const int length = vae_utf8_decode(next, left, &code, &fault);
    *bytes = (size_t)length;
    if (length > 0) return VAE_OK;
    return vae_text_fail(reader, "is not UTF-8: 0x%02X %s", (unsigned char)*next, fault);
}

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void end_token(vae_text_reader *reader, size_t length, const char **token)
{
    reader->token[length] = '\0';
    *token = reader->token;
}

/* ---- Tokens ---- */

/* Counts a line once. */
static void tell_blanks(vae_text_reader *reader)
{
    reader->blank_ends += !reader->trimmed;
    reader->trimmed = true;
}

static vae_status next_word(vae_text_reader *reader, const char **token)
{
    size_t bytes, length = 0;
    for (;;) {
        VAE_TRY(look(reader, &bytes));
        const bool blank = bytes > 0 && is_blank(reader->buffer[reader->at]);
        if (blank && length == 0) {
            skip(reader, 1);
            continue;
        }
        if (bytes == 0 || blank) break;
        if (length + bytes > VAE_TOKEN_BYTES) {
            return vae_text_fail(reader, "a word of more than %d bytes; is it a text of words?", VAE_TOKEN_BYTES);
        }
        memcpy(reader->token + length, reader->buffer + reader->at, bytes);
        length += bytes;
        skip(reader, bytes);
    }
    if (length > 0) end_token(reader, length, token);
    return VAE_OK;
}

/* Gives a blank that was kept. */
static void give_blank(vae_text_reader *reader, const char **token)
{
    reader->token[0] = reader->blanks[reader->blank_at++];
    end_token(reader, 1, token);
}

/* Keeps blanks until it is known whether anything follows them in the line. */
static vae_status keep_blanks(vae_text_reader *reader, size_t *bytes)
{
    reader->blank_at = reader->blank_count = 0;
    for (;;) {
        VAE_TRY(look(reader, bytes));
        if (*bytes == 0 || !is_blank(reader->buffer[reader->at])) return VAE_OK;
        if (reader->blank_count == VAE_TOKEN_BYTES) {
            return vae_text_fail(reader, "a run of more than %d blanks", VAE_TOKEN_BYTES);
        }
        reader->blanks[reader->blank_count++] = reader->buffer[reader->at];
        skip(reader, 1);
    }
}

static vae_status next_character(vae_text_reader *reader, const char **token)
{
    size_t bytes;
    if (reader->blank_at == reader->blank_count) {
        VAE_TRY(keep_blanks(reader, &bytes));
        /* Those at the end of the line are no part of it; nor were those at its begin, which next_line passed over. */
        if (reader->blank_count > 0 && bytes == 0 && !reader->keeps_blanks) {
            reader->blank_at = reader->blank_count;
            tell_blanks(reader);
        }
        if (bytes == 0 && reader->blank_at == reader->blank_count) return VAE_OK;
    }
    if (reader->blank_at < reader->blank_count) {
        give_blank(reader, token);
        return VAE_OK;
    }
    VAE_TRY(look(reader, &bytes));
    memcpy(reader->token, reader->buffer + reader->at, bytes);
    skip(reader, bytes);
    end_token(reader, bytes, token);
    return VAE_OK;
}

vae_status vae_text_next_token(vae_text_reader *reader, const char **token)
{
    *token = NULL;
    return reader->tokens == VAE_TOKENS_WORDS ? next_word(reader, token) : next_character(reader, token);
}

/* ---- Lines ---- */

/* Passes over the end of a line; false at the end of the text. */
static vae_status pass_end(vae_text_reader *reader, bool *more)
{
    VAE_TRY(fill(reader));
    if (reader->line > 0 && reader->at < reader->held) {
        const bool carriage_return = reader->buffer[reader->at] == '\r';
        reader->carriage_returns += carriage_return;
        skip(reader, 1 + carriage_return);
        VAE_TRY(fill(reader));
    }
    *more = reader->at < reader->held;
    reader->line++;
    reader->byte = 1;
    reader->trimmed = false;
    reader->blank_at = reader->blank_count = 0;
    return VAE_OK;
}

/* Whether the line has a token; blanks before it are passed over, unless they are tokens themselves. */
static vae_status find_token(vae_text_reader *reader, bool *found)
{
    size_t bytes;
    int64_t blanks = 0;
    const bool keeps = reader->keeps_blanks && reader->tokens != VAE_TOKENS_WORDS;
    for (;;) {
        VAE_TRY(look(reader, &bytes));
        if (bytes == 0 || keeps || !is_blank(reader->buffer[reader->at])) break;
        skip(reader, 1);
        blanks++;
    }
    *found = bytes > 0;
    if (*found && blanks > 0 && reader->tokens != VAE_TOKENS_WORDS) tell_blanks(reader);
    return VAE_OK;
}

vae_status vae_text_next_line(vae_text_reader *reader, bool *more)
{
    static const char mark[] = "\xEF\xBB\xBF";
    for (bool found = false; !found;) {
        VAE_TRY(pass_end(reader, more));
        if (!*more) return VAE_OK;
        const bool marked =
            reader->line == 1 && reader->held - reader->at >= 3 && memcmp(reader->buffer + reader->at, mark, 3) == 0;
        if (marked) skip(reader, 3);
        VAE_TRY(find_token(reader, &found));
        reader->empty_lines += !found;
    }
    return VAE_OK;
}
