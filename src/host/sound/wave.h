/* Sounds as samples of one channel, full scale being ±1: read from files and from memory, and written. */
#ifndef VAE_SOUND_WAVE_H
#define VAE_SOUND_WAVE_H

#include <stdint.h>

#include "core/error.h"

typedef struct vae_wave {
    float *samples; /* [count], owned */
    int64_t count;
    int rate; /* samples a second */
} vae_wave;

typedef struct vae_wave_options {
    int rate;     /* that it is brought to; 0: its own */
    int64_t most; /* samples a channel that a sound may have, at either rate, up to VAE_WAVE_MOST; 0: as many */
} vae_wave_options;

/* At 16 kHz, 18 hours. */
enum { VAE_WAVE_MOST = 1 << 30 };

/* Reads a file of any format, type of samples, number of channels and rate that libsndfile reads, but a few
 * (sound/head.h). Which it is, contents decide. Channels become their mean; integers keep 24 bits. Numbers beyond full
 * scale, which floats may have, stay. Memory follows what the file holds and not what its header promises.
 *
 * VAE_ERROR_IO where it cannot be opened or read; VAE_ERROR_FORMAT for a file that is no sound, damaged, cut short,
 * empty, or longer than `most`; VAE_ERROR_NUMERIC with the number of the first frame that is not finite;
 * VAE_ERROR_MEMORY. Messages begin with the path, and *wave is all zero. Nothing is written to the terminal. */
vae_status vae_wave_read(const char *path, const vae_wave_options *options, vae_wave *wave);

/* The same of samples of 16 bits in memory, which `name` is said of. */
vae_status vae_wave_take_int16(const char *name, const int16_t *samples, int64_t count, int rate,
                               const vae_wave_options *options, vae_wave *wave);

void vae_wave_free(vae_wave *wave);

/* Writes a WAV file of 16 bits, the same bytes for the same samples: each rounded to the nearest of 32768 levels on
 * either side of 0, so that what was read from 16 bits is written as it was. Samples beyond ±1 are clipped, and
 * *clipped, unless NULL, is how many. The file appears at once or not at all. VAE_ERROR_NUMERIC with the number of a
 * sample that is not finite; VAE_ERROR_ARGUMENT for no samples, more than a WAV file can have, or a rate below 1. */
vae_status vae_wave_write(const char *path, const float *samples, int64_t count, int rate, int64_t *clipped);

#endif
