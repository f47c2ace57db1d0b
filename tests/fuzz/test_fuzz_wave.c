/* Thousands of damaged files of sound, the same ones each time: no crash, one clear error, memory that does not follow
 * what a header promises, and not a word from libraries. */
#define _GNU_SOURCE
#include "fuzz_wave.c"

#include "fuzz/mutate.h"
#include "unit/idx_file.h"
#include "unit/terminal.h"
#include "unit/wave_file.h"

enum { MUTATIONS = 1500, COUNT = 1200 };

typedef struct input {
    uint8_t byte[FUZZ_MAX_INPUT];
    size_t count;
} input;

/* Heads are short, and most of what can go wrong stands there. */
static void mutate(input *in, uint64_t *state)
{
    static const uint8_t values[] = {0, 1, 2, 3, 0x10, 0x40, 0x7f, 0x80, 0xfe, 0xff};
    const size_t head = in->count < 80 ? in->count : 80, place = below(state, head);
    switch (below(state, 7)) {
    case 0: in->byte[place] ^= (uint8_t)(1u << below(state, 8)); break;
    case 1: in->byte[place] = values[below(state, sizeof values)]; break;
    case 2:
        for (size_t i = place & ~(size_t)3; i < (place | 3) + 1 && i < in->count; ++i)
            in->byte[i] = values[below(state, sizeof values)];
        break;
    case 3: in->byte[below(state, in->count)] = (uint8_t)next_number(state); break;
    case 4: in->count = 1 + below(state, in->count); break;
    case 5: in->count = 1 + below(state, head); break;
    default:
        for (size_t more = 1 + below(state, 64); more > 0 && in->count < FUZZ_MAX_INPUT; --more)
            in->byte[in->count++] = (uint8_t)next_number(state);
    }
}

static terminal watched;

static void setup(void)
{
    idx_limit_memory();
    watched = terminal_watch();
}

static void teardown(void)
{
    terminal_expect_silence(&watched);
}

TestSuite(fuzz_wave, .init = setup, .fini = teardown);

/* Of two calls for each input, some succeed and most fail. */
static void fuzz(int format, int channels, uint64_t seed)
{
    float frames[2 * COUNT];
    wave_sine(frames, 2 * COUNT, 0.8, 700.0, 16000);
    wave_bytes file = wave_encode(format, channels, 8000, frames, COUNT);
    static input whole, mutated;
    cr_assert_lt(file.count, FUZZ_MAX_INPUT);
    memcpy(whole.byte, file.byte, file.count);
    whole.count = file.count;
    free(file.byte);
    fuzz_successes = 0;
    cr_assert_null(fuzz_wave(whole.byte, whole.count));
    cr_assert_eq(fuzz_successes, 2, "the unchanged input is not read: %s", vae_error_message());
    fuzz_successes = 0;
    for (int i = 0; i < MUTATIONS; ++i) {
        uint64_t state = seed * 1000003 + (uint64_t)i;
        mutated = whole;
        for (size_t changes = 1 + below(&state, 3); changes > 0; --changes)
            mutate(&mutated, &state);
        const char *violated = fuzz_wave(mutated.byte, mutated.count);
        cr_assert_null(violated, "input %d of seed %d: %s (%s)", i, (int)seed, violated, vae_error_message());
    }
    cr_expect_gt(fuzz_successes, MUTATIONS / 50);
    cr_expect_lt(fuzz_successes, 2 * MUTATIONS - MUTATIONS / 50);
}

Test(fuzz_wave, wav)
{
    fuzz(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 2, 1);
}

Test(fuzz_wave, wav_of_floats)
{
    fuzz(SF_FORMAT_WAV | SF_FORMAT_FLOAT, 1, 2);
}

Test(fuzz_wave, wav_of_differences)
{
    fuzz(SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM, 1, 3);
}

Test(fuzz_wave, wav_of_64_bits)
{
    fuzz(SF_FORMAT_RF64 | SF_FORMAT_PCM_24, 1, 4);
}

Test(fuzz_wave, flac)
{
    fuzz(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 2, 5);
}

Test(fuzz_wave, aiff)
{
    fuzz(SF_FORMAT_AIFF | SF_FORMAT_PCM_24, 1, 6);
}

Test(fuzz_wave, au)
{
    fuzz(SF_FORMAT_AU | SF_FORMAT_ULAW, 1, 7);
}

Test(fuzz_wave, sphere)
{
    fuzz(SF_FORMAT_NIST | SF_FORMAT_PCM_16, 1, 8);
}

Test(fuzz_wave, w64)
{
    fuzz(SF_FORMAT_W64 | SF_FORMAT_DOUBLE, 1, 9);
}

Test(fuzz_wave, caf)
{
    fuzz(SF_FORMAT_CAF | SF_FORMAT_PCM_16, 2, 10);
}
