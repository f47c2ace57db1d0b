/* Standard MIDI files: what real ones hold is read, what is damaged is told with its place, and what is written reads
 * back. */
#define _GNU_SOURCE
#include "config/config.h"
#include "core/file.h"
#include "data/midi.h"
#include "unit/midi_file.h"

static vae_midi read_whole(const idx_bytes *file)
{
    vae_midi midi;
    cr_assert_eq(vae_midi_read("a.mid", file->byte, file->count, &midi), VAE_OK, "%s", vae_error_message());
    return midi;
}

static void expect_refused(const idx_bytes *file, const char *message)
{
    vae_midi midi;
    cr_assert_eq(vae_midi_read("a.mid", file->byte, file->count, &midi), VAE_ERROR_FORMAT, "%s", message);
    cr_expect_str_eq(vae_error_message(), message);
    cr_expect_null(midi.notes);
    cr_expect_eq(midi.count, 0);
}

static void expect_note(const vae_midi_note *note, int64_t start, int64_t end, int channel, int pitch)
{
    cr_expect_eq(note->start, start, "starts at %lld", (long long)note->start);
    cr_expect_eq(note->end, end, "ends at %lld", (long long)note->end);
    cr_expect_eq(note->channel, channel);
    cr_expect_eq(note->pitch, pitch);
}

Test(midi, notes_tempo_and_metres)
{
    idx_bytes file = midi_header(1, 2);
    size_t track = midi_begin_track(&file);
    MIDI_PUT(&file, "\0\xFF\x03\4tune\0\xFF\x51\3\x06\x1A\x80\0\xFF\x58\4\x06\x03\x24\x08");
    midi_end_track(&file, track);
    track = midi_begin_track(&file);
    MIDI_PUT(&file, "\0\xC2\x28");
    midi_note(&file, 0, 96, 2, 60);
    midi_note(&file, 200, 48, 2, 64);
    midi_end_track(&file, track);
    vae_midi midi = read_whole(&file);
    cr_expect_eq(midi.ticks_per_quarter, 96);
    cr_expect_float_eq(midi.tempo, 150.0, 1e-9);
    cr_expect_eq(midi.tempos, 1);
    cr_assert_eq(midi.metre_count, 1);
    cr_expect_eq(midi.metres[0].numerator, 6);
    cr_expect_eq(midi.metres[0].denominator, 8);
    cr_assert_eq(midi.count, 2);
    expect_note(&midi.notes[0], 0, 96, 2, 60);
    expect_note(&midi.notes[1], 296, 344, 2, 64);
    cr_expect_eq(midi.notes[0].program, 40);
    cr_expect_eq(midi.notes[0].track, 1);
    cr_expect_eq(midi.end, 344);
    vae_midi_free(&midi);
}

/* Running status, also behind a meta event; note-on of velocity 0; sysex; a long text; a chunk that nobody knows. */
Test(midi, what_real_files_hold)
{
    char text[303] = "\xFF\x01\x82\x2C"; /* 300 bytes: a length of two bytes */
    idx_bytes file = midi_header(0, 1);
    MIDI_PUT(&file, "XFIH\0\0\0\3abc");
    const size_t track = midi_begin_track(&file);
    MIDI_PUT(&file, "\0\xF0\5\x7E\x7F\x09\1\xF7");
    MIDI_PUT(&file, "\0\x90\x3C\x40\x60\x3C\0\0");
    memset(text + 4, 'x', sizeof text - 4);
    midi_put(&file, text, sizeof text);
    MIDI_PUT(&file, "x\0\x3E\x40\x60\x3E\0");
    midi_end_track(&file, track);
    vae_midi midi = read_whole(&file);
    cr_assert_eq(midi.count, 2);
    expect_note(&midi.notes[0], 0, 96, 0, 60);
    expect_note(&midi.notes[1], 96, 192, 0, 62);
    cr_expect_float_eq(midi.tempo, 120.0, 0);
    cr_expect_eq(midi.metre_count, 0);
    vae_midi_free(&midi);
}

