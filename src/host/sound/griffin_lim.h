/* Sounds whose spectra have given magnitudes: Griffin & Lim 1984, and the faster variant of Perraudin, Balazs &
 * Søndergaard 2013. */
#ifndef VAE_SOUND_GRIFFIN_LIM_H
#define VAE_SOUND_GRIFFIN_LIM_H

#include <stdint.h>

#include "sound/spectrum.h"

typedef struct vae_griffin_lim_options {
    int iterations;  /* 0: the phases that it begins with */
    double momentum; /* α of Perraudin et al., who use 0.99; 0: Griffin & Lim's own */
    uint64_t seed;   /* of the phases that it begins with (core/random.h) */
    uint64_t number; /* of the sound, where several are made with one seed */
} vae_griffin_lim_options;

/* magnitudes [frames, bins], at least two frames, to the samples of vae_spectrum_samples(). The same options give the
 * same sound. *distance, unless NULL, is its vae_spectrum_distance(). VAE_ERROR_ARGUMENT for fewer frames, or a plan
 * that cannot be inverted; VAE_ERROR_NUMERIC for a magnitude that is negative or not finite, with its frame and bin;
 * VAE_ERROR_MEMORY. */
vae_status vae_griffin_lim(vae_spectrum *s, const float *magnitudes, int64_t frames,
                           const vae_griffin_lim_options *options, float *samples, double *distance);

#endif
