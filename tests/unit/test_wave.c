/* Files of sound: every type of sample, channels, rates, and what is written. */
#define _GNU_SOURCE
#include <string.h>

#include "unit/wave_folder.h"

enum { COUNT = 4000, RATE = 8000 };

TestSuite(wave, .init = setup, .fini = teardown);

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
