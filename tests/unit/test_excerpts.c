/* Excerpts: what is taken of a piece, what is left out and told, and tokens as notes again. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "data/excerpts.h"
#include "data/music_tokens.h"
#include "data/sequences.h"
#include "unit/midi_file.h"

enum { STEP = 24, BAR = 16, MOST = 64 }; /* of 96 ticks a quarter */

static const vae_music_options melodies = {.bars = 1, .steps_per_quarter = 4};

/* Plain notes instead of a file. `metres` may be NULL. */
static vae_midi piece_of(const vae_midi_note *notes, int64_t count, const vae_midi_metre *metres, int64_t metre_count)
{
    return (vae_midi){.ticks_per_quarter = 96,
                      .notes = (vae_midi_note *)notes,
                      .count = count,
                      .metres = (vae_midi_metre *)metres,
                      .metre_count = metre_count};
}
#define NOTES(...)                                                                                                     \
    (const vae_midi_note[]){__VA_ARGS__}, sizeof((const vae_midi_note[]){__VA_ARGS__}) / sizeof(vae_midi_note)
#define NOTE(from, to, key)                                                                                            \
    {                                                                                                                  \
        .start = (from)*STEP, .end = (to)*STEP, .pitch = (key)                                                         \
    }

/* Writes each as a line of names, and gives how many there are. */
static int cut(const vae_midi *midi, const vae_music_options *options, vae_remarks *remarks, char lines[][512])
{
    const int64_t steps = vae_excerpt_steps(options);
    int32_t tokens[MOST];
    vae_excerpts *excerpts;
    vae_classes names;
    int count = 0;
    *remarks = (vae_remarks){0};
    cr_assert_leq(steps, MOST);
    cr_assert_eq(vae_music_vocabulary(options->part, &names), VAE_OK);
    cr_assert_eq(vae_excerpts_open(midi, "a.mid", options, remarks, &excerpts), VAE_OK);
    while (vae_excerpts_next(excerpts, tokens)) {
        int used = 0;
        for (int64_t t = 0; t < steps; ++t)
            used += snprintf(lines[count] + used, 512 - (size_t)used, "%s%s", t ? " " : "",
                             vae_classes_name(&names, tokens[t]));
        ++count;
    }
    vae_excerpts_close(excerpts);
    vae_classes_free(&names);
    return count;
}

/* Held, struck again, a rest, and the last note cut by the bar. */
Test(excerpts, a_melody_of_a_bar)
{
    char lines[4][512];
    vae_remarks remarks;
    const vae_midi midi =
        piece_of(NOTES(NOTE(0, 2, 60), NOTE(2, 4, 60), NOTE(6, 8, 61), NOTE(8, 9, 108), NOTE(15, 16, 21)), NULL, 0);
    cr_assert_eq(cut(&midi, &melodies, &remarks, lines), 1);
    cr_expect_str_eq(lines[0], "C4 - C4 - . - C#4 - C8 . - - - - - A0");
}

/* Ticks that lie between steps, a note shorter than one, and of two that begin together the higher. */
Test(excerpts, notes_move_to_steps)
{
    char lines[4][512];
    vae_remarks remarks;
    const vae_midi_note notes[] = {{.start = 11, .end = 13, .pitch = 60},
                                   {.start = 35, .end = 90, .pitch = 62},
                                   {.start = 37, .end = 400, .pitch = 65},
                                   {.start = 132, .end = 370, .pitch = 64}};
    const vae_midi midi = piece_of(notes, 4, NULL, 0);
    cr_assert_eq(cut(&midi, &melodies, &remarks, lines), 1);
    cr_expect_str_eq(lines[0], "C4 D4 F4 - - - E4 - - - - - - - - .");
    cr_expect_eq(remarks.of[VAE_REMARK_CHORD_NOTES].count, 0);
}

