/* Strokes of a drawing, and the mixture that predicts one. Plain C that kernels include, too. */
#ifndef VAE_PROGRAM_STROKE_H
#define VAE_PROGRAM_STROKE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/host_device.h"

/* A step of a drawing: dx, dy, and of three states of the pen one that is 1: down, the line goes on to the next point;
 * up, it ends here; end, of the drawing. The first row of a drawing is its begin, (0, 0, 1, 0, 0). */
enum { VAE_STROKE_NUMBERS = 5, VAE_STROKE_DOWN = 2, VAE_STROKE_UP = 3, VAE_STROKE_END = 4, VAE_PEN_STATES = 3 };

/* A step's prediction: so many parts of M numbers each, M from 1 to VAE_STROKE_MIXTURES, and behind them a logit for
 * each state of the pen. Component k is a Gaussian of dx and dy with correlation tanh(correlation[k]). */
typedef enum vae_stroke_part {
    VAE_STROKE_LOG_WEIGHT, /* not normalised */
    VAE_STROKE_MEAN_X,
    VAE_STROKE_MEAN_Y,
    VAE_STROKE_LOG_DEVIATION_X,
    VAE_STROKE_LOG_DEVIATION_Y,
    VAE_STROKE_CORRELATION,
    VAE_STROKE_PARTS
} vae_stroke_part;
enum { VAE_STROKE_MIXTURES = 256 };

/* What the published loss adds to the density of an offset, so that a stroke far from all components costs 13.8 nats at
 * most. */
#define VAE_STROKE_DENSITY_FLOOR 1e-6

/* log(e^x + VAE_STROKE_DENSITY_FLOOR); `share` gets its derivative by x. */
VAE_HOST_DEVICE static inline double vae_stroke_log_density(double x, double *share)
{
    const double floor = log(VAE_STROKE_DENSITY_FLOOR), larger = x > floor ? x : floor;
    const double value = larger + log1p(exp(-fabs(x - floor)));
    *share = exp(x - value);
    return value;
}

/* Whether row i of a drawing may be left out: the pen is down there and in the three points before it, of which the
 * begin is none. */
VAE_HOST_DEVICE static inline bool vae_stroke_may_merge(const float *drawing, int64_t i)
{
    if (i < 4) return false;
    for (int64_t k = i - 3; k <= i; ++k)
        if (drawing[k * VAE_STROKE_NUMBERS + VAE_STROKE_DOWN] != 1.0f) return false;
    return true;
}

#endif
