/* Vocabularies: counted or read, and the way from text to ids and back. */
#include "data/vocabulary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/utf8.h"
#include "data/text_reader.h"

static const char *const specials[VAE_TOKEN_SPECIALS] = {"<bos>", "<eos>", "<unk>"};

static vae_status no_memory(void)
{
    return vae_error_set(VAE_ERROR_MEMORY, "vocabulary: out of memory");
}

const char *vae_token_special(int id)
{
    return specials[id];
}

static bool is_special(const char *token)
{
    for (int i = 0; i < VAE_TOKEN_SPECIALS; ++i) {
        if (strcmp(token, specials[i]) == 0) return true;
    }
    return false;
}

static vae_status add_specials(vae_classes *vocabulary)
{
    *vocabulary = (vae_classes){0};
    for (int i = 0; i < VAE_TOKEN_SPECIALS; ++i)
        VAE_TRY(vae_classes_add(vocabulary, specials[i]));
    return VAE_OK;
}

/* ---- Counting ---- */

vae_status vae_token_counts_add(vae_token_counts *counts, const char *token)
{
    const int64_t found = vae_classes_find(&counts->tokens, token);
    if (found >= 0) {
        counts->counts[found]++;
        return VAE_OK;
    }
    if (is_special(token)) return VAE_OK;
    if (counts->tokens.count == counts->room) {
        const int64_t room = counts->room ? 2 * counts->room : 1024;
        int64_t *grown = realloc(counts->counts, (size_t)room * sizeof *grown);
        if (!grown) return no_memory();
        counts->counts = grown;
        counts->room = room;
    }
    counts->counts[counts->tokens.count] = 1;
    return vae_classes_add(&counts->tokens, token);
}

void vae_token_counts_free(vae_token_counts *counts)
{
    vae_classes_free(&counts->tokens);
    free(counts->counts);
    *counts = (vae_token_counts){0};
}

typedef struct counted {
    int64_t count, token;
} counted;

static int compare(const void *a, const void *b)
{
    const counted *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return (x->token > y->token) - (x->token < y->token);
}

vae_status vae_vocabulary_choose(const vae_token_counts *counts, int64_t size, int64_t min_count,
                                 vae_classes *vocabulary)
{
    const int64_t count = counts->tokens.count;
    counted *sorted = malloc((size_t)(count ? count : 1) * sizeof *sorted);
    if (!sorted) return no_memory();
    for (int64_t i = 0; i < count; ++i)
        sorted[i] = (counted){.count = counts->counts[i], .token = i};
    qsort(sorted, (size_t)count, sizeof *sorted, compare);
    vae_status status = add_specials(vocabulary);
    for (int64_t i = 0; i < count && !status && (size == 0 || i < size) && sorted[i].count >= min_count; ++i)
        status = vae_classes_add(vocabulary, vae_classes_name(&counts->tokens, sorted[i].token));
    free(sorted);
    if (status) vae_classes_free(vocabulary);
    return status;
}

/* ---- Reading ---- */

enum { MAX_FILE = 1 << 28 };

/* What is wrong with a line as one token; NULL if it is one. */
static const char *find_fault(vae_tokens tokens, const char *line, size_t length)
{
    const char *fault = NULL;
    uint32_t code;
    if (length == 0) return "is empty";
    if (memchr(line, '\0', length)) return "holds a zero byte";
    size_t bytes = 1;
    for (size_t at = 0; tokens != VAE_TOKENS_BYTES && at < length && !fault; at += bytes)
        bytes = (size_t)vae_utf8_decode(line + at, length - at, &code, &fault);
    if (fault) return "is not UTF-8";
    if (is_special(line)) return NULL;
    if (tokens == VAE_TOKENS_WORDS) return strpbrk(line, " \t\v\f\r") ? "holds a blank: one word per line" : NULL;
    if (tokens == VAE_TOKENS_BYTES) return length > 1 ? "holds more than one byte" : NULL;
    return bytes < length ? "holds more than one character" : NULL;
}

