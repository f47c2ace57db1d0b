/* A colour for each number from 0 to 1: from dark blue over red to pale yellow, each step as large to the eye as any
 * other, and lighter than the one before, so that greys of it keep the order. */
#ifndef VAE_DRAW_COLOUR_MAP_H
#define VAE_DRAW_COLOUR_MAP_H

#include <stdint.h>

enum { VAE_COLOURS = 256 };

/* As cairo's RGB24. */
typedef struct vae_colour_map {
    uint32_t colour[VAE_COLOURS];
} vae_colour_map;

vae_colour_map vae_colour_map_make(void);

/* Values outside are clamped. */
uint32_t vae_colour_map_at(const vae_colour_map *map, double value);

#endif
