/* Music as lines of text, for tests that are scripts.
 *
 *   write_music notes FILE...          a line "piece TICKS METRE...", with TICK:N/D of each time signature, and then a
 *                                      line of each note: start, end, track, channel, program, pitch, velocity
 *   write_music excerpts BARS FILE...  a line "piece" and then a line of each excerpt, of any metre: its tokens
 *   write_music write FILE TICKS TEMPO N/D
 *                                      makes a MIDI file of notes that come as such lines, by tracks from 0 on
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/excerpts.h"

enum { MOST_NOTES = 1 << 16 };

static int fail(void)
{
    fprintf(stderr, "%s\n", vae_error_message());
    return 1;
}

static int write_notes(const char *path)
{
    vae_midi midi;
    if (vae_midi_read_file(path, &midi)) return fail();
    printf("piece %" PRId64, midi.ticks_per_quarter);
    for (int64_t i = 0; i < midi.metre_count; ++i)
        printf(" %" PRId64 ":%d/%d", midi.metres[i].at, midi.metres[i].numerator, midi.metres[i].denominator);
    printf("\n");
    for (int64_t i = 0; i < midi.count; ++i) {
        const vae_midi_note *n = &midi.notes[i];
        printf("%" PRId64 " %" PRId64 " %d %d %d %d %d\n", n->start, n->end, (int)n->track, n->channel, n->program,
               n->pitch, n->velocity);
    }
    vae_midi_free(&midi);
    return 0;
}

static int write_excerpts(const vae_midi *midi, const char *path, const vae_music_options *options)
{
    const int64_t steps = vae_excerpt_steps(options);
    int32_t *tokens = calloc((size_t)steps, sizeof *tokens);
    vae_remarks remarks = {0};
    vae_excerpts *excerpts = NULL;
    if (!tokens || vae_excerpts_open(midi, path, options, &remarks, &excerpts)) {
        free(tokens);
        return fail();
    }
    printf("piece\n");
    while (vae_excerpts_next(excerpts, tokens)) {
        for (int64_t t = 0; t < steps; ++t)
            printf("%s%d", t ? " " : "", (int)tokens[t]);
        printf("\n");
    }
    vae_excerpts_close(excerpts);
    free(tokens);
    return 0;
}

static int read_and_cut(const char *path, int64_t bars)
{
    const vae_music_options options = {.bars = bars, .steps_per_quarter = 4, .any_metre = true};
    vae_midi midi;
    if (vae_midi_read_file(path, &midi)) return fail();
    const int result = write_excerpts(&midi, path, &options);
    vae_midi_free(&midi);
    return result;
}

/* 1 if standard input has a further note. */
static int read_note(vae_midi_note *note)
{
    int channel = 0, program = 0, pitch = 0, velocity = 0;
    const int found = scanf("%" SCNd64 " %" SCNd64 " %" SCNd32 " %d %d %d %d", &note->start, &note->end, &note->track,
                            &channel, &program, &pitch, &velocity);
    note->channel = (uint8_t)channel;
    note->program = (uint8_t)program;
    note->pitch = (uint8_t)pitch;
    note->velocity = (uint8_t)velocity;
    return found == 7;
}

static int make_file(char **arguments)
{
    vae_midi_score score = {.title = "a score", .ticks_per_quarter = atoll(arguments[1]), .tempo = atof(arguments[2])};
    if (sscanf(arguments[3], "%d/%d", &score.numerator, &score.denominator) != 2) return 2;
    vae_midi_note *notes = calloc(MOST_NOTES, sizeof *notes);
    if (!notes) return 2;
    score.notes = notes;
    while (score.count < MOST_NOTES && read_note(&notes[score.count])) {
        if (notes[score.count].track >= score.tracks) score.tracks = notes[score.count].track + 1;
        score.count++;
    }
    const vae_status status = vae_midi_write(arguments[0], &score);
    free(notes);
    return status ? fail() : 0;
}

int main(int count, char **arguments)
{
    int result = 0;
    if (count < 3) return 2;
    if (strcmp(arguments[1], "write") == 0) return count == 6 ? make_file(arguments + 2) : 2;
    if (strcmp(arguments[1], "notes") == 0) {
        for (int i = 2; i < count && result == 0; ++i)
            result = write_notes(arguments[i]);
        return result;
    }
    for (int i = 3; i < count && result == 0; ++i)
        result = read_and_cut(arguments[i], atoll(arguments[2]));
    return result;
}
