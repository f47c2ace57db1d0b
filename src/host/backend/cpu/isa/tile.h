/* Products in registers: what convolutions spend their time in. A tile is a few rows by a panel of PANEL columns, or of
 * LANES where no more are left. */
#ifndef VAE_BACKEND_CPU_ISA_TILE_H
#define VAE_BACKEND_CPU_ISA_TILE_H

#include "backend/cpu/isa/level.h"

/* TILE_ROWS × 2 sums, two vectors of the right side and one number of the left fill the registers of the level. */
#if defined(__AVX512F__)
enum { LANES = 16, TILE_ROWS = 8 };
#elif defined(__AVX__)
enum { LANES = 8, TILE_ROWS = 6 };
#else
enum { LANES = 4, TILE_ROWS = 6 };
#endif
enum { PANEL = 2 * LANES };

/* The width of a panel for `columns` more columns: a multiple of LANES, of which the last may be padding. */
static inline int64_t vae_panel_width(int64_t columns)
{
    return columns <= LANES ? LANES : PANEL;
}

/* Columns of all panels. */
static inline int64_t vae_panels_width(int64_t columns)
{
    return (columns + LANES - 1) / LANES * LANES;
}

/* A matrix with rows of `segments` runs of `length` numbers each, `stride` apart; row i begins at values + offset[i].
 * So windows that overlap need no copies. */
typedef struct vae_segmented {
    const float *values;
    const int32_t *offset;
    int64_t segments, length, stride;
} vae_segmented;

/* c [rows, columns] = a · b. b is a panel: [segments·length, width]; rows of c are c_stride apart. */
void VAE_ISA_NAME(vae_cpu_tile_product)(const vae_segmented *a, int64_t rows, const float *b, int64_t width, float *c,
                                        int64_t c_stride, int64_t columns);

/* c [segments·length, width] += aᵀ · b, with b [rows, width], over the rows in order. */
void VAE_ISA_NAME(vae_cpu_tile_outer)(const vae_segmented *a, int64_t rows, const float *b, int64_t width, float *c);

/* A panel of a matrix: `columns` columns, missing ones as zeros. Element (i, j) is values[i·row_stride +
 * j·column_stride]; `packed` is [rows, width]. */
void VAE_ISA_NAME(vae_cpu_tile_pack)(const float *values, int64_t rows, int64_t columns, int64_t row_stride,
                                     int64_t column_stride, float *packed);

#endif
