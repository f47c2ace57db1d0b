/* Alternates between spectra with the given magnitudes and spectra that a sound has. */
#include "sound/griffin_lim.h"

#include <complex.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "core/memory.h"
#include "core/random.h"

typedef struct search {
    vae_spectrum *s;
    const float *magnitudes;
    int64_t frames;
    float _Complex *bins;   /* [frames, bins], with these magnitudes */
    float _Complex *before; /* [frames, bins], the spectrum of the sound before; NULL without momentum */
    float *samples;
    int64_t count;
} search;

static vae_status check(const vae_spectrum *s, const float *magnitudes, int64_t frames)
{
    VAE_TRY(vae_spectrum_check_inverse(s));
    if (frames < 2) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "Griffin-Lim: a spectrum of %" PRId64 " frames; it has at least two",
                             frames);
    }
    for (int64_t i = 0; i < frames * s->bins; ++i) {
        if (isfinite(magnitudes[i]) && magnitudes[i] >= 0.0f) continue;
        return vae_error_set(VAE_ERROR_NUMERIC,
                             "Griffin-Lim: the magnitude of frame %" PRId64 ", bin %" PRId64 " is %g", i / s->bins,
                             i % s->bins, (double)magnitudes[i]);
    }
    return VAE_OK;
}

static void begin(search *g, const vae_griffin_lim_options *options)
{
    vae_philox random = {0};
    for (int64_t i = 0; i < g->frames * g->s->bins; ++i) {
        if (i % 4 == 0) random = vae_random_block(options->seed, VAE_STREAM_PHASE, options->number, (uint64_t)i / 4);
        const double phase = 2.0 * M_PI * (double)vae_random_uniform(random.word[i % 4]);
        g->bins[i] = g->magnitudes[i] * CMPLXF((float)cos(phase), (float)sin(phase));
    }
}

/* The same direction with another length; silence has none, and keeps to the real axis. */
static float _Complex with_magnitude(float _Complex bin, float magnitude)
{
    const double real = (double)crealf(bin), imaginary = (double)cimagf(bin);
    const double length = sqrt(real * real + imaginary * imaginary);
    if (length == 0.0) return magnitude;
    return CMPLXF((float)(magnitude * (real / length)), (float)(magnitude * (imaginary / length)));
}

/* From the sound's own spectrum, and how that has moved, to the next bins. */
static void step(search *g, int iteration, double momentum)
{
    vae_spectrum *s = g->s;
    const float alpha = iteration > 0 ? (float)momentum : 0.0f;
    for (int64_t t = 0; t < g->frames; ++t) {
        float _Complex *bins = g->bins + t * s->bins, *before = g->before ? g->before + t * s->bins : NULL;
        vae_spectrum_at(s, g->samples, g->count, t, s->bin);
        for (int k = 0; k < s->bins; ++k) {
            const float _Complex moved = before ? s->bin[k] + alpha * (s->bin[k] - before[k]) : s->bin[k];
            bins[k] = with_magnitude(moved, g->magnitudes[t * s->bins + k]);
            if (before) before[k] = s->bin[k];
        }
    }
}

vae_status vae_griffin_lim(vae_spectrum *s, const float *magnitudes, int64_t frames,
                           const vae_griffin_lim_options *options, float *samples, double *distance)
{
    search g = {.s = s, .magnitudes = magnitudes, .frames = frames, .samples = samples};
    VAE_TRY(check(s, magnitudes, frames));
    const int arrays = options->momentum > 0.0 ? 2 : 1;
    const size_t bytes = (size_t)(frames * s->bins) * sizeof *g.bins;
    VAE_TRY(vae_memory_check("Griffin-Lim", arrays * (double)bytes));
    g.count = vae_spectrum_samples(s, frames);
    g.bins = malloc(bytes);
    if (arrays == 2) g.before = calloc(1, bytes);
    if (!g.bins || (arrays == 2 && !g.before)) {
        free(g.bins);
        free(g.before);
        return vae_error_set(VAE_ERROR_MEMORY, "Griffin-Lim: no memory for %" PRId64 " frames", frames);
    }
    begin(&g, options);
    vae_spectrum_invert(s, g.bins, frames, samples, g.count);
    for (int i = 0; i < options->iterations; ++i) {
        step(&g, i, options->momentum);
        vae_spectrum_invert(s, g.bins, frames, samples, g.count);
    }
    free(g.bins);
    free(g.before);
    if (distance) *distance = vae_spectrum_distance(s, magnitudes, samples, g.count);
    return VAE_OK;
}
