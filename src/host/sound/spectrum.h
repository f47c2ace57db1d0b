/* The short-time Fourier transform (KissFFT) and its inverse by overlap-add.
 *
 * Frames are centred: frame t is about sample t·hop, what lies before and behind the sound being zeros. The last one is
 * about the end of the sound or behind it, so every sample lies between the centres of two frames, also the first and
 * the last. The window is a periodic Hann window. Nothing is scaled: a sine of amplitude a has magnitude a·frame/4 in
 * its own bin. */
#ifndef VAE_SOUND_SPECTRUM_H
#define VAE_SOUND_SPECTRUM_H

#include <stdint.h>

#include "core/error.h"

enum { VAE_SPECTRUM_MAX_FRAME = 1 << 16 };

struct kiss_fftr_state;

/* A plan, and memory for one frame: one thread uses it at a time. */
typedef struct vae_spectrum {
    int frame, hop; /* in samples */
    int bins;       /* frame/2 + 1, bin k being of k·rate/frame Hz */
    float *window;  /* [frame] */
    struct kiss_fftr_state *forward, *inverse;
    float *piece;         /* [frame], what is transformed */
    float _Complex *bin;  /* [bins] */
    double *sum, *weight; /* [frame], of the inverse: samples that later frames add to */
} vae_spectrum;

/* A frame of an even number of samples up to VAE_SPECTRUM_MAX_FRAME; powers of 2, 3 and 5 are fast, and any other
 * factor has KissFFT allocate a buffer a frame. A hop of 1 to a frame. Else VAE_ERROR_ARGUMENT. */
vae_status vae_spectrum_make(int frame, int hop, vae_spectrum *s);
void vae_spectrum_free(vae_spectrum *s);

/* Frames of a sound, at least 1. */
int64_t vae_spectrum_frames(const vae_spectrum *s, int64_t samples);
/* The longest sound that has so many frames: (frames - 1)·hop. */
int64_t vae_spectrum_samples(const vae_spectrum *s, int64_t frames);

/* One frame of a sound of `count` samples, bins [bins]. */
void vae_spectrum_at(vae_spectrum *s, const float *samples, int64_t count, int64_t frame, float _Complex *bins);
/* All frames, bins [frames, bins]. */
void vae_spectrum_transform(vae_spectrum *s, const float *samples, int64_t count, float _Complex *bins);
/* Their magnitudes, or the squares of these, values [frames, bins]. */
typedef enum vae_spectrum_kind { VAE_SPECTRUM_MAGNITUDE, VAE_SPECTRUM_POWER } vae_spectrum_kind;
void vae_spectrum_measure(vae_spectrum *s, vae_spectrum_kind kind, const float *samples, int64_t count, float *values);

/* The sound whose transform is nearest to bins [frames, bins] in the mean square (Griffin & Lim 1984): frames are
 * windowed again, added up, and divided by the sum of squared windows. `count` samples, of vae_spectrum_frames() =
 * frames. A transform comes back as the sound it was made of. The hop must be half a frame at most, which
 * vae_spectrum_check_inverse() tells by VAE_ERROR_ARGUMENT. */
vae_status vae_spectrum_check_inverse(const vae_spectrum *s);
void vae_spectrum_invert(vae_spectrum *s, const float _Complex *bins, int64_t frames, float *samples, int64_t count);

/* ‖|transform of the sound| - magnitudes‖ / ‖magnitudes‖, the spectral convergence; magnitudes [frames, bins], of
 * vae_spectrum_frames(). Of silence 0 or, where the sound is not silent, infinite. */
double vae_spectrum_distance(vae_spectrum *s, const float *magnitudes, const float *samples, int64_t count);

/* Values to the natural logarithm of max(value, floor), floor > 0, in place; and back. */
void vae_spectrum_log(float *values, int64_t count, float floor);
void vae_spectrum_exp(float *values, int64_t count);

#endif
