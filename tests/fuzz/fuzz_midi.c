/* Fuzzing of the reader of music: data/midi_read.c, data/music_lines.c and data/excerpts.c. test_fuzz_midi.c includes
 * this file and feeds it mutations of its own in every test run; for a longer search, with libFuzzer:
 *
 *   clang -g -O1 -no-pie -fopenmp -fsanitize=fuzzer,address,undefined -Iinclude -Isrc/host tests/fuzz/fuzz_midi.c \
 *       $(ls src/host/data/[a-z]*.c src/host/core/[a-z]*.c | grep -v tiff) src/host/backend/registry.c \
 *       -Wl,--unresolved-symbols=ignore-all -ljansson -lzip -lexpat -lpng -ljpeg -lgif -lwebpdemux -lwebp -lz -lm \
 *       -o build/fuzz-midi
 *   build/fuzz-midi -rss_limit_mb=512
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/excerpts.h"
#include "data/music_tokens.h"

enum { FUZZ_MAX_INPUT = 1 << 16 };

/* Calls that succeeded, by which a test sees that its inputs are worth mutating. */
static int fuzz_successes;

/* NULL if an excerpt is one: tokens of the vocabulary, no begin, and notes of its own. */
static const char *fuzz_check_excerpt(const vae_music_options *options, const int32_t *tokens, int64_t steps)
{
    const int32_t most = options->part == VAE_MUSIC_DRUMS ? vae_music_drums_token((1 << VAE_MUSIC_KINDS) - 1)
                                                          : vae_music_note_token(VAE_MUSIC_HIGHEST);
    float rows[64];
    vae_music_note notes[64 * VAE_MUSIC_KINDS];
    for (int64_t t = 0; t < steps; ++t) {
        if (tokens[t] <= VAE_MUSIC_BEGIN || tokens[t] > most) return "a token that is none";
        rows[t] = (float)tokens[t];
    }
    const int64_t count = vae_music_notes(options->part, rows, steps, notes);
    for (int64_t i = 0; i < count; ++i)
        if (notes[i].start < 0 || notes[i].steps < 1 || notes[i].start + notes[i].steps > steps)
            return "a note beyond its excerpt";
    return count > 0 ? NULL : "a silent excerpt";
}

static const char *fuzz_cut(const vae_midi *midi, const vae_music_options *options)
{
    const int64_t steps = vae_excerpt_steps(options);
    vae_excerpts *excerpts;
    vae_remarks remarks = {0};
    int32_t tokens[64];
    if (vae_excerpts_open(midi, "a.mid", options, &remarks, &excerpts)) return "no excerpts of a good file";
    const char *violated = NULL;
    /* A note begins in each, and excerpts begin a step apart at least. */
    const int64_t most = midi->count * steps * (2 * options->transpose + 1);
    for (int64_t i = 0; !violated && vae_excerpts_next(excerpts, tokens); ++i)
        violated = i < most ? fuzz_check_excerpt(options, tokens, steps) : "more excerpts than its notes can have";
    vae_excerpts_close(excerpts);
    return violated;
}

/* NULL, or what the reader should not have done with a file. */
static const char *fuzz_midi(const uint8_t *data, size_t size)
{
    static const vae_music_options options[] = {
        {.bars = 2, .steps_per_quarter = 4, .transpose = 2},
        {.bars = 1, .steps_per_quarter = 6, .any_metre = true},
        {.part = VAE_MUSIC_DRUMS, .bars = 1, .steps_per_quarter = 4, .any_metre = true}};
    vae_midi midi;
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy || size > FUZZ_MAX_INPUT) {
        free(copy);
        return NULL;
    }
    memcpy(copy, data, size);
    const vae_status status = vae_midi_read("a.mid", copy, size, &midi);
    free(copy);
    if (status == VAE_ERROR_FORMAT) {
        return strncmp(vae_error_message(), "a.mid: ", 7) == 0 ? NULL : "a message that does not begin with the file";
    }
    if (status) return "a status other than VAE_ERROR_FORMAT";
    const char *violated = NULL;
    for (int64_t i = 0; i < midi.count; ++i)
        if (midi.notes[i].end < midi.notes[i].start) violated = "a note that ends before it begins";
    for (int i = 0; i < 3 && !violated; ++i)
        violated = fuzz_cut(&midi, &options[i]);
    fuzz_successes++;
    vae_midi_free(&midi);
    return violated;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *violated = fuzz_midi(data, size);
    if (violated) {
        fprintf(stderr, "%s (%s)\n", violated, vae_error_message());
        abort();
    }
    return 0;
}