Test(excerpts, of_chords_the_highest_and_of_accompaniments_nothing)
{
    char lines[4][512];
    vae_remarks remarks;
    const vae_midi tune = piece_of(NOTES(NOTE(0, 8, 50), NOTE(0, 4, 60), NOTE(4, 16, 62)), NULL, 0);
    cr_assert_eq(cut(&tune, &melodies, &remarks, lines), 1);
    cr_expect_str_eq(lines[0], "C4 - - - D4 - - - - - - - - - - -");
    cr_expect_eq(remarks.of[VAE_REMARK_CHORD_NOTES].count, 1);
    const vae_midi chords =
        piece_of(NOTES(NOTE(0, 16, 50), NOTE(0, 16, 54), NOTE(0, 16, 57), NOTE(8, 16, 55), NOTE(8, 16, 60)), NULL, 0);
    cr_assert_eq(cut(&chords, &melodies, &remarks, lines), 0);
    cr_expect_eq(remarks.of[VAE_REMARK_CHORDS].count, 1);
    cr_expect_eq(remarks.of[VAE_REMARK_SILENT_PIECES].count, 1);
}

/* One begins at each bar; a note that sounds across its begin begins there. */
Test(excerpts, one_at_each_bar)
{
    const vae_music_options two = {.bars = 2, .steps_per_quarter = 4};
    char lines[8][512];
    vae_remarks remarks;
    const vae_midi midi = piece_of(NOTES(NOTE(0, 20, 60), NOTE(24, 40, 62), NOTE(44, 50, 64)), NULL, 0);
    cr_assert_eq(cut(&midi, &two, &remarks, lines), 3);
    cr_expect_str_eq(lines[0], "C4 - - - - - - - - - - - - - - - - - - - . - - - D4 - - - - - - -");
    cr_expect_str_eq(lines[1], "C4 - - - . - - - D4 - - - - - - - - - - - - - - - . - - - E4 - - -");
    cr_expect_str_eq(lines[2], "D4 - - - - - - - . - - - E4 - - - - - . - - - - - - - - - - - - -");
    const vae_midi brief = piece_of(NOTES(NOTE(0, 16, 60)), NULL, 0);
    cr_assert_eq(cut(&brief, &two, &remarks, lines), 0);
    cr_expect_eq(remarks.of[VAE_REMARK_SHORT_PIECES].count, 1);
}

/* A silence of bars, and one so long that going through it bar by bar would not end. */
Test(excerpts, silent_bars_are_left_out, .timeout = 10)
{
    char lines[8][512];
    vae_remarks remarks;
    const int64_t far = (int64_t)BAR * STEP * 5000000;
    const vae_midi_note notes[] = {{.start = 0, .end = 8 * STEP, .pitch = 60},
                                   {.start = 3 * BAR * STEP, .end = (3 * BAR + 4) * STEP, .pitch = 62},
                                   {.start = far, .end = far + 4 * STEP, .pitch = 64}};
    const vae_midi midi = piece_of(notes, 3, NULL, 0);
    cr_assert_eq(cut(&midi, &melodies, &remarks, lines), 3);
    cr_expect_str_eq(lines[1], "D4 - - - . - - - - - - - - - - -");
    cr_expect_str_eq(lines[2], "E4 - - - . - - - - - - - - - - -");
    const vae_music_options two = {.bars = 2, .steps_per_quarter = 4};
    cr_assert_eq(cut(&midi, &two, &remarks, lines), 0);
    cr_expect_gt(remarks.of[VAE_REMARK_SILENT_EXCERPTS].count, 0);
}

