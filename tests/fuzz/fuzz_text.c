/* Fuzzing of data/text_reader.c, data/text.c and data/vocabulary.c. test_fuzz_text.c includes this file and feeds it
 * mutations of its own in every test run; for a longer search, with libFuzzer, see fuzz_idx.c.
 *
 * The first byte of an input says what its tokens are (modulo 3), and whether lines are cut (bit 4), only the first two
 * are read (bit 5), and the vocabulary is cut (bit 6); the rest is the text. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/sequences.h"
#include "data/vocabulary.h"

enum { FUZZ_MAX_INPUT = 1 << 17, FUZZ_MAX_LENGTH = 3, FUZZ_LIMIT = 2, FUZZ_WORDS = 2 };

/* Calls that succeeded, by which a test sees that its inputs are worth mutating. */
static int fuzz_successes;

/* What a failed call may leave; NULL if all is well. */
static const char *fuzz_check_failure(vae_status status, const char *path)
{
    if (status != VAE_ERROR_FORMAT) return "a status other than VAE_ERROR_FORMAT";
    if (strncmp(vae_error_message(), path, strlen(path)) != 0) return "a message that does not begin with the file";
    if (strchr(vae_error_message(), '\n')) return "a message of more than one line";
    return NULL;
}

/* That a sentence is from begin to end, of tokens that there are; *unknown: it has some that are not known. */
static const char *fuzz_check_item(const int32_t *ids, int64_t rows, int64_t tokens, bool *unknown)
{
    *unknown = false;
    if (rows < 2 || ids[0] != VAE_TOKEN_BEGIN || ids[rows - 1] != VAE_TOKEN_END) return "no begin or no end";
    for (int64_t i = 1; i < rows - 1; ++i) {
        if (ids[i] < VAE_TOKEN_UNKNOWN || ids[i] >= tokens) return "a token out of range";
        *unknown = *unknown || ids[i] == VAE_TOKEN_UNKNOWN;
    }
    return NULL;
}

/* That its text gives the same ids again, but for a mark of UTF-8 that it happens to begin with. */
static const char *fuzz_check_text(const vae_dataset *dataset, vae_tokens tokens, const int32_t *ids, int64_t rows)
{
    vae_sentence sentence = {.count = 0};
    char *text;
    if (vae_vocabulary_text(&dataset->vocabulary, tokens, ids, rows, &text)) return "no text of a sentence";
    const vae_status status = vae_vocabulary_encode(&dataset->vocabulary, tokens, "text", text, &sentence);
    const bool marked = strncmp(text, "\xEF\xBB\xBF", 3) == 0;
    const bool same = !status && sentence.count == rows && memcmp(sentence.ids, ids, (size_t)rows * sizeof *ids) == 0;
    free(text);
    vae_sentence_free(&sentence);
    return same || marked ? NULL : "the text of a sentence gives another one";
}

static const char *fuzz_check_set(const vae_dataset *dataset, const vae_sequence_options *options)
{
    const int32_t *values = (const void *)dataset->values;
    if (options->limit && dataset->count > options->limit) return "more items than the limit";
    if (dataset->count < 1 || dataset->count > FUZZ_MAX_INPUT || dataset->offsets[0] != 0)
        return "no items, or too many";
    for (int64_t i = 0; i < dataset->count; ++i) {
        const int32_t *ids = values + dataset->offsets[i];
        const int64_t rows = dataset->offsets[i + 1] - dataset->offsets[i];
        bool unknown;
        if (options->max_length && rows > options->max_length + 2) return "an item longer than max_length";
        const char *violated = fuzz_check_item(ids, rows, dataset->vocabulary.count, &unknown);
        /* Characters that are not known have no text of their own, and a line that was cut may end in blanks. */
        const bool has_text = options->tokens == VAE_TOKENS_WORDS || (!unknown && !options->max_length);
        if (!violated && has_text) violated = fuzz_check_text(dataset, options->tokens, ids, rows);
        if (violated) return violated;
    }
    return NULL;
}

static const char *fuzz_sequences(const char *path, const vae_sequence_options *options)
{
    vae_dataset dataset;
    const vae_status status = vae_sequences_read(path, options, &dataset);
    if (status) {
        if (dataset.values || dataset.offsets || dataset.count) return "items beside a failure";
        return fuzz_check_failure(status, path);
    }
    const char *violated = fuzz_check_set(&dataset, options);
    fuzz_successes++;
    vae_dataset_free(&dataset);
    return violated;
}

static const char *fuzz_list(const char *path, vae_tokens tokens)
{
    vae_classes vocabulary;
    const vae_status status = vae_vocabulary_read(path, tokens, 0, &vocabulary);
    if (status) return vocabulary.count ? "tokens beside a failure" : fuzz_check_failure(status, path);
    const char *violated = vocabulary.count <= VAE_TOKEN_SPECIALS ? "no tokens" : NULL;
    for (int64_t i = 0; i < vocabulary.count && !violated; ++i) {
        if (vae_classes_find(&vocabulary, vae_classes_name(&vocabulary, i)) != i)
            violated = "a token that is there twice";
    }
    fuzz_successes++;
    vae_classes_free(&vocabulary);
    return violated;
}

/* NULL, or what the readers should not have done. */
static const char *fuzz_text(const uint8_t *data, size_t size)
{
    if (size < 1 || size > FUZZ_MAX_INPUT) return NULL;
    const vae_sequence_options options = {.kind = VAE_KIND_TEXT,
                                          .storage = VAE_STORAGE_MEMORY,
                                          .tokens = (vae_tokens)((data[0] & 15) % 3),
                                          .max_length = data[0] & 16 ? FUZZ_MAX_LENGTH : 0,
                                          .limit = data[0] & 32 ? FUZZ_LIMIT : 0,
                                          .vocabulary_size = data[0] & 64 ? FUZZ_WORDS : 0};
    const int file = memfd_create("fuzz", MFD_CLOEXEC);
    if (file < 0 || write(file, data + 1, size - 1) != (ssize_t)(size - 1)) return "no file to write to";
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    const char *violated = fuzz_sequences(path, &options);
    if (!violated) violated = fuzz_list(path, options.tokens);
    close(file);
    return violated;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *violated = fuzz_text(data, size);
    if (violated) {
        fprintf(stderr, "%s (%s)\n", violated, vae_error_message());
        abort();
    }
    return 0;
}
