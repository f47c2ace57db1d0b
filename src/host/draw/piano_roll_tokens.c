/* Piano rolls of excerpts as models of music have them. */
#include <stdlib.h>

#include "data/music_tokens.h"
#include "draw/piano_roll.h"

vae_status vae_piano_roll_of_tokens(vae_music_part part, const float *tokens, int64_t count, int64_t given,
                                    vae_piano_roll *roll)
{
    const size_t room = (size_t)(count * VAE_MUSIC_KINDS + 1);
    vae_music_note *notes = malloc(room * sizeof *notes);
    vae_roll_note *made = malloc(room * sizeof *made);
    *roll = (vae_piano_roll){
        .notes = made, .steps = vae_music_steps(tokens, count), .given = vae_music_steps(tokens, given)};
    const bool there = notes && made;
    if (there) {
        roll->count = vae_music_notes(part, tokens, count, notes);
        for (int64_t i = 0; i < roll->count; ++i)
            made[i] = (vae_roll_note){.start = notes[i].start, .steps = notes[i].steps, .pitch = notes[i].pitch};
    }
    free(notes);
    return there ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "a piano roll: out of memory");
}

void vae_piano_roll_free(vae_piano_roll *rolls, int64_t count)
{
    for (int64_t i = 0; rolls && i < count; ++i)
        free(rolls[i].notes);
    free(rolls);
}