/* Struck again while it sounds, never ended, ended twice, and of no length. */
Test(midi, notes_that_overlap_or_do_not_end)
{
    idx_bytes file = midi_header(0, 1);
    const size_t track = midi_begin_track(&file);
    midi_event(&file, 0, 0x90, 60, 64);
    midi_event(&file, 10, 0x90, 60, 64);
    midi_event(&file, 10, 0x80, 60, 0);
    midi_event(&file, 0, 0x80, 60, 0);
    midi_note(&file, 0, 0, 0, 70);
    midi_event(&file, 10, 0x91, 50, 64);
    midi_event(&file, 20, 0xB0, 7, 1);
    midi_end_track(&file, track);
    vae_midi midi = read_whole(&file);
    cr_assert_eq(midi.count, 4);
    expect_note(&midi.notes[0], 0, 10, 0, 60);
    expect_note(&midi.notes[1], 10, 20, 0, 60);
    expect_note(&midi.notes[2], 20, 20, 0, 70);
    expect_note(&midi.notes[3], 30, 50, 1, 50);
    cr_expect_eq(midi.unended, 1);
    vae_midi_free(&midi);
}

/* A beginning that is written ahead of an end at its tick: the end is that of the note before. A second end is not. */
Test(midi, ends_behind_the_beginnings_of_their_tick)
{
    idx_bytes file = midi_header(0, 1);
    const size_t track = midi_begin_track(&file);
    midi_event(&file, 0, 0x90, 60, 64);
    midi_event(&file, 96, 0x90, 60, 64);
    midi_event(&file, 0, 0x80, 60, 0);
    midi_event(&file, 96, 0x90, 60, 64);
    midi_event(&file, 0, 0x80, 60, 0);
    midi_event(&file, 0, 0x80, 60, 0);
    midi_end_track(&file, track);
    vae_midi midi = read_whole(&file);
    cr_assert_eq(midi.count, 3);
    expect_note(&midi.notes[0], 0, 96, 0, 60);
    expect_note(&midi.notes[1], 96, 192, 0, 60);
    expect_note(&midi.notes[2], 192, 192, 0, 60);
    cr_expect_eq(midi.unended, 0);
    vae_midi_free(&midi);
}

/* What one track leaves sounding, and its programs and running status, are not the next one's. */
Test(midi, tracks_begin_anew)
{
    idx_bytes file = midi_header(1, 3);
    size_t track = midi_begin_track(&file);
    MIDI_PUT(&file, "\0\xC0\x07");
    midi_event(&file, 0, 0x90, 60, 64);
    midi_end_track(&file, track);
    track = midi_begin_track(&file);
    midi_event(&file, 5, 0x80, 60, 0);
    midi_event(&file, 5, 0x90, 60, 64);
    midi_event(&file, 5, 0x80, 60, 0);
    midi_end_track(&file, track);
    vae_midi midi = read_whole(&file);
    cr_assert_eq(midi.count, 2);
    expect_note(&midi.notes[0], 0, 0, 0, 60);
    cr_expect_eq(midi.notes[0].program, 7);
    expect_note(&midi.notes[1], 10, 15, 0, 60);
    cr_expect_eq(midi.notes[1].program, 0);
    cr_expect_eq(midi.notes[1].track, 1);
    cr_expect_eq(midi.unended, 1);
    vae_midi_free(&midi);
    track = midi_begin_track(&file);
    MIDI_PUT(&file, "\0\x3C\x40");
    midi_end_track(&file, track);
    expect_refused(&file, "a.mid: track 3, byte 66: an event without a status");
}

