/* The loops of batch norm and layer norm over a tile: a run of numbers whose mean, deviation, scale and shift lie
 * beside them in arrays. Few channels are repeated until a tile is long enough for SIMD, so a tile is one pixel or
 * several. */
#ifndef VAE_BACKEND_CPU_ISA_NORM_LOOPS_H
#define VAE_BACKEND_CPU_ISA_NORM_LOOPS_H

#include "backend/cpu/isa/level.h"

/* Below this, a parallel region costs more than it saves. Pieces are what threads share; their size depends on the
 * tensor's shape alone, and so does the order of sums. */
enum { NORM_PARALLEL_ELEMENTS = 8192, NORM_PIECE = 32768, NORM_TILE = 256 };

typedef struct norm_tile {
    const float *mean, *inverse_deviation, *scale, *shift;
    /* backward: scale × the means, over the numbers normalised together, of d and of d·x̂ */
    const float *mean_d, *mean_product;
} norm_tile;

/* Pixels in a tile. */
static inline int64_t vae_norm_pixels(int64_t channels)
{
    return (NORM_TILE + channels - 1) / channels;
}

/* For the d, x̂ of program.h: d = d_y ⊙ activation', x̂ = (x - mean)·inverse_deviation. */
typedef struct vae_norm_loops {
    /* y = activation(scale·x̂ + shift) */
    void (*forward)(const norm_tile *tile, const float *restrict x, float *restrict y, int64_t count);
    /* sums += d, products += d·x̂ */
    void (*sums)(const norm_tile *tile, const float *restrict x, const float *restrict d_y, double *restrict sums,
                 double *restrict products, int64_t count);
    /* d_x = inverse_deviation·(scale·d - mean_d - x̂·mean_product), in place of d_y */
    void (*backward)(const norm_tile *tile, const float *restrict x, float *restrict d_y, int64_t count);
} vae_norm_loops;
const vae_norm_loops *VAE_ISA_NAME(vae_cpu_norm_loops)(vae_activation activation);

/* sums += x, squares += x², number by number. */
void VAE_ISA_NAME(vae_cpu_norm_moments)(const float *restrict x, double *restrict sums, double *restrict squares,
                                        int64_t count);

/* target[i] = source[i % channels] */
static inline void vae_norm_repeat(const float *source, int64_t channels, float *target, int64_t count)
{
    for (int64_t i = 0; i < count; ++i)
        target[i] = source[i % channels];
}

/* Σ over pieces and pixels of one channel. `sums` is [pieces, 2, tile]; `which` picks one of the two. */
static inline double vae_norm_total(const double *sums, int64_t pieces, int64_t tile, int which, int64_t channel,
                                    int64_t channels)
{
    double total = 0.0;
    for (int64_t p = 0; p < pieces; ++p) {
        for (int64_t i = channel; i < tile; i += channels)
            total += sums[(2 * p + which) * tile + i];
    }
    return total;
}

#endif
