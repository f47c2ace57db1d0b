/* Files of sound: every type of sample, channels, rates, what is written, and what is refused. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "sound/wave.h"
#include "unit/idx_file.h"
#include "unit/wave_file.h"

enum { COUNT = 4000, RATE = 8000 };

static char folder[64], path[128];

static void setup(void)
{
    temporary_make(folder);
    snprintf(path, sizeof path, "%s/sound", folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(wave, .init = setup, .fini = teardown);

static void write_bytes(const void *bytes, size_t count)
{
    cr_assert_eq(vae_file_write_soon(path, bytes, count), VAE_OK, "%s", vae_error_message());
}

static vae_wave read_wave(vae_wave_options options)
{
    vae_wave wave;
    cr_assert_eq(vae_wave_read(path, &options, &wave), VAE_OK, "%s", vae_error_message());
    return wave;
}

static void write_encoded(int format, int channels, int rate, const float *frames, int64_t count)
{
    wave_bytes bytes = wave_encode(format, channels, rate, frames, count);
    write_bytes(bytes.byte, bytes.count);
    free(bytes.byte);
}

static double largest_difference(const float *a, const float *b, int64_t count)
{
    double largest = 0.0;
    for (int64_t i = 0; i < count; ++i)
        largest = fmax(largest, fabs((double)a[i] - (double)b[i]));
    return largest;
}

/* ---- What is read ---- */

Test(wave, every_type_of_sample)
{
    static const struct {
        int format;
        double tolerance;
    } cases[] = {
        {SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 1.0 / 128},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1.0 / 32768},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_24, 1.0 / 8388608},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_32, 1.0 / 8388608},
        {SF_FORMAT_WAV | SF_FORMAT_FLOAT, 0.0},
        {SF_FORMAT_WAV | SF_FORMAT_DOUBLE, 0.0},
        {SF_FORMAT_WAV | SF_FORMAT_ULAW, 0.02},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_16 | SF_ENDIAN_BIG, 1.0 / 32768},
        {SF_FORMAT_WAVEX | SF_FORMAT_PCM_24, 1.0 / 8388608},
        {SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 1.0 / 32768},
        {SF_FORMAT_W64 | SF_FORMAT_FLOAT, 0.0},
        {SF_FORMAT_AIFF | SF_FORMAT_PCM_S8, 1.0 / 128},
        {SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 1.0 / 32768},
        {SF_FORMAT_AU | SF_FORMAT_PCM_16, 1.0 / 32768},
        {SF_FORMAT_AU | SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE, 1.0 / 32768},
        {SF_FORMAT_NIST | SF_FORMAT_PCM_16, 1.0 / 32768},
        {SF_FORMAT_CAF | SF_FORMAT_PCM_16, 1.0 / 32768},
        {SF_FORMAT_FLAC | SF_FORMAT_PCM_S8, 1.0 / 128},
        {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1.0 / 32768},
        {SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 1.0 / 8388608},
        {SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0.05},
    };
    float samples[COUNT];
    wave_sine(samples, COUNT, 0.7, 440.0, RATE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        write_encoded(cases[i].format, 1, RATE, samples, COUNT);
        vae_wave wave = read_wave((vae_wave_options){0});
        cr_assert_eq(wave.count, COUNT, "case %zu has %lld samples", i, (long long)wave.count);
        cr_expect_eq(wave.rate, RATE);
        const double off = largest_difference(wave.samples, samples, COUNT);
        cr_expect_leq(off, cases[i].tolerance, "case %zu is off by %g", i, off);
        vae_wave_free(&wave);
    }
}

/* More frames than are read at a time, of a number of channels that does not divide it. */
Test(wave, channels_become_their_mean)
{
    enum { CHANNELS = 3, FRAMES = 20011 };
    static float frames[FRAMES * CHANNELS], mean[FRAMES];
    for (int i = 0; i < FRAMES; ++i) {
        double sum = 0.0;
        for (int c = 0; c < CHANNELS; ++c) {
            frames[i * CHANNELS + c] = (float)sin(0.001 * i * (c + 1) + c);
            sum += (double)frames[i * CHANNELS + c];
        }
        mean[i] = (float)(sum / CHANNELS);
    }
    write_encoded(SF_FORMAT_WAV | SF_FORMAT_FLOAT, CHANNELS, RATE, frames, FRAMES);
    vae_wave wave = read_wave((vae_wave_options){0});
    cr_assert_eq(wave.count, FRAMES);
    cr_expect_eq(largest_difference(wave.samples, mean, FRAMES), 0.0);
    vae_wave_free(&wave);
}