Test(midi, riff_long_headers_and_frames)
{
    idx_bytes inner = {.count = 0}, file = {.count = 0};
    /* 25 frames a second of 40 ticks: a quarter of half a second has 500. */
    MIDI_PUT(&inner, "MThd\0\0\0\x0A\0\0\0\1\xE7\x28zzzz");
    const size_t track = midi_begin_track(&inner);
    midi_note(&inner, 0, 96, 9, 38);
    midi_end_track(&inner, track);
    MIDI_PUT(&file, "RIFF\xFF\0\0\0RMIDnone\3\0\0\0abc\0data\xFF\0\0\0");
    midi_put(&file, inner.byte, inner.count);
    vae_midi midi = read_whole(&file);
    cr_expect_eq(midi.ticks_per_quarter, 500);
    cr_assert_eq(midi.count, 1);
    expect_note(&midi.notes[0], 0, 96, VAE_MIDI_DRUMS, 38);
    vae_midi_free(&midi);
}

/* Frames a second, and ticks of a frame, as the header has them → ticks of half a second, and the end of a note of 30.
 */
static void expect_division(uint8_t frames, uint8_t ticks, int64_t quarter, int64_t end)
{
    idx_bytes file = midi_header(0, 1);
    file.byte[12] = (uint8_t)(256 - frames);
    file.byte[13] = ticks;
    const size_t track = midi_begin_track(&file);
    midi_note(&file, 0, 30, 0, 60);
    midi_end_track(&file, track);
    vae_midi midi = read_whole(&file);
    cr_expect_eq(midi.ticks_per_quarter, quarter, "%d frames: %lld", frames, (long long)midi.ticks_per_quarter);
    expect_note(&midi.notes[0], 0, end, 0, 60);
    vae_midi_free(&midi);
}

/* Half a second that is not whole ticks, and the 29.97 frames of television, which the header calls 29. */
Test(midi, divisions_in_frames)
{
    expect_division(24, 10, 120, 30);
    expect_division(25, 5, 125, 60);
    expect_division(25, 1, 25, 60);
    expect_division(29, 4, 60, 30);
    expect_division(30, 80, 1200, 30);
}

Test(midi, metres_are_in_order)
{
    idx_bytes file = midi_header(1, 2);
    size_t track = midi_begin_track(&file);
    MIDI_PUT(&file, "\x60\xFF\x58\4\x03\x02\x18\x08");
    midi_end_track(&file, track);
    track = midi_begin_track(&file);
    MIDI_PUT(&file, "\0\xFF\x58\2\x05\x02\x60\xFF\x58\4\x07\x03\x18\x08");
    midi_end_track(&file, track);
    vae_midi midi = read_whole(&file);
    static const int expected[][3] = {{0, 5, 4}, {96, 3, 4}, {96, 7, 8}};
    cr_assert_eq(midi.metre_count, 3);
    for (int i = 0; i < 3; ++i) {
        cr_expect_eq(midi.metres[i].at, expected[i][0]);
        cr_expect_eq(midi.metres[i].numerator, expected[i][1]);
        cr_expect_eq(midi.metres[i].denominator, expected[i][2]);
    }
    vae_midi_free(&midi);
}

/* `events` are a track's, without an end. */
static idx_bytes with_track(const char *events, size_t size)
{
    idx_bytes file = midi_header(0, 1);
    const size_t track = midi_begin_track(&file);
    midi_put(&file, events, size);
    midi_end_track(&file, track);
    return file;
}
#define REFUSE_TRACK(events, message)                                                                                  \
    do {                                                                                                               \
        const idx_bytes refused = with_track(events, sizeof(events) - 1);                                              \
        expect_refused(&refused, message);                                                                             \
    } while (0)

