/* From numbers in [0, 1] to bytes, the same in every picture. */
#ifndef VAE_DRAW_PIXEL_H
#define VAE_DRAW_PIXEL_H

#include <math.h>
#include <stdint.h>

/* Images smaller than this are magnified by a whole factor. */
enum { VAE_SMALL_TILE = 64 };

/* Values outside are clamped; a NaN becomes black rather than undefined. */
static inline uint8_t vae_pixel_byte(float value)
{
    if (!(value > 0.0f)) return 0;
    return value >= 1.0f ? 255 : (uint8_t)lrintf(value * 255.0f);
}

/* One pixel of 1 or 3 channels as cairo's RGB24. */
static inline uint32_t vae_pixel_rgb24(const float *pixel, int64_t channels)
{
    const uint32_t red = vae_pixel_byte(pixel[0]);
    const uint32_t green = channels == 3 ? vae_pixel_byte(pixel[1]) : red;
    const uint32_t blue = channels == 3 ? vae_pixel_byte(pixel[2]) : red;
    return red << 16 | green << 8 | blue;
}

static inline int64_t vae_pixel_magnification(int64_t height, int64_t width)
{
    const int64_t larger = height > width ? height : width;
    return larger >= VAE_SMALL_TILE ? 1 : VAE_SMALL_TILE / larger;
}

#endif