/* Writers to a pipe leave the size open; FLAC may say that it has 0 samples. */
Test(wave, lengths_that_are_left_open)
{
    float samples[COUNT];
    wave_sine(samples, COUNT, 0.7, 440.0, RATE);
    wave_bytes bytes = wave_encode(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1, RATE, samples, COUNT);
    memset(bytes.byte + 4, 0xFF, 4);
    memset(bytes.byte + 40, 0xFF, 4);
    write_bytes(bytes.byte, bytes.count);
    vae_wave wave = read_wave((vae_wave_options){0});
    cr_expect_eq(wave.count, COUNT);
    vae_wave_free(&wave);
    free(bytes.byte);
    bytes = wave_encode(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1, RATE, samples, COUNT);
    bytes.byte[21] &= 0xF0;
    memset(bytes.byte + 22, 0, 4);
    write_bytes(bytes.byte, bytes.count);
    wave = read_wave((vae_wave_options){0});
    cr_expect_eq(wave.count, COUNT);
    vae_wave_free(&wave);
    free(bytes.byte);
}

/* ---- Rates ---- */

/* A tone that is 0.5·sin(2π·hertz·t) at the rate of the wave, but for the ends, where the filter rings. */
static double tone_error(const vae_wave *wave, double hertz)
{
    double worst = 0.0;
    for (int64_t i = wave->count / 4; i < 3 * wave->count / 4; ++i) {
        const double wanted = 0.5 * sin(2.0 * M_PI * hertz * (double)i / wave->rate);
        worst = fmax(worst, fabs((double)wave->samples[i] - wanted));
    }
    return worst;
}

Test(wave, resampling_keeps_a_tone)
{
    static const int rates[][2] = {{44100, 16000}, {48000, 8000}, {8000, 16000}, {11025, 8000}, {22050, 44100}};
    static float samples[48000];
    for (size_t i = 0; i < sizeof rates / sizeof *rates; ++i) {
        const int from = rates[i][0], to = rates[i][1];
        wave_sine(samples, from, 0.5, 1000.0, from);
        write_encoded(SF_FORMAT_WAV | SF_FORMAT_FLOAT, 1, from, samples, from);
        vae_wave wave = read_wave((vae_wave_options){.rate = to});
        cr_expect_eq(wave.rate, to);
        cr_expect_eq(wave.count, to, "%d Hz to %d Hz: %lld samples", from, to, (long long)wave.count);
        cr_expect_lt(tone_error(&wave, 1000.0), 1e-4, "%d Hz to %d Hz: off by %g", from, to, tone_error(&wave, 1000.0));
        vae_wave_free(&wave);
    }
}

/* A tone that the new rate has no room for. */
Test(wave, resampling_folds_nothing_back)
{
    static float samples[48000];
    wave_sine(samples, 48000, 0.5, 5000.0, 48000);
    write_encoded(SF_FORMAT_WAV | SF_FORMAT_FLOAT, 1, 48000, samples, 48000);
    vae_wave wave = read_wave((vae_wave_options){.rate = 8000});
    double largest = 0.0;
    for (int64_t i = wave.count / 4; i < 3 * wave.count / 4; ++i)
        largest = fmax(largest, fabs((double)wave.samples[i]));
    cr_expect_lt(largest, 1e-5, "%g", largest);
    vae_wave_free(&wave);
}

/* As many samples as lie before the end, however short the sound. */
Test(wave, resampled_lengths)
{
    static const int rates[][2] = {{44100, 16000}, {8000, 44100}, {16000, 8000}, {48000, 200}, {200, 48000}};
    static int16_t samples[5000];
    for (size_t i = 0; i < sizeof rates / sizeof *rates; ++i) {
        for (int64_t count = 1; count < 5000; count += count < 40 ? 1 : 977) {
            const int64_t from = rates[i][0], to = rates[i][1], wanted = (count * to + from - 1) / from;
            vae_wave wave;
            const vae_wave_options options = {.rate = (int)to};
            cr_assert_eq(vae_wave_take_int16("array", samples, count, (int)from, &options, &wave), VAE_OK);
            cr_expect_eq(wave.count, wanted, "%lld samples of %lld Hz are %lld of %lld Hz", (long long)count,
                         (long long)from, (long long)wave.count, (long long)to);
            vae_wave_free(&wave);
        }
    }
}

Test(wave, samples_in_memory_are_those_of_a_file)
{
    int16_t levels[COUNT];
    float samples[COUNT];
    wave_sine(samples, COUNT, 0.9, 300.0, RATE);
    for (int i = 0; i < COUNT; ++i) {
        levels[i] = (int16_t)lrintf(samples[i] * 32767.0f);
        samples[i] = (float)levels[i] / 32768.0f;
    }
    write_encoded(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1, RATE, samples, COUNT);
    for (int rate = 0; rate <= 11025; rate += 11025) {
        vae_wave file = read_wave((vae_wave_options){.rate = rate}), memory;
        const vae_wave_options options = {.rate = rate};
        cr_assert_eq(vae_wave_take_int16("array", levels, COUNT, RATE, &options, &memory), VAE_OK);
        cr_assert_eq(memory.count, file.count);
        cr_expect_eq(largest_difference(memory.samples, file.samples, file.count), 0.0);
        vae_wave_free(&file);
        vae_wave_free(&memory);
    }
}

/* ---- Writing ---- */

