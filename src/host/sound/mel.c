/* Banks of triangles, and spectra that they may have been taken of. */
#include "sound/mel.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Slaney's scale: where it turns logarithmic, in Hz and mel, and its step there. */
#define TURN_HERTZ 1000.0
#define TURN_MEL 15.0
#define TURN_STEP (log(6.4) / 27.0)

double vae_mel_of_hertz(vae_mel_scale scale, double hertz)
{
    if (scale == VAE_MEL_HTK) return 2595.0 * log10(1.0 + hertz / 700.0);
    return hertz < TURN_HERTZ ? hertz * TURN_MEL / TURN_HERTZ : TURN_MEL + log(hertz / TURN_HERTZ) / TURN_STEP;
}

double vae_mel_to_hertz(vae_mel_scale scale, double mel)
{
    if (scale == VAE_MEL_HTK) return 700.0 * (pow(10.0, mel / 2595.0) - 1.0);
    return mel < TURN_MEL ? mel * TURN_HERTZ / TURN_MEL : TURN_HERTZ * exp((mel - TURN_MEL) * TURN_STEP);
}

/* ---- Bank ---- */

typedef struct triangle {
    double low, middle, high; /* Hz */
} triangle;

static triangle find_triangle(const vae_mel_options *o, int band)
{
    const double high = o->high > 0.0 ? o->high : 0.5 * o->rate;
    const double first = vae_mel_of_hertz(o->scale, o->low), last = vae_mel_of_hertz(o->scale, high);
    const double step = (last - first) / (o->bands + 1);
    return (triangle){vae_mel_to_hertz(o->scale, first + step * band),
                      vae_mel_to_hertz(o->scale, first + step * (band + 1)),
                      vae_mel_to_hertz(o->scale, first + step * (band + 2))};
}

/* A bin at the very edge of a triangle has none of it, whatever rounding says. */
#define LEAST_HEIGHT 1e-9

static double weight_at(const vae_mel_options *o, triangle t, int bin)
{
    const double hertz = (double)bin * o->rate / o->frame;
    const double height = fmin((hertz - t.low) / (t.middle - t.low), (t.high - hertz) / (t.high - t.middle));
    if (height < LEAST_HEIGHT) return 0.0;
    return height * (o->norm == VAE_MEL_AREA ? 2.0 / (t.high - t.low) : 1.0);
}

static vae_status check_options(const vae_mel_options *o)
{
    const double high = o->high > 0.0 ? o->high : 0.5 * o->rate;
    if (o->bands < 1 || o->bands > o->frame / 2 + 1 || o->rate < 1 || o->frame < 2) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "mel: %d bands of %d bins at %d Hz", o->bands, o->frame / 2 + 1,
                             o->rate);
    }
    if (o->low >= 0.0 && o->low < high && high <= 0.5 * o->rate) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "mel: bands from %g to %g Hz, but they rise from 0 to %g Hz at most",
                         o->low, high, 0.5 * o->rate);
}

static vae_status make_arrays(vae_mel *mel)
{
    const size_t bands = (size_t)mel->bands, bins = (size_t)mel->bins;
    mel->first = calloc(bands, sizeof *mel->first);
    mel->count = calloc(bands, sizeof *mel->count);
    mel->start = calloc(bands, sizeof *mel->start);
    mel->hertz = malloc(bands * sizeof *mel->hertz);
    mel->sums = calloc(bins, sizeof *mel->sums);
    mel->value = malloc(bins * sizeof *mel->value);
    mel->pull = malloc(bins * sizeof *mel->pull);
    mel->share = malloc(bins * sizeof *mel->share);
    mel->band = malloc(bands * sizeof *mel->band);
    const bool bank = mel->first && mel->count && mel->start && mel->hertz && mel->sums;
    if (bank && mel->value && mel->pull && mel->share && mel->band) return VAE_OK;
    return vae_error_set(VAE_ERROR_MEMORY, "mel: no memory for %d bands", mel->bands);
}

/* Which bins each band has. */
static vae_status find_bins(const vae_mel_options *o, vae_mel *mel, int *weights)
{
    for (int b = 0; b < mel->bands; ++b) {
        const triangle t = find_triangle(o, b);
        mel->hertz[b] = t.middle;
        mel->start[b] = *weights;
        for (int k = 0; k < mel->bins; ++k) {
            if (weight_at(o, t, k) <= 0.0) continue;
            if (mel->count[b] == 0) mel->first[b] = k;
            mel->count[b]++;
        }
        if (mel->count[b] == 0) {
            return vae_error_set(
                VAE_ERROR_ARGUMENT,
                "mel: band %d, %.0f to %.0f Hz, lies between two bins, which are %.1f Hz apart in frames "
                "of %d samples: fewer bands or longer frames are needed",
                b, t.low, t.high, (double)o->rate / o->frame, o->frame);
        }
        *weights += mel->count[b];
    }
    return VAE_OK;
}

