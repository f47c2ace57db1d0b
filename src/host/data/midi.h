/* Standard MIDI files (RP-001): notes, metres and tempo of a piece, and back.
 *
 * Of what real files have, this is taken: headers longer than six bytes, chunks of other kinds (skipped), MIDI in RIFF,
 * running status also behind a meta event, notes that are never ended (they end with their track), and notes that begin
 * while one of the same pitch and channel sounds (that one ends there; an end at the same tick is the first one's). A
 * division in frames a second is turned into ticks of a quarter of half a second. The tracks of format 2, which are
 * pieces of their own, are taken as if they sounded together: by track and channel they are told apart. */
#ifndef VAE_DATA_MIDI_H
#define VAE_DATA_MIDI_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

enum { VAE_MIDI_DRUMS = 9, VAE_MIDI_PITCHES = 128, VAE_MIDI_CHANNELS = 16 }; /* channel 10, counted from 0 */
/* Ticks of a piece at most: no sum of steps overflows, and no piece is as long. */
enum { VAE_MIDI_TICKS = 0x7FFFFFFF };

typedef struct vae_midi_note {
    int64_t start, end;       /* in ticks; end ≥ start */
    int32_t track;            /* from 0 */
    uint8_t channel, program; /* program: 0 to 127, of General MIDI */
    uint8_t pitch, velocity;
} vae_midi_note;

typedef struct vae_midi_metre {
    int64_t at;     /* tick from which on it holds */
    int64_t number; /* in the file's order: of those at one tick the last counts */
    int numerator, denominator;
} vae_midi_metre;

typedef struct vae_midi {
    int64_t ticks_per_quarter;
    vae_midi_note *notes; /* [count], by start, then track, channel and pitch; owned */
    int64_t count;
    vae_midi_metre *metres; /* [metre_count], by `at`; owned. None: 4/4, as the standard says */
    int64_t metre_count;
    double tempo;    /* the first, in quarters a minute; 120 where none is said */
    int64_t tempos;  /* how many there are */
    int64_t end;     /* tick of the last event */
    int64_t unended; /* notes that the file does not end */
} vae_midi;

/* Reads a file of at most 64 MiB. VAE_ERROR_FORMAT for a file that is none or is damaged, with the track and the byte;
 * VAE_ERROR_IO, VAE_ERROR_MEMORY; *midi is then empty. */
vae_status vae_midi_read_file(const char *path, vae_midi *midi);
/* The same of bytes; `name` begins messages. */
vae_status vae_midi_read(const char *name, const uint8_t *bytes, size_t size, vae_midi *midi);
/* Also of a zeroed struct. */
void vae_midi_free(vae_midi *midi);

/* Something said at a place of a piece, such as where an excerpt begins. */
typedef struct vae_midi_marker {
    int64_t at;
    const char *text;
} vae_midi_marker;

/* A piece to be written: notes by track, in any order; a track has the channel and program of its notes. Of two of
 * one pitch that sound together in a track, readers cannot tell which ends. A note has a tick at least. */
typedef struct vae_midi_score {
    const char *title;
    int64_t ticks_per_quarter; /* 1 to 32767 */
    double tempo;              /* quarters a minute, 4 to 6e7 */
    int numerator, denominator;
    const vae_midi_note *notes;
    int64_t count;
    int32_t tracks;
    const vae_midi_marker *markers;
    int64_t marker_count;
    int64_t end; /* tick at which it ends, at the earliest */
} vae_midi_score;

/* Writes a file of format 1; the same notes give the same bytes. A file appears at once or not at all. VAE_ERROR_IO,
 * VAE_ERROR_MEMORY; VAE_ERROR_ARGUMENT of a score that ends behind VAE_MIDI_TICKS. */
vae_status vae_midi_write(const char *path, const vae_midi_score *score);

#endif
