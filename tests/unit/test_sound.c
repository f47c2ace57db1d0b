/* Spectra, mel bands and sounds made of them, held to what is known of them. */
#define _GNU_SOURCE
#include <complex.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sound/griffin_lim.h"
#include "sound/mel.h"
#include "unit/wave_file.h"

enum { RATE = 8000 };

static vae_spectrum make_spectrum(int frame, int hop)
{
    vae_spectrum s;
    cr_assert_eq(vae_spectrum_make(frame, hop, &s), VAE_OK, "%s", vae_error_message());
    return s;
}

static float *allocate(int64_t count)
{
    float *values = calloc((size_t)count, sizeof *values);
    cr_assert_not_null(values);
    return values;
}

static float _Complex *transform(vae_spectrum *s, const float *samples, int64_t count)
{
    float _Complex *bins = calloc((size_t)(vae_spectrum_frames(s, count) * s->bins), sizeof *bins);
    cr_assert_not_null(bins);
    vae_spectrum_transform(s, samples, count, bins);
    return bins;
}

static float *measure(vae_spectrum *s, vae_spectrum_kind kind, const float *samples, int64_t count)
{
    float *values = allocate(vae_spectrum_frames(s, count) * s->bins);
    vae_spectrum_measure(s, kind, samples, count, values);
    return values;
}

static void make_noise(float *samples, int64_t count)
{
    uint32_t state = 7;
    for (int64_t i = 0; i < count; ++i) {
        state = state * 1664525u + 1013904223u;
        samples[i] = (float)(state >> 8) / 16777216.0f - 0.5f;
    }
}

/* ---- Transform ---- */

/* The sum that a bin is, term by term. */
static double complex bin_of(const float *samples, int64_t count, int frame, int hop, int64_t t, int k)
{
    double complex sum = 0.0;
    for (int i = 0; i < frame; ++i) {
        const int64_t place = t * hop - frame / 2 + i;
        if (place < 0 || place >= count) continue;
        const double window = 0.5 - 0.5 * cos(2.0 * M_PI * i / frame), angle = -2.0 * M_PI * (double)(k * i) / frame;
        sum += window * (double)samples[place] * CMPLX(cos(angle), sin(angle));
    }
    return sum;
}

/* Frames with large prime factors, the smallest, and sounds that are shorter than a frame. */
Test(sound, bins_are_the_sums_that_they_should_be)
{
    static const int cases[][3] = {{256, 64, 1000}, {400, 160, 1601}, {2, 1, 5},      {4, 2, 9},
                                   {202, 77, 500},  {96, 96, 333},    {512, 128, 10}, {64, 16, 1}};
    float samples[2000];
    make_noise(samples, 2000);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; ++c) {
        const int frame = cases[c][0], hop = cases[c][1], count = cases[c][2];
        vae_spectrum s = make_spectrum(frame, hop);
        float _Complex *bins = transform(&s, samples, count);
        cr_expect_eq(s.bins, frame / 2 + 1);
        for (int64_t t = 0; t < vae_spectrum_frames(&s, count); ++t) {
            for (int k = 0; k < s.bins; k += 1 + k / 7) {
                const double off =
                    cabs(bin_of(samples, count, frame, hop, t, k) - (double complex)bins[t * s.bins + k]);
                cr_assert_lt(off, 2e-5, "case %zu, frame %lld, bin %d: off by %g", c, (long long)t, k, off);
            }
        }
        free(bins);
        vae_spectrum_free(&s);
    }
}

Test(sound, a_sine_is_in_its_bin)
{
    enum { COUNT = 4000 };
    float samples[COUNT];
    vae_spectrum s = make_spectrum(256, 64);
    for (int bin = 3; bin < 126; bin += 31) {
        wave_sine(samples, COUNT, 0.5, bin * RATE / 256.0, RATE);
        float *values = measure(&s, VAE_SPECTRUM_MAGNITUDE, samples, COUNT);
        for (int64_t t = 4; t < 58; ++t) { /* those that lie within the sound */
            int loudest = 0;
            for (int k = 0; k < s.bins; ++k)
                loudest = values[t * s.bins + k] > values[t * s.bins + loudest] ? k : loudest;
            cr_expect_eq(loudest, bin, "frame %lld", (long long)t);
            cr_expect_float_eq((double)values[t * s.bins + bin], 0.5 * 256 / 4, 1e-3);
            /* A Hann window has the two next to it half as loud, and no others. */
            cr_expect_float_eq((double)values[t * s.bins + bin + 1], 0.25 * 256 / 4, 1e-3);
            cr_expect_lt(values[t * s.bins + bin - 2], 1e-3f);
        }
        free(values);
    }
    vae_spectrum_free(&s);
}