/* A note that is held for longer than an excerpt, and one so long that going through it bar by bar would not end. */
Test(excerpts, where_no_note_begins_there_is_none, .timeout = 10)
{
    const vae_music_options two = {.bars = 2, .steps_per_quarter = 4};
    const int64_t bars = 5000000;
    char lines[8][512];
    vae_remarks remarks;
    const vae_midi midi = piece_of(NOTES(NOTE(8, 80, 60), NOTE(80, 88, 62), NOTE(bars * BAR, (bars + 1) * BAR, 64),
                                         NOTE((bars + 1) * BAR, 2 * bars * BAR, 65)),
                                   NULL, 0);
    cr_assert_eq(cut(&midi, &two, &remarks, lines), 4);
    cr_expect_str_eq(lines[0], "- - - - - - - - C4 - - - - - - - - - - - - - - - - - - - - - - -");
    cr_expect_str_eq(lines[1], "C4 - - - - - - - - - - - - - - - D4 - - - - - - - . - - - - - - -");
    cr_expect_str_eq(lines[2], "E4 - - - - - - - - - - - - - - - F4 - - - - - - - - - - - - - - -");
    cr_expect_str_eq(lines[3], "F4 - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -");
    cr_expect_eq(remarks.of[VAE_REMARK_HELD_EXCERPTS].count, 3);
    cr_expect_eq(remarks.of[VAE_REMARK_SHORT_PIECES].count, 0);
}

/* Of 600,000 metres each melody sees those that it has notes in. */
Test(excerpts, melodies_times_metres, .timeout = 5)
{
    enum { METRES = 600000, LINES = 16 * 4000 };
    vae_midi_metre *metres = calloc(METRES, sizeof *metres);
    vae_midi_note *notes = calloc(LINES, sizeof *notes);
    const vae_music_options any = {.bars = 1, .steps_per_quarter = 4, .any_metre = true};
    char lines[1][512];
    vae_remarks remarks;
    cr_assert(metres && notes);
    for (int i = 0; i < METRES; ++i)
        metres[i] = (vae_midi_metre){(int64_t)i * BAR * STEP, i, i % 2 ? 4 : 2, 4};
    for (int i = 0; i < LINES; ++i)
        notes[i] = (vae_midi_note){.start = (int64_t)(METRES - 1) * BAR * STEP + 2 * STEP,
                                   .end = (int64_t)(METRES - 1) * BAR * STEP + 3 * STEP,
                                   .track = i / 16,
                                   .channel = (uint8_t)(i % 16),
                                   .pitch = 109};
    const vae_midi midi = piece_of(notes, LINES, metres, METRES);
    cr_expect_eq(cut(&midi, &any, &remarks, lines), 0);
    cr_expect_eq(remarks.of[VAE_REMARK_FAR_PITCHES].count, LINES - LINES / 16);
    free(metres);
    free(notes);
}

/* Bars that are longer than an excerpt: what begins late in one is in none; and an excerpt at the change of metre. */
Test(excerpts, bars_longer_than_an_excerpt)
{
    const vae_midi_metre metres[] = {{.at = 0, .numerator = 12, .denominator = 4},
                                     {.at = 60 * STEP, .number = 1, .numerator = 4, .denominator = 4}};
    const vae_music_options any = {.bars = 1, .steps_per_quarter = 4, .any_metre = true};
    char lines[8][512];
    vae_remarks remarks;
    const vae_midi midi =
        piece_of(NOTES(NOTE(4, 8, 60), NOTE(20, 30, 61), NOTE(30, 66, 62), NOTE(66, 68, 63)), metres, 2);
    cr_assert_eq(cut(&midi, &any, &remarks, lines), 2);
    cr_expect_str_eq(lines[0], "- - - - C4 - - - . - - - - - - -");
    cr_expect_str_eq(lines[1], "D4 - - - - - D#4 - . - - - - - - -");
}

Test(excerpts, metres)
{
    const vae_midi_metre metres[] = {{.at = 0, .numerator = 3, .denominator = 4},
                                     {.at = 24 * STEP, .number = 1, .numerator = 4, .denominator = 4}};
    vae_music_options any = melodies;
    char lines[8][512];
    vae_remarks remarks;
    const vae_midi midi =
        piece_of(NOTES(NOTE(0, 12, 60), NOTE(12, 24, 62), NOTE(24, 40, 64), NOTE(40, 56, 65)), metres, 2);
    cr_assert_eq(cut(&midi, &melodies, &remarks, lines), 2);
    cr_expect_str_eq(lines[0], "E4 - - - - - - - - - - - - - - -");
    cr_expect_eq(remarks.of[VAE_REMARK_OTHER_METRE].count, 2);
    any.any_metre = true;
    cr_assert_eq(cut(&midi, &any, &remarks, lines), 3);
    cr_expect_str_eq(lines[0], "C4 - - - - - - - - - - - D4 - - -");
    cr_expect_eq(remarks.of[VAE_REMARK_OTHER_METRE].count, 0);
}

