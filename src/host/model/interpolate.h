/* Paths between codes. */
#ifndef VAE_MODEL_INTERPOLATE_H
#define VAE_MODEL_INTERPOLATE_H

#include <stdint.h>

/* code [latent] = (1 - t)·from + t·to, t in [0, 1]. */
void vae_interpolate_linear(const float *from, const float *to, int64_t latent, double t, float *code);

/* Along the great arc between the two directions, the length changing linearly (slerp: Shoemake 1985; for latent codes
 * White 2016). Codes that point the same way, or one of which is zero, are interpolated linearly. Opposite ones, within
 * what float32 can tell, have no one arc between them: they go by way of a direction at right angles, always the same
 * one, or, with one dimension, linearly through zero. t = 0 and t = 1 give the two codes themselves. */
void vae_interpolate_spherical(const float *from, const float *to, int64_t latent, double t, float *code);

#endif
