/* A piece of music in steps: its lines, of which each has one note at a time, and where its bars are.
 *
 * Beginnings and ends of notes are moved to the nearest step, and a note has one at least. A melody is the notes of one
 * track and channel other than drums: of those that begin together the highest is kept, and a note ends where the next
 * begins; a track in which more notes are dropped so than stay is of chords, and is left out. Drums are one line, of
 * all tracks. Tempo has no part in it, as ticks are fractions of a quarter. */
#ifndef VAE_DATA_MUSIC_LINES_H
#define VAE_DATA_MUSIC_LINES_H

#include "data/midi.h"
#include "data/remarks.h"
#include "data/sequence_options.h"

/* What happens from `start` to `end`, in steps: a note, or drums that are struck together. */
typedef struct vae_music_event {
    int64_t start, end; /* end > start */
    int value;          /* a pitch, or a set of kinds of drums */
} vae_music_event;

/* One melody, or all drums: the events [first … first + count - 1], of which none overlap, in order; there is one. */
typedef struct vae_music_line {
    int64_t first, count;
    int64_t chords; /* notes that were left out below others */
} vae_music_line;

/* A run of bars of one length, in steps. The last of a piece ends with a whole bar. */
typedef struct vae_music_section {
    int64_t start, end, bar;
} vae_music_section;

typedef struct vae_music_lines {
    vae_music_event *events; /* of all lines; owned */
    vae_music_line *lines;   /* owned */
    int64_t line_count;
    vae_music_section *sections; /* [section_count], in order: those of metres that are taken; owned */
    int64_t section_count;
} vae_music_lines;

/* What is left out is added to the remarks; `name` stands in their details. VAE_ERROR_MEMORY; *made is then empty. */
vae_status vae_music_lines_make(const vae_midi *midi, const char *name, const vae_music_options *options,
                                vae_remarks *remarks, vae_music_lines *made);
/* Also of a zeroed struct. */
void vae_music_lines_free(vae_music_lines *lines);

#endif