/* Parseval: squares of a windowed frame add up to those of its bins, of which all but the first and the last stand for
 * two. */
Test(sound, the_energy_of_frames)
{
    enum { COUNT = 3000, FRAME = 300, HOP = 100 };
    float samples[COUNT];
    make_noise(samples, COUNT);
    vae_spectrum s = make_spectrum(FRAME, HOP);
    float *powers = measure(&s, VAE_SPECTRUM_POWER, samples, COUNT);
    float *magnitudes = measure(&s, VAE_SPECTRUM_MAGNITUDE, samples, COUNT);
    for (int64_t t = 0; t < vae_spectrum_frames(&s, COUNT); ++t) {
        double in_time = 0.0, in_bins = 0.0;
        for (int i = 0; i < FRAME; ++i) {
            const int64_t place = t * HOP - FRAME / 2 + i;
            const double window = 0.5 - 0.5 * cos(2.0 * M_PI * i / FRAME);
            if (place >= 0 && place < COUNT) in_time += pow(window * (double)samples[place], 2.0);
        }
        for (int k = 0; k < s.bins; ++k) {
            const double power = (double)powers[t * s.bins + k];
            in_bins += (k == 0 || k == s.bins - 1 ? 1.0 : 2.0) * power / FRAME;
            cr_expect_float_eq(pow((double)magnitudes[t * s.bins + k], 2.0), power, 1e-4 + 1e-5 * power);
        }
        cr_expect_float_eq(in_bins, in_time, 1e-5 * (1.0 + in_time), "frame %lld", (long long)t);
    }
    free(powers);
    free(magnitudes);
    vae_spectrum_free(&s);
}

/* ---- Inverse ---- */

/* Any frame, any hop up to half of it, and any length, also at the very ends of the sound. */
Test(sound, a_transform_comes_back_as_its_sound)
{
    static const int cases[][3] = {{256, 64, 4001}, {256, 128, 3999}, {400, 160, 1600}, {202, 101, 777},
                                   {64, 1, 100},    {256, 100, 5},    {256, 64, 1},     {4, 2, 11}};
    float samples[4001], again[4001];
    make_noise(samples, 4001);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; ++c) {
        const int64_t count = cases[c][2];
        vae_spectrum s = make_spectrum(cases[c][0], cases[c][1]);
        float _Complex *bins = transform(&s, samples, count);
        cr_expect_eq(vae_spectrum_check_inverse(&s), VAE_OK);
        memset(again, 0, sizeof again);
        vae_spectrum_invert(&s, bins, vae_spectrum_frames(&s, count), again, count);
        for (int64_t i = 0; i < count; ++i)
            cr_assert_float_eq(again[i], samples[i], 1e-5, "case %zu, sample %lld", c, (long long)i);
        free(bins);
        vae_spectrum_free(&s);
    }
}

/* The longest of so many frames, and what is one sample longer. */
Test(sound, frames_and_samples)
{
    for (int hop = 1; hop <= 7; ++hop) {
        vae_spectrum s = make_spectrum(14, hop);
        for (int64_t frames = 2; frames < 9; ++frames) {
            const int64_t samples = vae_spectrum_samples(&s, frames);
            cr_expect_eq(vae_spectrum_frames(&s, samples), frames);
            cr_expect_eq(vae_spectrum_frames(&s, samples + 1), frames + 1);
        }
        cr_expect_eq(vae_spectrum_frames(&s, 0), 1);
        vae_spectrum_free(&s);
    }
}

Test(sound, spectra_that_cannot_be)
{
    static const int cases[][2] = {{0, 1}, {-2, 1}, {255, 64}, {VAE_SPECTRUM_MAX_FRAME + 2, 64}, {256, 0}, {256, 257}};
    vae_spectrum s;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; ++c)
        cr_expect_eq(vae_spectrum_make(cases[c][0], cases[c][1], &s), VAE_ERROR_ARGUMENT, "case %zu", c);
    s = make_spectrum(256, 129);
    cr_expect_eq(vae_spectrum_check_inverse(&s), VAE_ERROR_ARGUMENT);
    cr_expect_not_null(strstr(vae_error_message(), "129"), "%s", vae_error_message());
    vae_spectrum_free(&s);
}

