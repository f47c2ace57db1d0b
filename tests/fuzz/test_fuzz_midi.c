/* Thousands of damaged MIDI files, the same ones each time: no crash, one clear error, and excerpts that are some. */
#include "fuzz_midi.c"

#include "fuzz/mutate.h"
#include "unit/midi_file.h"

enum { MUTATIONS = 6000 };

/* Bytes that mean something: statuses, meta events, lengths of several bytes. */
static uint8_t some_byte(uint64_t *state)
{
    static const uint8_t bytes[] = {0x80, 0x90, 0x99, 0xC0, 0xF0, 0xF7, 0xFF, 0x2F, 0x51, 0x58, 0x81, 0x00, 0x7F};
    return bytes[below(state, sizeof bytes)];
}

static void mutate(idx_bytes *input, uint64_t *state)
{
    switch (below(state, 5)) {
    case 0: input->byte[below(state, input->count)] ^= (uint8_t)(1u << below(state, 8)); break;
    case 1: input->byte[below(state, input->count)] = (uint8_t)next_number(state); break;
    case 2: input->byte[14 + below(state, input->count - 14)] = (uint8_t)next_number(state); break;
    case 3: input->byte[below(state, input->count)] = some_byte(state); break;
    default: input->count = 15 + below(state, input->count - 14); break;
    }
}

static idx_bytes make_piece(void)
{
    idx_bytes file = midi_header(1, 3);
    size_t track = midi_begin_track(&file);
    MIDI_PUT(&file, "\0\xFF\x51\3\x06\x1A\x80\0\xFF\x58\4\x04\x02\x18\x08");
    midi_end_track(&file, track);
    track = midi_begin_track(&file);
    for (int i = 0; i < 12; ++i)
        midi_note(&file, i % 3 ? 0 : 24, 72, 0, (uint8_t)(60 + i));
    midi_end_track(&file, track);
    track = midi_begin_track(&file);
    for (int i = 0; i < 12; ++i)
        midi_note(&file, 60, 12, 9, (uint8_t)(35 + i));
    MIDI_PUT(&file, "\0\xF0\3\1\2\xF7\0\xFF\1\5abcde");
    midi_end_track(&file, track);
    return file;
}

TestSuite(fuzz_midi, .init = idx_limit_memory, .timeout = 60);

Test(fuzz_midi, pieces)
{
    const idx_bytes piece = make_piece();
    cr_assert_null(fuzz_midi(piece.byte, piece.count), "%s", vae_error_message());
    cr_assert_gt(fuzz_successes, 0, "the unchanged piece is not read: %s", vae_error_message());
    fuzz_successes = 0;
    for (int i = 0; i < MUTATIONS; ++i) {
        uint64_t state = 77 * 1000003 + (uint64_t)i;
        idx_bytes mutated = piece;
        for (size_t changes = 1 + below(&state, 3); changes > 0; --changes)
            mutate(&mutated, &state);
        const char *violated = fuzz_midi(mutated.byte, mutated.count);
        cr_assert_null(violated, "input %d: %s (%s)", i, violated, vae_error_message());
    }
    cr_expect_gt(fuzz_successes, MUTATIONS / 100);
    cr_expect_lt(fuzz_successes, MUTATIONS - MUTATIONS / 10);
}
