/* Spectrograms as PNG: time to the right in seconds, frequency upwards in Hz, one below and beside the other. */
#ifndef VAE_DRAW_SPECTROGRAM_H
#define VAE_DRAW_SPECTROGRAM_H

#include <stdint.h>

#include "core/error.h"

typedef struct vae_spectrogram {
    const float *values; /* [frames, bands], logarithms as a rule */
    int64_t frames;
    const char *title; /* cut where it is too long */
} vae_spectrogram;

/* Cells run row by row, all with the same axes: time is as long as the longest takes, and what is shorter leaves the
 * rest of its cell blank. */
typedef struct vae_spectrogram_grid {
    const vae_spectrogram *items; /* [count] */
    int64_t count, columns;       /* columns may be more than count */
    int64_t bands;                /* at least 2 */
    const double *hertz;          /* [bands], of the middle of each, rising: even or not, as mel bands are */
    double frame_seconds;         /* from frame to frame; the first is about 0 s */
    double low, high;             /* the values of the darkest and the lightest colour; low = high: the least and the
                                   * greatest that there are */
} vae_spectrogram_grid;

/* The file appears at once or not at all. VAE_ERROR_ARGUMENT for a grid without cells or of more than 32767
 * pixels a side, and for axes that do not rise; VAE_ERROR_NUMERIC for a value that is not finite, with its item,
 * frame and band. */
vae_status vae_spectrogram_write(const char *path, const vae_spectrogram_grid *grid);

#endif