static void *read_file(size_t *size)
{
    void *data;
    cr_assert_eq(vae_file_read(path, 1 << 20, &data, size), VAE_OK, "%s", vae_error_message());
    return data;
}

Test(wave, the_bytes_that_are_written)
{
    static const float samples[] = {0.0f, 1.0f, -1.0f, 0.5f, 1.5f, -1.25f, 0.3f / 32768.0f, -1.5f / 32768.0f};
    static const uint8_t wanted[] = {'R', 'I',  'F',  'F', 52,   0, 0,    0,    'W',  'A',  'V',  'E', 'f', 'm',  't',
                                     ' ', 16,   0,    0,   0,    1, 0,    1,    0,    0x40, 0x1F, 0,   0,   0x80, 0x3E,
                                     0,   0,    2,    0,   16,   0, 'd',  'a',  't',  'a',  16,   0,   0,   0,    0,
                                     0,   0xFF, 0x7F, 0,   0x80, 0, 0x40, 0xFF, 0x7F, 0,    0x80, 0,   0,   0xFE, 0xFF};
    int64_t clipped = -1;
    cr_assert_eq(vae_wave_write(path, samples, 8, RATE, &clipped), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(clipped, 2);
    size_t size;
    void *data = read_file(&size);
    cr_assert_eq(size, sizeof wanted, "%zu bytes", size);
    cr_expect_eq(memcmp(data, wanted, size), 0);
    free(data);
}

/* Every level of 16 bits comes back as itself, over several pieces. */
Test(wave, sixteen_bits_are_written_as_they_were_read)
{
    static float samples[65536];
    for (int i = 0; i < 65536; ++i)
        samples[i] = (float)((i * 7919 & 0xFFFF) - 32768) / 32768.0f;
    int64_t clipped;
    cr_assert_eq(vae_wave_write(path, samples, 65536, 44100, &clipped), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(clipped, 0);
    vae_wave wave = read_wave((vae_wave_options){0});
    cr_assert_eq(wave.count, 65536);
    cr_expect_eq(wave.rate, 44100);
    cr_expect_eq(largest_difference(wave.samples, samples, 65536), 0.0);
    vae_wave_free(&wave);
}

Test(wave, writing_is_refused)
{
    const float nan[] = {0.0f, NAN}, fine[] = {0.0f};
    cr_expect_eq(vae_wave_write(path, nan, 2, RATE, NULL), VAE_ERROR_NUMERIC);
    cr_expect_not_null(strstr(vae_error_message(), "sample 1 is not finite"), "%s", vae_error_message());
    cr_expect_eq(vae_wave_write(path, fine, 0, RATE, NULL), VAE_ERROR_ARGUMENT);
    cr_expect_eq(vae_wave_write(path, fine, 1, 0, NULL), VAE_ERROR_ARGUMENT);
    cr_expect_not(vae_path_exists(path));
    char missing[160];
    snprintf(missing, sizeof missing, "%s/none/sound", folder);
    cr_expect_eq(vae_wave_write(missing, fine, 1, RATE, NULL), VAE_ERROR_IO);
    char partial[160];
    snprintf(partial, sizeof partial, "%s.partial", path);
    if (symlink("/dev/full", partial)) cr_skip_test("no symbolic links");
    cr_expect_eq(vae_wave_write(path, fine, 1, RATE, NULL), VAE_ERROR_IO);
    cr_expect_not_null(strstr(vae_error_message(), "cannot be written: "), "%s", vae_error_message());
    cr_expect_not(vae_path_exists(path));
}

/* ---- What is refused ---- */

/* One line that begins with the path and has these words; nothing of it on stderr. */
static void expect_refusal(vae_status wanted, vae_wave_options options, const char *words)
{
    char log[160];
    snprintf(log, sizeof log, "%s/stderr", folder);
    fflush(stderr);
    const int kept = dup(2), file = open(log, O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2(file, 2);
    vae_wave wave = {.count = 1};
    const vae_status status = vae_wave_read(path, &options, &wave);
    fflush(stderr);
    dup2(kept, 2);
    cr_expect_eq(lseek(file, 0, SEEK_END), 0, "something is written to stderr");
    close(kept);
    close(file);
    const char *message = vae_error_message();
    cr_expect_eq(status, wanted, "%s instead of %s: %s", vae_status_name(status), vae_status_name(wanted), message);
    cr_expect(!wave.samples && wave.count == 0);
    cr_expect_eq(strncmp(message, path, strlen(path)), 0, "%s", message);
    cr_expect_not_null(strstr(message, words), "'%s' lacks '%s'", message, words);
}

Test(wave, no_files_of_sound)
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

Test(wave, files_that_are_cut_short)
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
Test(wave, data_behind_other_chunks)
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

Test(wave, headers_that_lie)
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

Test(wave, longer_than_is_wanted)
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

Test(wave, numbers_that_are_not_finite)
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

Test(wave, empty_sounds_and_rates_that_are_too_far_apart)
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