Test(sound, logarithms_have_a_floor)
{
    float values[] = {0.0f, 1e-6f, 1e-5f, 1.0f, 100.0f};
    vae_spectrum_log(values, 5, 1e-5f);
    cr_expect_float_eq(values[0], log(1e-5), 1e-5);
    cr_expect_float_eq(values[1], log(1e-5), 1e-5);
    cr_expect_float_eq(values[4], log(100.0), 1e-6);
    vae_spectrum_exp(values, 5);
    cr_expect_float_eq(values[0], 1e-5, 1e-10);
    cr_expect_float_eq(values[3], 1.0, 1e-6);
    cr_expect_float_eq(values[4], 100.0, 1e-4);
}

/* ---- Mel ---- */

static vae_mel make_mel(vae_mel_options options)
{
    vae_mel mel;
    cr_assert_eq(vae_mel_make(&options, &mel), VAE_OK, "%s", vae_error_message());
    return mel;
}

Test(sound, mels_of_both_scales)
{
    cr_expect_float_eq(vae_mel_of_hertz(VAE_MEL_HTK, 1000.0), 999.9856, 1e-3);
    cr_expect_float_eq(vae_mel_of_hertz(VAE_MEL_HTK, 4000.0), 2146.0647, 1e-3);
    cr_expect_float_eq(vae_mel_of_hertz(VAE_MEL_SLANEY, 1000.0), 15.0, 1e-9);
    cr_expect_float_eq(vae_mel_of_hertz(VAE_MEL_SLANEY, 200.0), 3.0, 1e-9);
    cr_expect_float_eq(vae_mel_of_hertz(VAE_MEL_SLANEY, 6400.0), 42.0, 1e-9);
    for (double hertz = 0.0; hertz < 8000.0; hertz += 123.0) {
        for (int scale = 0; scale < 2; ++scale) {
            const double mel = vae_mel_of_hertz((vae_mel_scale)scale, hertz);
            cr_expect_float_eq(vae_mel_to_hertz((vae_mel_scale)scale, mel), hertz, 1e-8);
        }
    }
}

/* Triangles of height 1 overlap so that each frequency between the first middle and the last is shared by two, whose
 * weights add up to 1; those of area 1 see a flat spectrum as flat. */
Test(sound, the_sums_of_a_bank)
{
    enum { FRAME = 1024 };
    for (int scale = 0; scale < 2; ++scale) {
        vae_mel height = make_mel((vae_mel_options){.bands = 40,
                                                    .rate = 16000,
                                                    .frame = FRAME,
                                                    .low = 100.0,
                                                    .high = 7000.0,
                                                    .scale = (vae_mel_scale)scale,
                                                    .norm = VAE_MEL_HEIGHT});
        for (int k = 0; k < height.bins; ++k) {
            const double hertz = k * 16000.0 / FRAME;
            if (hertz <= 100.0 || hertz >= 7000.0) cr_expect_eq(height.sums[k], 0.0, "bin %d", k);
            if (hertz > height.hertz[0] && hertz < height.hertz[39]) cr_expect_float_eq(height.sums[k], 1.0, 1e-9);
        }
        vae_mel_free(&height);
        vae_mel area =
            make_mel((vae_mel_options){.bands = 20, .rate = 16000, .frame = FRAME, .scale = (vae_mel_scale)scale});
        float flat[FRAME / 2 + 1], bands[20];
        for (int k = 0; k < area.bins; ++k)
            flat[k] = 3.0f;
        vae_mel_apply(&area, flat, 1, bands);
        for (int b = 0; b < 20; ++b) /* a sum over bins instead of an integral over Hz */
            cr_expect_float_eq((double)bands[b] * 16000.0 / FRAME, 3.0, 0.15, "band %d: %g", b, (double)bands[b]);
        vae_mel_free(&area);
    }
}