/* What is silent is a bar of four quarters, be those of the metre shorter. */
Test(excerpts, silence_in_bars_of_three_quarters)
{
    const vae_midi_metre metre = {.at = 0, .numerator = 3, .denominator = 4};
    const vae_music_options any = {.bars = 1, .steps_per_quarter = 4, .any_metre = true};
    char lines[8][512];
    vae_remarks remarks;
    const vae_midi midi = piece_of(NOTES(NOTE(26, 28, 60)), &metre, 1);
    cr_assert_eq(cut(&midi, &any, &remarks, lines), 1);
    cr_expect_str_eq(lines[0], "- - - - - - - - - - - - - - C4 -");
}

/* Tracks and channels are melodies of their own, and drums are none. */
Test(excerpts, lines_of_a_piece)
{
    const vae_midi_note notes[] = {
        {.start = 0, .end = 300, .track = 0, .pitch = 60},
        {.start = 0, .end = 300, .track = 0, .channel = 1, .pitch = 62},
        {.start = 0, .end = 300, .track = 1, .pitch = 64},
        {.start = 0, .end = 24, .track = 1, .channel = VAE_MIDI_DRUMS, .pitch = 36},
        {.start = 0, .end = 24, .track = 2, .channel = VAE_MIDI_DRUMS, .pitch = 42},
        {.start = 200, .end = 210, .track = 2, .channel = VAE_MIDI_DRUMS, .pitch = 99},
        {.start = 216, .end = 240, .track = 2, .channel = VAE_MIDI_DRUMS, .pitch = 40},
    };
    const vae_midi midi = piece_of(notes, 7, NULL, 0);
    vae_music_options drums = melodies;
    char lines[8][512];
    vae_remarks remarks;
    cr_assert_eq(cut(&midi, &melodies, &remarks, lines), 3);
    drums.part = VAE_MUSIC_DRUMS;
    cr_assert_eq(cut(&midi, &drums, &remarks, lines), 1);
    cr_expect_str_eq(lines[0], "Bh . . . . . . . . S . . . . . .");
    cr_expect_eq(remarks.of[VAE_REMARK_OTHER_DRUMS].count, 1);
}

Test(excerpts, transposition_stays_on_the_keys)
{
    vae_music_options moved = melodies;
    char lines[16][512];
    vae_remarks remarks;
    const vae_midi midi = piece_of(NOTES(NOTE(0, 8, 106), NOTE(8, 16, 90)), NULL, 0);
    moved.transpose = 3;
    cr_assert_eq(cut(&midi, &moved, &remarks, lines), 6);
    cr_expect_str_eq(lines[0], "G7 - - - - - - - D#6 - - - - - - -");
    cr_expect_str_eq(lines[5], "C8 - - - - - - - G#6 - - - - - - -");
    const vae_midi high = piece_of(NOTES(NOTE(0, 16, 109)), NULL, 0);
    cr_assert_eq(cut(&high, &moved, &remarks, lines), 0);
    cr_expect_eq(remarks.of[VAE_REMARK_FAR_PITCHES].count, 1);
    cr_expect_eq(remarks.of[VAE_REMARK_SHORT_PIECES].count, 0);
}

/* ---- Tokens ---- */

static void expect_same_notes(const vae_music_note *found, int64_t count, const vae_music_note *expected,
                              int64_t wanted)
{
    cr_assert_eq(count, wanted, "%lld notes", (long long)count);
    for (int64_t i = 0; i < count; ++i) {
        cr_expect_eq(found[i].start, expected[i].start);
        cr_expect_eq(found[i].steps, expected[i].steps);
        cr_expect_eq(found[i].pitch, expected[i].pitch);
    }
}

