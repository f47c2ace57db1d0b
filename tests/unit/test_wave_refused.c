/* Files that are no sound, damaged, cut short, or have heads that lie. */
#define _GNU_SOURCE
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "unit/idx_file.h"
#include "unit/terminal.h"
#include "unit/wave_folder.h"

enum { COUNT = 4000, RATE = 8000 };

TestSuite(wave_refused, .init = setup, .fini = teardown);

/* One line that begins with the path and has these words; nothing of it on the terminal. */
static void expect_refusal(vae_status wanted, vae_wave_options options, const char *words)
{
    vae_wave wave = {.count = 1};
    const terminal watched = terminal_watch();
    const vae_status status = vae_wave_read(path, &options, &wave);
    terminal_expect_silence(&watched);
    const char *message = vae_error_message();
    cr_expect_eq(status, wanted, "%s instead of %s: %s", vae_status_name(status), vae_status_name(wanted), message);
    cr_expect(!wave.samples && wave.count == 0);
    cr_expect_eq(strncmp(message, path, strlen(path)), 0, "%s", message);
    cr_expect_not_null(strstr(message, words), "'%s' lacks '%s'", message, words);
}

Test(wave_refused, no_files_of_sound)
{
    static const char text[] = "This is no sound at all, however long one listens.\n";
    static const uint8_t mpeg[] = {0xFF, 0xFB, 0x90, 0x64, 0, 0, 0, 0, 0, 0, 0, 0},
                         tagged[] = {'I',  'D',  '3',  3,    0, 0, 0, 0, 0, 2, 0, 0,
                                     0xFF, 0xFB, 0x90, 0x64, 0, 0, 0, 0, 0, 0, 0, 0};
    expect_refusal(VAE_ERROR_IO, (vae_wave_options){0}, "cannot be opened: No such file or directory");
    write_bytes(text, 0);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "is empty");
    write_bytes(text, sizeof text - 1);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "cannot be read as sound: libsndfile: ");
    write_bytes(text, 3);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "cannot be read as sound: libsndfile: ");
    write_bytes(mpeg, sizeof mpeg);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "is MPEG audio");
    write_bytes(tagged, sizeof tagged);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "is MPEG audio");
    const float samples[COUNT] = {0};
    write_encoded(SF_FORMAT_SDS | SF_FORMAT_PCM_16, 1, RATE, samples, COUNT);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "is a MIDI sample dump");
    write_encoded(SF_FORMAT_CAF | SF_FORMAT_ALAC_16, 1, RATE, samples, COUNT);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "is ALAC");
    unlink(path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_refusal(VAE_ERROR_IO, (vae_wave_options){0}, "is not a regular file");
    unlink(path);
    cr_assert_eq(mkdir(path, 0700), 0);
    expect_refusal(VAE_ERROR_IO, (vae_wave_options){0}, "is not a regular file");
}

/* Noise, so that every half of a file is needed. */
static void make_noise(float *samples, int64_t count)
{
    uint32_t state = 1;
    for (int64_t i = 0; i < count; ++i) {
        state = state * 1664525u + 1013904223u;
        samples[i] = (float)(state >> 8) / 16777216.0f - 0.5f;
    }
}

Test(wave_refused, files_that_are_cut_short)
{
    static const int formats[] = {SF_FORMAT_WAV | SF_FORMAT_PCM_16,
                                  SF_FORMAT_WAV | SF_FORMAT_MS_ADPCM,
                                  SF_FORMAT_WAV | SF_FORMAT_FLOAT | SF_ENDIAN_BIG,
                                  SF_FORMAT_RF64 | SF_FORMAT_PCM_16,
                                  SF_FORMAT_W64 | SF_FORMAT_PCM_16,
                                  SF_FORMAT_AIFF | SF_FORMAT_PCM_24,
                                  SF_FORMAT_AU | SF_FORMAT_PCM_16,
                                  SF_FORMAT_AU | SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE,
                                  SF_FORMAT_NIST | SF_FORMAT_PCM_16};
    enum { LONG = 20000 };
    static float samples[LONG];
    make_noise(samples, LONG);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i) {
        wave_bytes bytes = wave_encode(formats[i], 1, RATE, samples, LONG);
        write_bytes(bytes.byte, bytes.count / 2);
        expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "is cut short: of the ");
        write_bytes(bytes.byte, bytes.count - 2);
        expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "is cut short: of the ");
        free(bytes.byte);
    }
    wave_bytes flac = wave_encode(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1, RATE, samples, LONG);
    write_bytes(flac.byte, flac.count / 2);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "is damaged behind frame 8192: libsndfile: ");
    memset(flac.byte + flac.count / 2, 0, 1000);
    write_bytes(flac.byte, flac.count);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "is damaged behind frame 8192: libsndfile: ");
    free(flac.byte);
    wave_bytes ogg = wave_encode(SF_FORMAT_OGG | SF_FORMAT_VORBIS, 1, RATE, samples, LONG);
    write_bytes(ogg.byte, ogg.count - 100);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "is cut short: it lacks the page that ends it");
    free(ogg.byte);
}

/* A file with a chunk put in at `place`, and less its last byte if it is to be cut. */
static void write_with_chunk(const wave_bytes *file, size_t place, const void *chunk, size_t size, bool cut)
{
    static uint8_t bytes[1 << 15];
    cr_assert_leq(file->count + size, sizeof bytes);
    memcpy(bytes, file->byte, place);
    memcpy(bytes + place, chunk, size);
    memcpy(bytes + place + size, file->byte + place, file->count - place);
    write_bytes(bytes, file->count + size - cut);
}

