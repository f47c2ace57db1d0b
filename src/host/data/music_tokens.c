/* The tokens of melodies and drums. */
#include "data/music_tokens.h"

#include <stdio.h>

enum { OCTAVE = 12, FIRST_DRUM = 35, LAST_DRUM = 81 };

/* Of the kinds, in order: what they are called, and the drum of General MIDI that is written for each. */
static const char kind_letters[VAE_MUSIC_KINDS] = {'B', 'S', 'h', 'o', 'l', 'm', 't', 'c', 'r'};
static const int kind_pitches[VAE_MUSIC_KINDS] = {36, 38, 42, 46, 45, 48, 50, 49, 51};

int vae_music_drum_kind(int pitch)
{
    /* clang-format off */
    static const signed char kinds[LAST_DRUM - FIRST_DRUM + 1] = {
        /* 35 bass drums */ 0, 0, /* 37 side stick, snare, clap, snare */ 1, 1, 1, 1, /* 41 low floor tom */ 4,
        /* 42 closed hi-hat */ 2, /* 43 high floor tom */ 4, /* 44 pedal hi-hat */ 2, /* 45 low tom */ 4,
        /* 46 open hi-hat */ 3, /* 47 low middle tom, high middle tom */ 5, 5, /* 49 crash */ 7, /* 50 high tom */ 6,
        /* 51 ride */ 8, /* 52 Chinese cymbal */ 7, /* 53 bell */ 8, /* 54 tambourine */ 2, /* 55 splash */ 7,
        /* 56 cowbell */ 1, /* 57 crash */ 7, /* 58 vibraslap */ 1, /* 59 ride */ 8, /* 60 bongos */ 6, 5,
        /* 62 congas */ 6, 5, 4, /* 65 timbales */ 6, 5, /* 67 agogos */ 6, 5, /* 69 cabasa, maracas */ 2, 2,
        /* 71 whistles */ 3, 3, /* 73 guiros */ 2, 3, /* 75 claves, wood blocks */ 1, 1, 1, /* 78 cuicas */ 5, 4,
        /* 80 triangles */ 2, 3};
    /* clang-format on */
    return pitch >= FIRST_DRUM && pitch <= LAST_DRUM ? kinds[pitch - FIRST_DRUM] : -1;
}

/* ---- Names ---- */

static vae_status add_notes(vae_classes *vocabulary)
{
    static const char *const tones[OCTAVE] = {"C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"};
    char name[8];
    VAE_TRY(vae_classes_add(vocabulary, "-"));
    VAE_TRY(vae_classes_add(vocabulary, "."));
    for (int pitch = VAE_MUSIC_LOWEST; pitch <= VAE_MUSIC_HIGHEST; ++pitch) {
        snprintf(name, sizeof name, "%s%d", tones[pitch % OCTAVE], pitch / OCTAVE - 1);
        VAE_TRY(vae_classes_add(vocabulary, name));
    }
    return VAE_OK;
}

static vae_status add_drums(vae_classes *vocabulary)
{
    VAE_TRY(vae_classes_add(vocabulary, "."));
    for (int kinds = 1; kinds < 1 << VAE_MUSIC_KINDS; ++kinds) {
        char name[VAE_MUSIC_KINDS + 1];
        int length = 0;
        for (int k = 0; k < VAE_MUSIC_KINDS; ++k)
            if (kinds >> k & 1) name[length++] = kind_letters[k];
        name[length] = '\0';
        VAE_TRY(vae_classes_add(vocabulary, name));
    }
    return VAE_OK;
}

vae_status vae_music_vocabulary(vae_music_part part, vae_classes *vocabulary)
{
    *vocabulary = (vae_classes){0};
    vae_status status = vae_classes_add(vocabulary, "<bos>");
    if (!status) status = part == VAE_MUSIC_DRUMS ? add_drums(vocabulary) : add_notes(vocabulary);
    if (status) vae_classes_free(vocabulary);
    return status;
}

/* ---- Notes ---- */

static int64_t begin_of(const float *tokens, int64_t count)
{
    return count > 0 && tokens[0] == VAE_MUSIC_BEGIN;
}

int64_t vae_music_steps(const float *tokens, int64_t count)
{
    return count - begin_of(tokens, count);
}

static int64_t notes_of_melody(const float *tokens, int64_t steps, vae_music_note *notes)
{
    int64_t count = 0;
    bool sounds = false;
    for (int64_t t = 0; t < steps; ++t) {
        const int token = (int)tokens[t];
        if (token >= VAE_MUSIC_NOTES) {
            notes[count++] = (vae_music_note){t, 0, token - VAE_MUSIC_NOTES + VAE_MUSIC_LOWEST};
            sounds = true;
        }
        sounds = sounds && token != VAE_MUSIC_OFF;
        if (sounds) notes[count - 1].steps++;
    }
    return count;
}

static int64_t notes_of_drums(const float *tokens, int64_t steps, vae_music_note *notes)
{
    int64_t count = 0;
    for (int64_t t = 0; t < steps; ++t) {
        const int kinds = (int)tokens[t] - VAE_MUSIC_STRUCK;
        for (int k = 0; k < VAE_MUSIC_KINDS && kinds > 0; ++k)
            if (kinds >> k & 1) notes[count++] = (vae_music_note){t, 1, kind_pitches[k]};
    }
    return count;
}

int64_t vae_music_notes(vae_music_part part, const float *tokens, int64_t count, vae_music_note *notes)
{
    const int64_t begin = begin_of(tokens, count);
    return part == VAE_MUSIC_DRUMS ? notes_of_drums(tokens + begin, count - begin, notes)
                                   : notes_of_melody(tokens + begin, count - begin, notes);
}

int vae_music_onsets(vae_music_part part, float token, float other)
{
    const int a = (int)token, b = (int)other;
    int both = 0;
    if (part == VAE_MUSIC_MELODY) return a == b && a >= VAE_MUSIC_NOTES;
    if (a < VAE_MUSIC_STRUCK || b < VAE_MUSIC_STRUCK) return 0;
    for (int kinds = (a - VAE_MUSIC_STRUCK) & (b - VAE_MUSIC_STRUCK); kinds > 0; kinds >>= 1)
        both += kinds & 1;
    return both;
}
