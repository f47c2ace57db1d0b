/* Reads a file of sound and writes what the library makes of it as arrays, for test_sound_python.py:
 *   write_sound FILE FRAME HOP BANDS slaney|htk area|height STEPS PREFIX
 * PREFIX-wave.npy [samples], -bins.npy [frames, bins, 2], -mel.npy [frames, bands] of magnitudes, -found.npy
 * [frames, bins], the magnitudes that STEPS steps find for these. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/npy.h"
#include "sound/mel.h"
#include "sound/spectrum.h"
#include "sound/wave.h"

static vae_status write_array(const char *prefix, const char *name, const float *values, int rank, const int64_t *sizes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s-%s.npy", prefix, name);
    return vae_npy_write_float32(path, values, rank, sizes);
}

static vae_status write_bands(vae_spectrum *s, vae_mel *mel, const vae_wave *wave, int steps, const char *prefix)
{
    const int64_t frames = vae_spectrum_frames(s, wave->count);
    float *magnitudes = malloc((size_t)(frames * s->bins) * sizeof *magnitudes);
    float *bands = malloc((size_t)(frames * mel->bands) * sizeof *bands);
    vae_status status = magnitudes && bands ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    if (!status) {
        vae_spectrum_measure(s, VAE_SPECTRUM_MAGNITUDE, wave->samples, wave->count, magnitudes);
        vae_mel_apply(mel, magnitudes, frames, bands);
        vae_mel_invert(mel, bands, frames, steps, magnitudes);
        status = write_array(prefix, "mel", bands, 2, (int64_t[]){frames, mel->bands});
    }
    if (!status) status = write_array(prefix, "found", magnitudes, 2, (int64_t[]){frames, s->bins});
    free(magnitudes);
    free(bands);
    return status;
}

static vae_status write_bins(vae_spectrum *s, const vae_wave *wave, const char *prefix)
{
    const int64_t frames = vae_spectrum_frames(s, wave->count);
    float _Complex *bins = malloc((size_t)(frames * s->bins) * sizeof *bins);
    if (!bins) return vae_error_set(VAE_ERROR_MEMORY, "out of memory");
    vae_spectrum_transform(s, wave->samples, wave->count, bins);
    const vae_status status = write_array(prefix, "bins", (const float *)bins, 3, (int64_t[]){frames, s->bins, 2});
    free(bins);
    return status;
}

static vae_status run(char **arguments, vae_wave *wave, vae_spectrum *s, vae_mel *mel)
{
    const vae_wave_options as_it_is = {0};
    const char *prefix = arguments[7];
    vae_mel_options options = {.bands = atoi(arguments[3]), .frame = atoi(arguments[1])};
    if (strcmp(arguments[4], "htk") == 0) options.scale = VAE_MEL_HTK;
    if (strcmp(arguments[5], "height") == 0) options.norm = VAE_MEL_HEIGHT;
    VAE_TRY(vae_wave_read(arguments[0], &as_it_is, wave));
    VAE_TRY(vae_spectrum_make(options.frame, atoi(arguments[2]), s));
    options.rate = wave->rate;
    VAE_TRY(vae_mel_make(&options, mel));
    VAE_TRY(write_array(prefix, "wave", wave->samples, 1, (int64_t[]){wave->count}));
    VAE_TRY(write_bins(s, wave, prefix));
    return write_bands(s, mel, wave, atoi(arguments[6]), prefix);
}

int main(int count, char **arguments)
{
    if (count != 9) return 2;
    vae_wave wave = {0};
    vae_spectrum s = {0};
    vae_mel mel = {0};
    const vae_status status = run(arguments + 1, &wave, &s, &mel);
    if (status) fprintf(stderr, "%s\n", vae_error_message());
    vae_wave_free(&wave);
    vae_spectrum_free(&s);
    vae_mel_free(&mel);
    return status != VAE_OK;
}