static vae_status add_line(const char *path, int64_t number, vae_tokens tokens, char *line, size_t length,
                           vae_classes *vocabulary)
{
    if (length > 0 && line[length - 1] == '\r') --length;
    while (tokens == VAE_TOKENS_WORDS && length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t'))
        --length;
    line[length] = '\0';
    const char *fault = find_fault(tokens, line, length);
    if (fault) return vae_error_set(VAE_ERROR_FORMAT, "%s: line %" PRId64 ": %s", path, number, fault);
    if (is_special(line)) return VAE_OK;
    if (vae_classes_find(vocabulary, line) < 0) return vae_classes_add(vocabulary, line);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: line %" PRId64 ": '%.100s' is there already", path, number, line);
}

static vae_status add_lines(const char *path, char *text, size_t size, vae_tokens tokens, int64_t most,
                            vae_classes *vocabulary)
{
    VAE_TRY(add_specials(vocabulary));
    int64_t number = 0;
    for (size_t begin = 0; begin < size && (most == 0 || vocabulary->count < VAE_TOKEN_SPECIALS + most);) {
        const char *end = memchr(text + begin, '\n', size - begin);
        const size_t length = end ? (size_t)(end - text) - begin : size - begin;
        VAE_TRY(add_line(path, ++number, tokens, text + begin, length, vocabulary));
        begin += length + 1;
    }
    if (vocabulary->count > VAE_TOKEN_SPECIALS) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: holds no words", path);
}

vae_status vae_vocabulary_read(const char *path, vae_tokens tokens, int64_t size, vae_classes *vocabulary)
{
    void *text;
    size_t bytes;
    *vocabulary = (vae_classes){0};
    if (!vae_path_exists(path)) return vae_error_set(VAE_ERROR_CONFIG, "cannot open %s: there is no such file", path);
    VAE_TRY(vae_file_read(path, MAX_FILE, &text, &bytes));
    const vae_status status = add_lines(path, text, bytes, tokens, size, vocabulary);
    free(text);
    if (status) vae_classes_free(vocabulary);
    return status;
}

static vae_status take(const char *name, const char *tokens, size_t bytes, vae_classes *vocabulary)
{
    if (bytes == 0 || tokens[bytes - 1] != '\0') return vae_error_set(VAE_ERROR_FORMAT, "%s: is cut short", name);
    for (const char *token = tokens; token < tokens + bytes; token += strlen(token) + 1) {
        const int64_t id = vocabulary->count;
        const bool good =
            id < VAE_TOKEN_SPECIALS ? strcmp(token, specials[id]) == 0 : vae_classes_find(vocabulary, token) < 0;
        if (!good) return vae_error_set(VAE_ERROR_FORMAT, "%s: '%.100s' cannot be token %" PRId64, name, token, id);
        VAE_TRY(vae_classes_add(vocabulary, token));
    }
    if (vocabulary->count > VAE_TOKEN_SPECIALS) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: holds no words", name);
}

vae_status vae_vocabulary_take(const char *name, const char *tokens, size_t bytes, vae_classes *vocabulary)
{
    *vocabulary = (vae_classes){0};
    const vae_status status = take(name, tokens, bytes, vocabulary);
    if (status) vae_classes_free(vocabulary);
    return status;
}

/* ---- Using it ---- */

int32_t vae_vocabulary_id(const vae_classes *vocabulary, const char *token)
{
    const int64_t found = vae_classes_find(vocabulary, token);
    return found < 0 ? VAE_TOKEN_UNKNOWN : (int32_t)found;
}

static vae_status append(vae_sentence *sentence, int64_t *room, int32_t id)
{
    if (sentence->count == *room) {
        *room = 2 * *room + 64;
        int32_t *grown = realloc(sentence->ids, (size_t)*room * sizeof *grown);
        if (!grown) return no_memory();
        sentence->ids = grown;
    }
    sentence->ids[sentence->count++] = id;
    return VAE_OK;
}

static vae_status encode(vae_text_reader *reader, const vae_classes *vocabulary, vae_sentence *sentence)
{
    const char *token = NULL;
    int64_t room = 0;
    bool more;
    VAE_TRY(append(sentence, &room, VAE_TOKEN_BEGIN));
    VAE_TRY(vae_text_next_line(reader, &more));
    if (more) VAE_TRY(vae_text_next_token(reader, &token));
    while (token) {
        const int32_t id = vae_vocabulary_id(vocabulary, token);
        sentence->unknown += id == VAE_TOKEN_UNKNOWN && strcmp(token, specials[VAE_TOKEN_UNKNOWN]) != 0;
        if (id != VAE_TOKEN_BEGIN && id != VAE_TOKEN_END) VAE_TRY(append(sentence, &room, id));
        VAE_TRY(vae_text_next_token(reader, &token));
    }
    VAE_TRY(append(sentence, &room, VAE_TOKEN_END));
    if (more) VAE_TRY(vae_text_next_line(reader, &more));
    return more ? vae_error_set(VAE_ERROR_FORMAT, "%s: holds more than one line", reader->name) : VAE_OK;
}

vae_status vae_vocabulary_encode(const vae_classes *vocabulary, vae_tokens tokens, const char *name, const char *text,
                                 vae_sentence *sentence)
{
    vae_text_reader reader;
    *sentence = (vae_sentence){0};
    VAE_TRY(vae_text_open_memory(name, text, strlen(text), tokens, &reader));
    const vae_status status = encode(&reader, vocabulary, sentence);
    vae_text_close(&reader);
    if (status) vae_sentence_free(sentence);
    return status;
}

void vae_sentence_free(vae_sentence *sentence)
{
    free(sentence->ids);
    *sentence = (vae_sentence){0};
}

/* How a token is printed. */
static const char *shown(const vae_classes *vocabulary, vae_tokens tokens, int32_t id)
{
    return id == VAE_TOKEN_UNKNOWN && tokens != VAE_TOKENS_WORDS ? "\xEF\xBF\xBD" : vae_classes_name(vocabulary, id);
}

vae_status vae_vocabulary_text(const vae_classes *vocabulary, vae_tokens tokens, const int32_t *ids, int64_t count,
                               char **text)
{
    *text = NULL;
    size_t size = 1;
    int64_t end = 0;
    for (; end < count && ids[end] != VAE_TOKEN_END; ++end) {
        const char *token = shown(vocabulary, tokens, ids[end]);
        if (!token) return vae_error_set(VAE_ERROR_ARGUMENT, "there is no token %" PRId32, ids[end]);
        size += strlen(token) + 1;
    }
    char *to = *text = malloc(size);
    if (!to) return no_memory();
    for (int64_t i = 0; i < end; ++i) {
        if (ids[i] == VAE_TOKEN_BEGIN) continue;
        const char *token = shown(vocabulary, tokens, ids[i]);
        if (tokens == VAE_TOKENS_WORDS && to > *text) *to++ = ' ';
        const size_t length = strlen(token);
        memcpy(to, token, length);
        to += length;
    }
    *to = '\0';
    return VAE_OK;
}

vae_status vae_vocabulary_spell(const vae_classes *vocabulary, vae_tokens tokens, const float *rows, int64_t count,
                                char **text)
{
    int32_t *ids = malloc((size_t)(count + 1) * sizeof *ids);
    if (!ids) return no_memory();
    for (int64_t i = 0; i < count; ++i)
        ids[i] = (int32_t)rows[i];
    const vae_status status = vae_vocabulary_text(vocabulary, tokens, ids, count, text);
    free(ids);
    return status;
}
