/* Music as tokens, one a step. Of a melody: hold (what sounds goes on, be it silence), off (it ends), or one of 88
 * notes that begins, as in Roberts et al. (2018), section 5; of drums: which of nine kinds are struck. The vocabulary
 * is fixed; token 0 is the begin of an excerpt. */
#ifndef VAE_DATA_MUSIC_TOKENS_H
#define VAE_DATA_MUSIC_TOKENS_H

#include <stdbool.h>

#include "config/config.h"
#include "data/classes.h"

enum {
    VAE_MUSIC_BEGIN,
    VAE_MUSIC_HOLD,
    VAE_MUSIC_OFF,
    VAE_MUSIC_NOTES,         /* the first note */
    VAE_MUSIC_LOWEST = 21,   /* pitch of the first: A0, the lowest key of a piano */
    VAE_MUSIC_HIGHEST = 108, /* C8, the highest */
    VAE_MUSIC_STRUCK = 1,    /* of drums: the first, where nothing is struck */
    VAE_MUSIC_KINDS = 9,     /* of drums */
};

/* The token of a pitch from VAE_MUSIC_LOWEST to VAE_MUSIC_HIGHEST, and of a set of kinds of drums, a bit each. */
static inline int32_t vae_music_note_token(int pitch)
{
    return VAE_MUSIC_NOTES + pitch - VAE_MUSIC_LOWEST;
}
static inline int32_t vae_music_drums_token(int kinds)
{
    return VAE_MUSIC_STRUCK + kinds;
}

/* The kind, 0 to 8, of a drum of General MIDI: bass drum, snare, closed hi-hat, open hi-hat, low, middle and high tom,
 * crash, ride; hand percussion goes to the one that is nearest in sound. -1 of a pitch that is no drum. */
int vae_music_drum_kind(int pitch);

/* What the tokens are called: "<bos>", "-", ".", "A0" … "C8"; of drums "<bos>", ".", and letters of what is struck.
 * VAE_ERROR_MEMORY; *vocabulary is then empty. */
vae_status vae_music_vocabulary(vae_music_part part, vae_classes *vocabulary);

typedef struct vae_music_note {
    int64_t start, steps;
    int pitch;
} vae_music_note;

/* The notes of an excerpt: tokens [count], with or without a begin, as models of sequences have them → notes, of which
 * there are VAE_MUSIC_KINDS·count at most; gives how many. Steps that follow a begin count from 0. A drum sounds for a
 * step, with the pitch that stands for its kind. */
int64_t vae_music_notes(vae_music_part part, const float *tokens, int64_t count, vae_music_note *notes);
/* How many notes, or kinds of drums, begin at a step of both tokens: of the same token twice, all that it has. */
int vae_music_onsets(vae_music_part part, float token, float other);

/* Steps of an excerpt: `count` without a begin. */
int64_t vae_music_steps(const float *tokens, int64_t count);

#endif
