/* Frames of sound to bins of frequency and back. */
#include "sound/spectrum.h"

#include <complex.h>
#include <inttypes.h>
#include <kiss_fftr.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Plan ---- */

static vae_status make_arrays(vae_spectrum *s)
{
    const size_t frame = (size_t)s->frame;
    s->window = malloc(frame * sizeof *s->window);
    s->piece = malloc(frame * sizeof *s->piece);
    s->bin = malloc((size_t)s->bins * sizeof *s->bin);
    s->sum = malloc(frame * sizeof *s->sum);
    s->weight = malloc(frame * sizeof *s->weight);
    s->forward = kiss_fftr_alloc(s->frame, 0, NULL, NULL);
    s->inverse = kiss_fftr_alloc(s->frame, 1, NULL, NULL);
    if (s->window && s->piece && s->bin && s->sum && s->weight && s->forward && s->inverse) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "spectrum: no memory for frames of %d samples", s->frame);
}

vae_status vae_spectrum_make(int frame, int hop, vae_spectrum *s)
{
    *s = (vae_spectrum){.frame = frame, .hop = hop, .bins = frame / 2 + 1};
    if (frame < 2 || frame > VAE_SPECTRUM_MAX_FRAME || frame % 2 != 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "spectrum: a frame of %d samples; it has an even number up to %d",
                             frame, VAE_SPECTRUM_MAX_FRAME);
    }
    if (hop < 1 || hop > frame) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "spectrum: a hop of %d samples; it has 1 to %d, the frame's", hop,
                             frame);
    }
    const vae_status status = make_arrays(s);
    if (status) {
        vae_spectrum_free(s);
        return status;
    }
    for (int i = 0; i < frame; ++i)
        s->window[i] = (float)(0.5 - 0.5 * cos(2.0 * M_PI * i / frame));
    return VAE_OK;
}

void vae_spectrum_free(vae_spectrum *s)
{
    free(s->window);
    free(s->piece);
    free(s->bin);
    free(s->sum);
    free(s->weight);
    kiss_fftr_free(s->forward);
    kiss_fftr_free(s->inverse);
    *s = (vae_spectrum){0};
}

int64_t vae_spectrum_frames(const vae_spectrum *s, int64_t samples)
{
    return 1 + (samples + s->hop - 1) / s->hop;
}

int64_t vae_spectrum_samples(const vae_spectrum *s, int64_t frames)
{
    return (frames - 1) * s->hop;
}

/* ---- Transform ---- */

void vae_spectrum_at(vae_spectrum *s, const float *samples, int64_t count, int64_t frame, float _Complex *bins)
{
    const int64_t start = frame * s->hop - s->frame / 2;
    for (int i = 0; i < s->frame; ++i) {
        const int64_t place = start + i;
        s->piece[i] = place >= 0 && place < count ? samples[place] * s->window[i] : 0.0f;
    }
    /* A complex number of C is an array of its two parts, as KissFFT's is. */
    kiss_fftr(s->forward, s->piece, (kiss_fft_cpx *)(void *)bins);
}

void vae_spectrum_transform(vae_spectrum *s, const float *samples, int64_t count, float _Complex *bins)
{
    const int64_t frames = vae_spectrum_frames(s, count);
    for (int64_t t = 0; t < frames; ++t)
        vae_spectrum_at(s, samples, count, t, bins + t * s->bins);
}

static double power(float _Complex bin)
{
    const double real = (double)crealf(bin), imaginary = (double)cimagf(bin);
    return real * real + imaginary * imaginary;
}

void vae_spectrum_measure(vae_spectrum *s, vae_spectrum_kind kind, const float *samples, int64_t count, float *values)
{
    const int64_t frames = vae_spectrum_frames(s, count);
    for (int64_t t = 0; t < frames; ++t) {
        vae_spectrum_at(s, samples, count, t, s->bin);
        for (int k = 0; k < s->bins; ++k) {
            const double square = power(s->bin[k]);
            values[t * s->bins + k] = (float)(kind == VAE_SPECTRUM_POWER ? square : sqrt(square));
        }
    }
}

double vae_spectrum_distance(vae_spectrum *s, const float *magnitudes, const float *samples, int64_t count)
{
    const int64_t frames = vae_spectrum_frames(s, count);
    double missed = 0.0, whole = 0.0;
    for (int64_t t = 0; t < frames; ++t) {
        vae_spectrum_at(s, samples, count, t, s->bin);
        for (int k = 0; k < s->bins; ++k) {
            const double wanted = (double)magnitudes[t * s->bins + k], off = sqrt(power(s->bin[k])) - wanted;
            missed += off * off;
            whole += wanted * wanted;
        }
    }
    return missed > 0.0 ? sqrt(missed / whole) : 0.0;
}

/* ---- Inverse ---- */

vae_status vae_spectrum_check_inverse(const vae_spectrum *s)
{
    if (2 * s->hop <= s->frame) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT,
                         "spectrum: a hop of %d samples is more than half a frame of %d, so no sound can be made of it",
                         s->hop, s->frame);
}

static void add_frame(vae_spectrum *s, const float _Complex *bins)
{
    kiss_fftri(s->inverse, (const kiss_fft_cpx *)(const void *)bins, s->piece);
    for (int i = 0; i < s->frame; ++i) {
        const double window = (double)s->window[i];
        s->sum[i] += window * (double)s->piece[i] / s->frame;
        s->weight[i] += window * window;
    }
}

/* Gives the first `ready` sums, the sound's from `start` on, and moves the others up. */
static void take_samples(vae_spectrum *s, int ready, int64_t start, float *samples, int64_t count)
{
    for (int i = 0; i < ready; ++i) {
        if (start + i >= 0 && start + i < count) samples[start + i] = (float)(s->sum[i] / s->weight[i]);
    }
    const size_t left = (size_t)(s->frame - ready) * sizeof(double), gone = (size_t)ready * sizeof(double);
    memmove(s->sum, s->sum + ready, left);
    memmove(s->weight, s->weight + ready, left);
    memset(s->sum + s->frame - ready, 0, gone);
    memset(s->weight + s->frame - ready, 0, gone);
}

void vae_spectrum_invert(vae_spectrum *s, const float _Complex *bins, int64_t frames, float *samples, int64_t count)
{
    memset(s->sum, 0, (size_t)s->frame * sizeof *s->sum);
    memset(s->weight, 0, (size_t)s->frame * sizeof *s->weight);
    for (int64_t t = 0; t < frames; ++t) {
        add_frame(s, bins + t * s->bins);
        take_samples(s, t + 1 < frames ? s->hop : s->frame, t * s->hop - s->frame / 2, samples, count);
    }
}

/* ---- Logarithms ---- */

void vae_spectrum_log(float *values, int64_t count, float floor)
{
    for (int64_t i = 0; i < count; ++i)
        values[i] = logf(values[i] > floor ? values[i] : floor);
}

void vae_spectrum_exp(float *values, int64_t count)
{
    for (int64_t i = 0; i < count; ++i)
        values[i] = expf(values[i]);
}