Test(midi, damage_is_told_with_its_place)
{
    REFUSE_TRACK("\0\x40\x40", "a.mid: track 1, byte 23: an event without a status");
    REFUSE_TRACK("\0\x90\x90", "a.mid: track 1, byte 24: an event lacks its data");
    REFUSE_TRACK("\0\xF1\0", "a.mid: track 1, byte 23: a status that files do not have");
    REFUSE_TRACK("\xFF\xFF\xFF\xFF\1", "a.mid: track 1, byte 26: a number has more than four bytes");
    REFUSE_TRACK("\0\xFF\1\x7F", "a.mid: track 1, byte 26: an event is longer than its track");
    REFUSE_TRACK("\0\xFF\x51\3\0\0\0", "a.mid: track 1, byte 29: a tempo of no time for a quarter");
    REFUSE_TRACK("\0\xFF\x51\1\1", "a.mid: track 1, byte 27: a tempo has other than three bytes");
    REFUSE_TRACK("\0\xFF\x58\4\0\2\1\1", "a.mid: track 1, byte 30: a time signature of 0 beats");
    REFUSE_TRACK("\0\xFF\x58\4\4\xC8\1\1", "a.mid: track 1, byte 30: a time signature whose beat is less than a 128th");
    REFUSE_TRACK("\0\xFF\x58\1\4", "a.mid: track 1, byte 27: a time signature has less than two bytes");
}

Test(midi, absurd_files)
{
    idx_bytes file = midi_header(0, 1), far;
    expect_refused(&file, "a.mid: byte 14: the file has no track");
    file.byte[13] = 0;
    expect_refused(&file, "a.mid: byte 0: a quarter of 0 ticks");
    file.count = 13;
    expect_refused(&file, "a.mid: is not a standard MIDI file, which begins with MThd");
    far = midi_header(0, 1);
    const size_t track = midi_begin_track(&far);
    for (int i = 0; i < 9; ++i)
        MIDI_PUT(&far, "\xFF\xFF\xFF\x7F\xC0\1");
    midi_end_track(&far, track);
    expect_refused(&far, "a.mid: track 1, byte 74: lies further from the beginning than any piece is long");
}