/* An off or a hold without a note before it is silence; a second off is nothing. */
Test(excerpts, tokens_become_notes)
{
    const float c = (float)vae_music_note_token(60), e = (float)vae_music_note_token(64);
    const float tune[] = {0, 1, 2, c, 1, c, 2, 2, 1, e, 1};
    const float drums[] = {0, 1, (float)vae_music_drums_token(1 | 1 << 8), 1};
    vae_music_note notes[64];
    const int64_t count = vae_music_notes(VAE_MUSIC_MELODY, tune, 11, notes);
    expect_same_notes(notes, count, (const vae_music_note[]){{2, 2, 60}, {4, 1, 60}, {8, 2, 64}}, 3);
    cr_expect_eq(vae_music_steps(tune, 11), 10);
    cr_expect_eq(vae_music_steps(tune + 1, 10), 10);
    const int64_t struck = vae_music_notes(VAE_MUSIC_DRUMS, drums, 4, notes);
    expect_same_notes(notes, struck, (const vae_music_note[]){{1, 1, 36}, {1, 1, 51}}, 2);
}

/* Each kind is written as a drum of that kind. */
Test(excerpts, drums_keep_their_kinds)
{
    for (int k = 0; k < VAE_MUSIC_KINDS; ++k) {
        const float token = (float)vae_music_drums_token(1 << k);
        vae_music_note note[VAE_MUSIC_KINDS];
        cr_assert_eq(vae_music_notes(VAE_MUSIC_DRUMS, &token, 1, note), 1);
        cr_expect_eq(vae_music_drum_kind(note[0].pitch), k);
    }
    cr_expect_eq(vae_music_drum_kind(34), -1);
    cr_expect_eq(vae_music_drum_kind(82), -1);
    for (int pitch = 35; pitch < 82; ++pitch)
        cr_expect_geq(vae_music_drum_kind(pitch), 0);
}

/* ---- Folders ---- */

/* The last note is not ended. */
static void write_tune(const char *name, uint8_t pitch)
{
    idx_bytes file = midi_header(0, 1);
    const size_t track = midi_begin_track(&file);
    midi_note(&file, 0, 384, 0, pitch);
    midi_event(&file, 0, 0x90, pitch, 64);
    midi_event(&file, 384, 0xB0, 7, 1);
    midi_end_track(&file, track);
    idx_write(name, &file);
}

/* A damaged file is told and left out, and what is the same as something before is. */
Test(excerpts, a_folder_of_tunes, .init = idx_setup, .fini = idx_teardown)
{
    const vae_sequence_options options = {
        .kind = VAE_KIND_MUSIC, .part = "train", .music = {.bars = 1, .steps_per_quarter = 4, .deduplicate = true}};
    vae_dataset dataset;
    char folder[VAE_PATH_SIZE];
    write_tune("a.mid", 60);
    write_tune("b.MID", 62);
    write_tune("c.midi", 60);
    idx_write("d.mid", &(idx_bytes){.byte = "MThd, not", .count = 9});
    snprintf(folder, sizeof folder, "%s", idx_path(""));
    cr_assert_eq(vae_sequences_read(folder, &options, &dataset), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(dataset.count, 2);
    cr_expect_eq(dataset.vocabulary.count, 91);
    cr_expect_eq(dataset.offsets[2], 2 * (1 + BAR));
    cr_expect_eq(dataset.remarks.of[VAE_REMARK_DAMAGED_PIECES].count, 1);
    cr_expect_eq(dataset.remarks.of[VAE_REMARK_UNENDED_NOTES].count, 3);
    cr_expect_eq(dataset.remarks.of[VAE_REMARK_REPEATED_EXCERPTS].count, 4);
    cr_expect_str_eq(dataset.names, "a.mid");
    vae_dataset_free(&dataset);
    cr_expect_eq(vae_sequences_read(idx_path("d.mid"), &options, &dataset), VAE_ERROR_FORMAT);
}