Test(sound, banks_that_cannot_be)
{
    static const vae_mel_options cases[] = {{.bands = 0, .rate = RATE, .frame = 256},
                                            {.bands = 200, .rate = RATE, .frame = 256},
                                            {.bands = 20, .rate = 0, .frame = 256},
                                            {.bands = 20, .rate = RATE, .frame = 256, .low = -1.0},
                                            {.bands = 20, .rate = RATE, .frame = 256, .low = 4000.0},
                                            {.bands = 20, .rate = RATE, .frame = 256, .high = 4001.0},
                                            {.bands = 20, .rate = RATE, .frame = 256, .low = NAN}};
    vae_mel mel;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; ++c)
        cr_expect_eq(vae_mel_make(&cases[c], &mel), VAE_ERROR_ARGUMENT, "case %zu", c);
    const vae_mel_options narrow = {.bands = 120, .rate = RATE, .frame = 256, .scale = VAE_MEL_HTK};
    cr_expect_eq(vae_mel_make(&narrow, &mel), VAE_ERROR_ARGUMENT);
    cr_expect_not_null(strstr(vae_error_message(), "band 0, 0 to 22 Hz, lies between two bins"), "%s",
                       vae_error_message());
}

/* A voice: harmonics of a pitch that falls, under a formant that rises. */
static void make_voice(float *samples, int64_t count)
{
    double phase = 0.0;
    for (int64_t i = 0; i < count; ++i) {
        const double time = (double)i / RATE, pitch = 180.0 - 60.0 * time, formant = 600.0 + 900.0 * time;
        phase += 2.0 * M_PI * pitch / RATE;
        samples[i] = 0.0f;
        for (int n = 1; n * pitch < 3800.0; ++n)
            samples[i] += (float)(0.1 * sin(n * phase) * exp(-fabs(n * pitch - formant) / 500.0));
    }
}

static double relative_difference(const float *found, const float *wanted, int64_t count)
{
    double missed = 0.0, whole = 0.0;
    for (int64_t i = 0; i < count; ++i) {
        missed += pow((double)found[i] - (double)wanted[i], 2.0);
        whole += pow((double)wanted[i], 2.0);
    }
    return sqrt(missed / whole);
}

Test(sound, spectra_of_mel_bands)
{
    enum { COUNT = 6000 };
    float samples[COUNT];
    make_voice(samples, COUNT);
    vae_spectrum s = make_spectrum(256, 64);
    const int64_t frames = vae_spectrum_frames(&s, COUNT);
    float *magnitudes = measure(&s, VAE_SPECTRUM_MAGNITUDE, samples, COUNT);
    vae_mel mel = make_mel((vae_mel_options){.bands = 80, .rate = RATE, .frame = 256});
    float *bands = allocate(frames * 80), *again = allocate(frames * 80), *found = allocate(frames * s.bins);
    vae_mel_apply(&mel, magnitudes, frames, bands);
    double before = INFINITY;
    for (int steps = 0; steps <= 64; steps = steps ? 4 * steps : 1) {
        vae_mel_invert(&mel, bands, frames, steps, found);
        vae_mel_apply(&mel, found, frames, again);
        const double off = relative_difference(again, bands, frames * 80);
        cr_expect_lt(off, before, "%d steps: %g", steps, off);
        before = off;
    }
    cr_expect_lt(before, 1e-3, "%g", before);
    for (int64_t i = 0; i < frames * s.bins; ++i)
        cr_assert(found[i] >= 0.0f && isfinite(found[i]));
    cr_expect_lt(relative_difference(found, magnitudes, frames * s.bins), 0.15, "%g",
                 relative_difference(found, magnitudes, frames * s.bins));
    /* Silence is silence, and what is below counts as that. */
    for (int b = 0; b < 80; ++b)
        bands[b] = b % 2 ? -1.0f : 0.0f;
    vae_mel_invert(&mel, bands, 1, 20, found);
    for (int k = 0; k < s.bins; ++k)
        cr_expect_eq(found[k], 0.0f);
    free(magnitudes);
    free(bands);
    free(again);
    free(found);
    vae_mel_free(&mel);
    vae_spectrum_free(&s);
}

/* A flat spectrum is found without a step, but for bins that no band sees. */
Test(sound, flat_spectra_of_mel_bands)
{
    vae_mel mel = make_mel((vae_mel_options){.bands = 30, .rate = RATE, .frame = 256, .low = 200.0, .high = 3000.0});
    float flat[129], bands[30], found[129];
    for (int k = 0; k < 129; ++k)
        flat[k] = 2.0f;
    vae_mel_apply(&mel, flat, 1, bands);
    vae_mel_invert(&mel, bands, 1, 0, found);
    for (int k = 0; k < 129; ++k) {
        const double hertz = k * RATE / 256.0;
        cr_expect_float_eq(found[k], hertz > 200.0 && hertz < 3000.0 ? 2.0f : 0.0f, 1e-5f, "bin %d", k);
    }
    vae_mel_free(&mel);
}

/* ---- Griffin and Lim ---- */