/* Time that goes with their number alone: eight million, which are what a file may have at most. */
Test(midi, millions_of_empty_tracks, .timeout = 5)
{
    enum { TRACKS = 8000000 };
    const idx_bytes header = midi_header(1, 1);
    const size_t size = header.count + (size_t)TRACKS * 8;
    uint8_t *bytes = calloc(size, 1);
    vae_midi midi;
    cr_assert_not_null(bytes);
    memcpy(bytes, header.byte, header.count);
    for (size_t at = header.count; at < size; at += 8)
        memcpy(bytes + at, "MTrk", 4);
    cr_expect_eq(vae_midi_read("a.mid", bytes, size, &midi), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(midi.count, 0);
    vae_midi_free(&midi);
    free(bytes);
}

/* At every length but the whole. */
Test(midi, truncated_files_are_refused)
{
    idx_bytes file = midi_header(0, 1);
    const size_t track = midi_begin_track(&file);
    midi_note(&file, 0, 96, 0, 60);
    midi_end_track(&file, track);
    for (size_t size = 0; size < file.count; ++size) {
        vae_midi midi;
        cr_assert_eq(vae_midi_read("a.mid", file.byte, size, &midi), VAE_ERROR_FORMAT, "%zu bytes", size);
    }
}

/* Whatever order notes come in, the bytes are the same: of those at one tick and pitch the louder begins last. */
Test(midi, bytes_do_not_depend_on_the_order, .init = idx_setup, .fini = idx_teardown)
{
    enum { NOTES = 40 };
    vae_midi_note notes[NOTES], turned[NOTES];
    vae_midi_score score = {
        .ticks_per_quarter = 96, .tempo = 100, .numerator = 4, .denominator = 4, .count = NOTES, .tracks = 2};
    char first[VAE_PATH_SIZE], second[VAE_PATH_SIZE];
    void *a, *b;
    size_t a_size, b_size;
    for (int i = 0; i < NOTES; ++i)
        notes[i] = (vae_midi_note){.start = i / 8 * 48,
                                   .end = i / 8 * 48 + 48,
                                   .track = i % 2,
                                   .pitch = (uint8_t)(60 + i % 3),
                                   .velocity = (uint8_t)(30 + i)};
    for (int i = 0; i < NOTES; ++i)
        turned[i] = notes[NOTES - 1 - i];
    snprintf(first, sizeof first, "%s", idx_path("a.mid"));
    snprintf(second, sizeof second, "%s", idx_path("b.mid"));
    score.notes = notes;
    cr_assert_eq(vae_midi_write(first, &score), VAE_OK, "%s", vae_error_message());
    score.notes = turned;
    cr_assert_eq(vae_midi_write(second, &score), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_file_read(first, 1 << 20, &a, &a_size), VAE_OK);
    cr_assert_eq(vae_file_read(second, 1 << 20, &b, &b_size), VAE_OK);
    cr_assert_eq(a_size, b_size);
    cr_expect_eq(memcmp(a, b, a_size), 0);
    free(a);
    free(b);
}

/* A rest of more ticks than a number of four bytes can say, and a piece that is too long for any file. */
Test(midi, long_pieces_are_written, .init = idx_setup, .fini = idx_teardown)
{
    const int64_t far = (int64_t)3 << 28;
    const vae_midi_note note = {.start = far, .end = far + 96, .pitch = 60, .velocity = 64};
    vae_midi_score score = {.ticks_per_quarter = 96,
                            .tempo = 120,
                            .numerator = 4,
                            .denominator = 4,
                            .notes = &note,
                            .count = 1,
                            .tracks = 1,
                            .end = VAE_MIDI_TICKS};
    vae_midi midi;
    char expected[2 * VAE_PATH_SIZE];
    cr_assert_eq(vae_midi_write(idx_path("a.mid"), &score), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_midi_read_file(idx_path("a.mid"), &midi), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(midi.count, 1);
    expect_note(&midi.notes[0], far, far + 96, 0, 60);
    cr_expect_eq(midi.end, VAE_MIDI_TICKS);
    vae_midi_free(&midi);
    score.end = (int64_t)VAE_MIDI_TICKS + 1;
    snprintf(expected, sizeof expected,
             "%s: music of 2147483648 ticks is longer than the 2147483647 that a MIDI file may have",
             idx_path("b.mid"));
    cr_expect_eq(vae_midi_write(idx_path("b.mid"), &score), VAE_ERROR_ARGUMENT);
    cr_expect_str_eq(vae_error_message(), expected);
}

Test(midi, what_is_written_reads_back, .init = idx_setup, .fini = idx_teardown)
{
    const vae_midi_note notes[] = {{.start = 0, .end = 480, .track = 0, .program = 24, .pitch = 60, .velocity = 80},
                                   {.start = 480, .end = 600, .track = 0, .program = 24, .pitch = 60, .velocity = 1},
                                   {.start = 0, .end = 0, .track = 1, .channel = 9, .pitch = 36, .velocity = 127}};
    const vae_midi_marker markers[] = {{0, "first"}, {100000, "second"}};
    const vae_midi_score score = {.title = "a tune",
                                  .ticks_per_quarter = 480,
                                  .tempo = 90,
                                  .numerator = 3,
                                  .denominator = 8,
                                  .notes = notes,
                                  .count = 3,
                                  .tracks = 2,
                                  .markers = markers,
                                  .marker_count = 2,
                                  .end = 200000};
    vae_midi midi;
    cr_assert_eq(vae_midi_write(idx_path("a.mid"), &score), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(vae_midi_read_file(idx_path("a.mid"), &midi), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(midi.count, 3);
    expect_note(&midi.notes[0], 0, 480, 0, 60);
    expect_note(&midi.notes[1], 0, 1, 9, 36);
    expect_note(&midi.notes[2], 480, 600, 0, 60);
    cr_expect_eq(midi.notes[0].program, 24);
    cr_expect_eq(midi.notes[2].velocity, 1);
    cr_expect_float_eq(midi.tempo, 90.0, 1e-4);
    cr_assert_eq(midi.metre_count, 1);
    cr_expect_eq(midi.metres[0].denominator, 8);
    cr_expect_eq(midi.ticks_per_quarter, 480);
    cr_expect_eq(midi.end, 200000);
    cr_expect_eq(midi.unended, 0);
    vae_midi_free(&midi);
}
