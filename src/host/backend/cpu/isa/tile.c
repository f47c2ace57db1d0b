/* Products whose sums stay in registers: GCC's vector types, and one unrolled loop for each height of a tile. */
#include "backend/cpu/isa/tile.h"

#include <string.h>

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

static inline lanes load(const float *from)
{
    lanes values;
    memcpy(&values, from, sizeof values);
    return values;
}

static inline void store(float *to, lanes values)
{
    memcpy(to, &values, sizeof values);
}

/* Inlined with constant sizes, and loops over rows unrolled, so that the sums stay in registers. */
#define INLINED static inline __attribute__((always_inline))
#define UNROLLED _Pragma("GCC unroll 8")

/* Tiles have equal heights, give or take a row: a single row left over would wait for its own sums. */
#if defined(__AVX512F__)
#define TILE_HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#else
#define TILE_HEIGHTS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif

static int64_t count_tiles(int64_t rows)
{
    return (rows + TILE_ROWS - 1) / TILE_ROWS;
}

/* ---- c = a · b ---- */

static void store_columns(float *to, lanes values, int64_t columns)
{
    if (columns >= LANES) {
        store(to, values);
    } else if (columns > 0) {
        memcpy(to, &values, (size_t)columns * sizeof *to);
    }
}

INLINED void product_tile(const vae_segmented *a, int64_t first, const int rows, const bool wide, const float *b,
                          float *c, int64_t c_stride, int64_t columns)
{
    const int64_t length = a->length, stride = a->stride;
    const float *row[TILE_ROWS];
    lanes low[TILE_ROWS], high[TILE_ROWS];
    UNROLLED for (int i = 0; i < rows; ++i)
    {
        row[i] = a->values + a->offset[first + i];
        low[i] = high[i] = (lanes){0};
    }
    for (int64_t s = 0; s < a->segments; ++s) {
        for (int64_t k = 0; k < length; ++k) {
            const lanes left_half = load(b), right_half = wide ? load(b + LANES) : left_half;
            b += wide ? PANEL : LANES;
            UNROLLED for (int i = 0; i < rows; ++i)
            {
                low[i] += row[i][k] * left_half;
                if (wide) high[i] += row[i][k] * right_half;
            }
        }
        UNROLLED for (int i = 0; i < rows; ++i) row[i] += stride;
    }
    c += first * c_stride;
    UNROLLED for (int i = 0; i < rows; ++i)
    {
        store_columns(c + i * c_stride, low[i], columns);
        if (wide) store_columns(c + i * c_stride + LANES, high[i], columns - LANES);
    }
}

INLINED void product_panel(const vae_segmented *a, int64_t rows, const bool wide, const float *b, float *c,
                           int64_t c_stride, int64_t columns)
{
    const int64_t tiles = count_tiles(rows);
    for (int64_t t = 0; t < tiles; ++t) {
        const int64_t first = rows * t / tiles;
        switch (rows * (t + 1) / tiles - first) {
#define CASE(height)                                                                                                   \
    case height: product_tile(a, first, height, wide, b, c, c_stride, columns); break;
            TILE_HEIGHTS(CASE)
#undef CASE
        }
    }
}

void VAE_ISA_NAME(vae_cpu_tile_product)(const vae_segmented *a, int64_t rows, const float *b, int64_t width, float *c,
                                        int64_t c_stride, int64_t columns)
{
    if (width == PANEL) {
        product_panel(a, rows, true, b, c, c_stride, columns);
    } else {
        product_panel(a, rows, false, b, c, c_stride, columns);
    }
}

/* ---- c += aᵀ · b ---- */

static inline void add_to(float *to, lanes values)
{
    store(to, load(to) + values);
}

INLINED void outer_tile(const vae_segmented *a, int64_t at, int64_t rows, const int height, const bool wide,
                        const float *b, float *c)
{
    const int64_t width = wide ? PANEL : LANES;
    const float *values = a->values + at;
    const int32_t *offset = a->offset;
    lanes low[TILE_ROWS], high[TILE_ROWS];
    UNROLLED for (int i = 0; i < height; ++i) low[i] = high[i] = (lanes){0};
    for (int64_t r = 0; r < rows; ++r, b += width) {
        const float *row = values + offset[r];
        const lanes left_half = load(b), right_half = wide ? load(b + LANES) : left_half;
        UNROLLED for (int i = 0; i < height; ++i)
        {
            low[i] += row[i] * left_half;
            if (wide) high[i] += row[i] * right_half;
        }
    }
    UNROLLED for (int i = 0; i < height; ++i)
    {
        add_to(c + i * width, low[i]);
        if (wide) add_to(c + i * width + LANES, high[i]);
    }
}

INLINED void outer_panel(const vae_segmented *a, int64_t rows, const bool wide, const float *b, float *c)
{
    const int64_t width = wide ? PANEL : LANES, length = a->length, tiles = count_tiles(length);
    for (int64_t s = 0; s < a->segments; ++s, c += length * width) {
        for (int64_t t = 0; t < tiles; ++t) {
            const int64_t first = length * t / tiles, at = s * a->stride + first;
            switch (length * (t + 1) / tiles - first) {
#define CASE(height)                                                                                                   \
    case height: outer_tile(a, at, rows, height, wide, b, c + first * width); break;
                TILE_HEIGHTS(CASE)
#undef CASE
            }
        }
    }
}

void VAE_ISA_NAME(vae_cpu_tile_outer)(const vae_segmented *a, int64_t rows, const float *b, int64_t width, float *c)
{
    if (width == PANEL) {
        outer_panel(a, rows, true, b, c);
    } else {
        outer_panel(a, rows, false, b, c);
    }
}

/* ---- Panels ---- */

void VAE_ISA_NAME(vae_cpu_tile_pack)(const float *values, int64_t rows, int64_t columns, int64_t row_stride,
                                     int64_t column_stride, float *packed)
{
    const int64_t width = vae_panel_width(columns), count = columns < width ? columns : width;
    for (int64_t i = 0; i < rows; ++i, packed += width) {
        const float *row = values + i * row_stride;
        for (int64_t j = 0; j < count; ++j)
            packed[j] = row[j * column_stride];
        for (int64_t j = count; j < width; ++j)
            packed[j] = 0.0f;
    }
}