enum { VOICE = 64 * 90 };

/* The distance that is left after so many iterations. */
static double search(vae_spectrum *s, const float *magnitudes, vae_griffin_lim_options options, float *samples)
{
    double distance;
    cr_assert_eq(vae_griffin_lim(s, magnitudes, VOICE / 64 + 1, &options, samples, &distance), VAE_OK, "%s",
                 vae_error_message());
    return distance;
}

Test(sound, griffin_lim_comes_near)
{
    float samples[VOICE], found[VOICE];
    make_voice(samples, VOICE);
    vae_spectrum s = make_spectrum(256, 64);
    float *magnitudes = measure(&s, VAE_SPECTRUM_MAGNITUDE, samples, VOICE);
    double before = INFINITY;
    /* Without momentum it never rises. */
    for (int iterations = 0; iterations <= 32; iterations = iterations ? 2 * iterations : 1) {
        const double distance = search(&s, magnitudes, (vae_griffin_lim_options){iterations, 0.0, 1, 0}, found);
        cr_expect_lt(distance, before, "%d iterations: %g", iterations, distance);
        cr_expect_float_eq(distance, vae_spectrum_distance(&s, magnitudes, found, VOICE), 1e-9);
        before = distance;
    }
    const double plain = search(&s, magnitudes, (vae_griffin_lim_options){60, 0.0, 1, 0}, found);
    const double fast = search(&s, magnitudes, (vae_griffin_lim_options){60, 0.99, 1, 0}, found);
    cr_expect_lt(plain, 0.15, "%g", plain);
    cr_expect_lt(fast, 0.7 * plain, "%g, and without momentum %g", fast, plain);
    cr_expect_lt(vae_spectrum_distance(&s, magnitudes, samples, VOICE), 1e-7);
    free(magnitudes);
    vae_spectrum_free(&s);
}

Test(sound, griffin_lim_follows_its_seed)
{
    float samples[VOICE], one[VOICE], other[VOICE];
    make_voice(samples, VOICE);
    vae_spectrum s = make_spectrum(256, 64);
    float *magnitudes = measure(&s, VAE_SPECTRUM_MAGNITUDE, samples, VOICE);
    search(&s, magnitudes, (vae_griffin_lim_options){5, 0.99, 3, 2}, one);
    search(&s, magnitudes, (vae_griffin_lim_options){5, 0.99, 3, 2}, other);
    cr_expect_eq(memcmp(one, other, sizeof one), 0, "the same seed");
    search(&s, magnitudes, (vae_griffin_lim_options){5, 0.99, 4, 2}, other);
    cr_expect_neq(memcmp(one, other, sizeof one), 0, "another seed");
    search(&s, magnitudes, (vae_griffin_lim_options){5, 0.99, 3, 1}, other);
    cr_expect_neq(memcmp(one, other, sizeof one), 0, "another number");
    free(magnitudes);
    vae_spectrum_free(&s);
}

Test(sound, griffin_lim_of_silence_and_nonsense)
{
    vae_spectrum s = make_spectrum(64, 16);
    float magnitudes[3 * 33] = {0}, samples[32];
    double distance;
    const vae_griffin_lim_options options = {4, 0.99, 1, 0};
    cr_assert_eq(vae_griffin_lim(&s, magnitudes, 3, &options, samples, &distance), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(distance, 0.0);
    for (int i = 0; i < 32; ++i)
        cr_expect_eq(samples[i], 0.0f);
    cr_expect_eq(vae_griffin_lim(&s, magnitudes, 1, &options, samples, NULL), VAE_ERROR_ARGUMENT);
    magnitudes[33 + 5] = -0.5f;
    cr_expect_eq(vae_griffin_lim(&s, magnitudes, 3, &options, samples, NULL), VAE_ERROR_NUMERIC);
    cr_expect_not_null(strstr(vae_error_message(), "frame 1, bin 5 is -0.5"), "%s", vae_error_message());
    magnitudes[33 + 5] = NAN;
    cr_expect_eq(vae_griffin_lim(&s, magnitudes, 3, &options, samples, NULL), VAE_ERROR_NUMERIC);
    vae_spectrum_free(&s);
    s = make_spectrum(64, 40);
    magnitudes[33 + 5] = 0.0f;
    cr_expect_eq(vae_griffin_lim(&s, magnitudes, 3, &options, samples, NULL), VAE_ERROR_ARGUMENT);
    vae_spectrum_free(&s);
}
