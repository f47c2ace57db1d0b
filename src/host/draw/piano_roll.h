/* Notes as piano rolls: time to the right, pitch upwards. Grids as PNG, SVG and pixels. */
#ifndef VAE_DRAW_PIANO_ROLL_H
#define VAE_DRAW_PIANO_ROLL_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

typedef struct vae_roll_note {
    int64_t start, steps; /* in steps from the beginning; it sounds for at least one */
    int pitch;            /* of MIDI, 0 to 127; 60 is the middle C */
    int voice;            /* 0, 1, …: of a colour of its own */
} vae_roll_note;

typedef struct vae_piano_roll {
    vae_roll_note *notes; /* [count] */
    int64_t count;
    int64_t steps; /* how long it is; 0 leaves its cell empty */
    int64_t given; /* notes that begin within the first so many steps are drawn in another colour: no model made them */
} vae_piano_roll;

/* Cells run row by row. All have one scale: the pitches of all notes, and the steps of the longest. */
typedef struct vae_piano_roll_grid {
    const vae_piano_roll *rolls;
    int64_t count, columns;   /* columns may be more than count */
    int64_t beat, bar;        /* steps of each, where lines are drawn; 0: no lines */
    const char *const *heads; /* [columns], above them; NULL: none */
    const char *const *names; /* [rows], beside them, one or two lines separated by '\n'; NULL: none */
} vae_piano_roll_grid;

/* VAE_ERROR_ARGUMENT for a grid without cells, or of more than 32768 pixels a side; VAE_ERROR_IO with cairo's word. A
 * file appears at once or not at all. */
vae_status vae_piano_roll_write_png(const char *path, const vae_piano_roll_grid *grid);
vae_status vae_piano_roll_write_svg(const char *path, const vae_piano_roll_grid *grid);

/* The roll of an excerpt, `count` tokens as a model of music has them (data/music_tokens.h), of which the first `given`
 * are no model's. On failure, too, the notes are to be freed: with those of all rolls [count], and the list itself. */
vae_status vae_piano_roll_of_tokens(vae_music_part part, const float *tokens, int64_t count, int64_t given,
                                    vae_piano_roll *roll);
void vae_piano_roll_free(vae_piano_roll *rolls, int64_t count);

/* How many pixels the grid has, and the same picture as pixels [height, width, 3]. */
vae_status vae_piano_roll_size(const vae_piano_roll_grid *grid, int64_t *height, int64_t *width);
vae_status vae_piano_roll_draw(const vae_piano_roll_grid *grid, uint8_t *pixels);

#endif