static vae_status fill(const vae_mel_options *o, vae_mel *mel)
{
    int total = 0;
    VAE_TRY(make_arrays(mel));
    VAE_TRY(find_bins(o, mel, &total));
    mel->weights = malloc((size_t)total * sizeof *mel->weights);
    if (!mel->weights) return vae_error_set(VAE_ERROR_MEMORY, "mel: no memory for %d bands", mel->bands);
    for (int b = 0; b < mel->bands; ++b) {
        const triangle t = find_triangle(o, b);
        for (int i = 0; i < mel->count[b]; ++i) {
            const double weight = weight_at(o, t, mel->first[b] + i);
            mel->weights[mel->start[b] + i] = weight;
            mel->sums[mel->first[b] + i] += weight;
        }
    }
    return VAE_OK;
}

vae_status vae_mel_make(const vae_mel_options *options, vae_mel *mel)
{
    *mel = (vae_mel){.bands = options->bands, .bins = options->frame / 2 + 1};
    VAE_TRY(check_options(options));
    const vae_status status = fill(options, mel);
    if (status) vae_mel_free(mel);
    return status;
}

void vae_mel_free(vae_mel *mel)
{
    free(mel->weights);
    free(mel->start);
    free(mel->first);
    free(mel->count);
    free(mel->hertz);
    free(mel->sums);
    free(mel->value);
    free(mel->pull);
    free(mel->share);
    free(mel->band);
    *mel = (vae_mel){0};
}

void vae_mel_apply(const vae_mel *mel, const float *spectrum, int64_t frames, float *bands)
{
    for (int64_t t = 0; t < frames; ++t) {
        for (int b = 0; b < mel->bands; ++b) {
            const float *values = spectrum + t * mel->bins + mel->first[b];
            double sum = 0.0;
            for (int i = 0; i < mel->count[b]; ++i)
                sum += mel->weights[mel->start[b] + i] * (double)values[i];
            bands[t * mel->bands + b] = (float)sum;
        }
    }
}

/* ---- Inverse ---- */

/* bins = transposed bank · band */
static void spread(const vae_mel *mel, double *bins)
{
    memset(bins, 0, (size_t)mel->bins * sizeof *bins);
    for (int b = 0; b < mel->bands; ++b) {
        for (int i = 0; i < mel->count[b]; ++i)
            bins[mel->first[b] + i] += mel->weights[mel->start[b] + i] * mel->band[b];
    }
}

/* band = bank · value */
static void gather(const vae_mel *mel)
{
    for (int b = 0; b < mel->bands; ++b) {
        mel->band[b] = 0.0;
        for (int i = 0; i < mel->count[b]; ++i)
            mel->band[b] += mel->weights[mel->start[b] + i] * mel->value[mel->first[b] + i];
    }
}

/* Each bin is the mean of what its bands would have in a flat spectrum, so that a flat spectrum is found at once. */
static void start(const vae_mel *mel, const float *bands)
{
    for (int b = 0; b < mel->bands; ++b) {
        double whole = 0.0;
        for (int i = 0; i < mel->count[b]; ++i)
            whole += mel->weights[mel->start[b] + i];
        mel->band[b] = fmax(0.0, (double)bands[b]) / whole;
    }
    spread(mel, mel->value);
    for (int k = 0; k < mel->bins; ++k)
        mel->value[k] /= mel->sums[k] > 0.0 ? mel->sums[k] : 1.0;
}

static void invert_frame(const vae_mel *mel, const float *bands, int steps)
{
    start(mel, bands);
    for (int b = 0; b < mel->bands; ++b)
        mel->band[b] = fmax(0.0, (double)bands[b]);
    spread(mel, mel->pull);
    for (int step = 0; step < steps; ++step) {
        gather(mel);
        spread(mel, mel->share);
        for (int k = 0; k < mel->bins; ++k) {
            if (mel->share[k] > 0.0) mel->value[k] *= mel->pull[k] / mel->share[k];
        }
    }
}

void vae_mel_invert(vae_mel *mel, const float *bands, int64_t frames, int steps, float *spectrum)
{
    for (int64_t t = 0; t < frames; ++t) {
        invert_frame(mel, bands + t * mel->bands, steps);
        for (int k = 0; k < mel->bins; ++k)
            spectrum[t * mel->bins + k] = (float)mel->value[k];
    }
}
