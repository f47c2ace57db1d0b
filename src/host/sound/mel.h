/* Mel filter banks: triangles of frequency, evenly spaced as pitch is heard, and back to bins of frequency. */
#ifndef VAE_SOUND_MEL_H
#define VAE_SOUND_MEL_H

#include <stdint.h>

#include "core/error.h"

/* What a mel is. Slaney's Auditory Toolbox (1998), which is the default: even up to 1000 Hz, logarithmic above. HTK:
 * 2595·log10(1 + f/700), which wants longer frames for as many bands, as its lowest are narrower. */
typedef enum vae_mel_scale { VAE_MEL_SLANEY, VAE_MEL_HTK } vae_mel_scale;

/* How high triangles are: of area 1 over Hz, so that a band is a mean of its bins whatever its width (the default), or
 * of height 1. */
typedef enum vae_mel_norm { VAE_MEL_AREA, VAE_MEL_HEIGHT } vae_mel_norm;

typedef struct vae_mel_options {
    int bands;
    int rate;         /* of the sound, samples a second */
    int frame;        /* of its spectrum, in samples */
    double low, high; /* Hz, where the first triangle begins and the last one ends; high 0: half the rate */
    vae_mel_scale scale;
    vae_mel_norm norm;
} vae_mel_options;

/* A bank, and memory for the inverse of one frame: one thread inverts by it at a time. */
typedef struct vae_mel {
    int bands, bins;
    int *first, *count;           /* [bands], the bins that a triangle has */
    int *start;                   /* [bands], where in weights those of a band begin */
    double *weights;              /* of all bands, one after the other */
    double *hertz;                /* [bands], the middle of each */
    double *sums;                 /* [bins], of each bin's weights in all bands */
    double *value, *pull, *share; /* [bins], of the inverse */
    double *band;                 /* [bands] */
} vae_mel;

/* VAE_ERROR_ARGUMENT for fewer bands than 1, frequencies that do not rise to half the rate at most, and a band that
 * has no bin of its own, with its number and frequency: there are too many bands for so short a frame. */
vae_status vae_mel_make(const vae_mel_options *options, vae_mel *mel);
void vae_mel_free(vae_mel *mel);

double vae_mel_of_hertz(vae_mel_scale scale, double hertz);
double vae_mel_to_hertz(vae_mel_scale scale, double mel);

/* spectrum [frames, bins] of magnitudes or powers to bands [frames, bands]. */
void vae_mel_apply(const vae_mel *mel, const float *spectrum, int64_t frames, float *bands);

/* A spectrum that is nowhere negative and has these bands, as nearly as `steps` steps of multiplicative updates (Lee &
 * Seung 2001) for the least squares bring it, from a start that is smooth over frequency. Bins that no band sees
 * are 0. What bands tell nothing of stays smooth: the exact solution, of few bins in each band, would sound worse.
 * Negative bands count as 0. After some 50 steps the bands are those that were given, to 1e-3. */
void vae_mel_invert(vae_mel *mel, const float *bands, int64_t frames, int steps, float *spectrum);

#endif