/* Chunks that do not matter stand before the one that does, and are filled up to even bytes, or to eight. */
Test(wave_refused, data_behind_other_chunks)
{
    static const uint8_t of_w64[32] = {'o', 't', 'h', 'e', 'r', [16] = 24 + 3, [24] = 1, 2, 3};
    static const char lost[] = "of the 8000 bytes of sound that it promises, 7999 are there";
    float samples[COUNT];
    wave_sine(samples, COUNT, 0.7, 440.0, RATE);
    wave_bytes wav = wave_encode(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1, RATE, samples, COUNT);
    write_with_chunk(&wav, 36, "junk\3\0\0\0abc", 12, false);
    vae_wave wave = read_wave((vae_wave_options){0});
    cr_expect_eq(wave.count, COUNT);
    vae_wave_free(&wave);
    write_with_chunk(&wav, 36, "junk\3\0\0\0abc", 12, true);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, lost);
    free(wav.byte);
    wave_bytes w64 = wave_encode(SF_FORMAT_W64 | SF_FORMAT_PCM_16, 1, RATE, samples, COUNT);
    write_with_chunk(&w64, 40, of_w64, sizeof of_w64, true);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, lost);
    free(w64.byte);
}

Test(wave_refused, headers_that_lie)
{
    float samples[COUNT];
    make_noise(samples, COUNT);
    idx_limit_memory();
    /* 2^36 - 1 frames, as many as FLAC can say, and 2^30, which would be 4 GiB. */
    wave_bytes flac = wave_encode(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1, RATE, samples, COUNT);
    flac.byte[21] |= 0x0F;
    memset(flac.byte + 22, 0xFF, 4);
    write_bytes(flac.byte, flac.count);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0},
                   "has 68719476735 samples a channel by its header, but at most");
    flac.byte[21] &= 0xF0;
    memcpy(flac.byte + 22, "\x40\0\0\0", 4);
    write_bytes(flac.byte, flac.count);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0},
                   "of the 1073741824 samples a channel that it promises, 4000 are there");
    free(flac.byte);
    /* 2^41 bytes of data, 2^40 frames. */
    wave_bytes rf64 = wave_encode(SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 1, RATE, samples, COUNT);
    cr_assert_eq(memcmp(rf64.byte + 12, "ds64", 4), 0);
    memcpy(rf64.byte + 28, "\0\0\0\0\0\2\0\0", 8);
    write_bytes(rf64.byte, rf64.count);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "of the 2199023255552 bytes of sound that it promises");
    free(rf64.byte);
}

Test(wave_refused, longer_than_is_wanted)
{
    float samples[COUNT];
    make_noise(samples, COUNT);
    write_encoded(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1, RATE, samples, COUNT);
    vae_wave wave = read_wave((vae_wave_options){.most = COUNT});
    vae_wave_free(&wave);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){.most = COUNT - 1}, "at most 3999 are read");
    /* Only resampled it is longer. */
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){.most = COUNT, .rate = 2 * RATE}, "more than the 4000 samples");
    /* Its header says nothing. */
    wave_bytes bytes = wave_encode(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1, RATE, samples, COUNT);
    bytes.byte[21] &= 0xF0;
    memset(bytes.byte + 22, 0, 4);
    write_bytes(bytes.byte, bytes.count);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){.most = 1000}, "more than the 1000 samples");
    free(bytes.byte);
}

Test(wave_refused, numbers_that_are_not_finite)
{
    float frames[2 * COUNT];
    make_noise(frames, 2 * COUNT);
    frames[2 * 1234 + 1] = NAN;
    write_encoded(SF_FORMAT_WAV | SF_FORMAT_FLOAT, 2, RATE, frames, COUNT);
    expect_refusal(VAE_ERROR_NUMERIC, (vae_wave_options){0}, "frame 1234 is not finite");
    frames[2 * 1234 + 1] = 0.0f;
    frames[0] = INFINITY;
    write_encoded(SF_FORMAT_WAV | SF_FORMAT_FLOAT, 2, RATE, frames, COUNT);
    expect_refusal(VAE_ERROR_NUMERIC, (vae_wave_options){0}, "frame 0 is not finite");
    /* Finite, until the filter adds up several. */
    for (int i = 0; i < 2 * COUNT; ++i)
        frames[i] = i / 2 % 2 ? 3.4e38f : -3.4e38f;
    frames[COUNT] = frames[COUNT + 1] = 3.4e38f;
    write_encoded(SF_FORMAT_WAV | SF_FORMAT_FLOAT, 2, RATE, frames, COUNT);
    expect_refusal(VAE_ERROR_NUMERIC, (vae_wave_options){.rate = 2 * RATE}, "overflows when it is brought to 16000 Hz");
}

Test(wave_refused, empty_sounds_and_rates_that_are_too_far_apart)
{
    float samples[COUNT];
    make_noise(samples, COUNT);
    write_encoded(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1, RATE, samples, 0);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){0}, "has no samples");
    write_encoded(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1, 10, samples, COUNT);
    expect_refusal(VAE_ERROR_FORMAT, (vae_wave_options){.rate = 16000}, "10 Hz, which cannot be brought to 16000 Hz");
    vae_wave wave;
    const vae_wave_options options = {0};
    cr_expect_eq(vae_wave_take_int16("x.npz:samples", NULL, 0, RATE, &options, &wave), VAE_ERROR_FORMAT);
    cr_expect_str_eq(vae_error_message(), "x.npz:samples: has no samples");
    cr_expect_eq(vae_wave_take_int16("x.npz:samples", (int16_t[]){1}, 1, 0, &options, &wave), VAE_ERROR_FORMAT);
    cr_expect_str_eq(vae_error_message(), "x.npz:samples: has a rate of 0 Hz");
}
