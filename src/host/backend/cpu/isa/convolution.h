/* What the three passes of a convolution share: how the work is cut, which depends on shapes alone, and so does the
 * order of every sum. */
#ifndef VAE_BACKEND_CPU_ISA_CONVOLUTION_H
#define VAE_BACKEND_CPU_ISA_CONVOLUTION_H

#include "backend/cpu/convolution_pass.h"
#include "backend/cpu/isa/tile.h"

enum { VAE_BLOCK_ROWS = 8 * TILE_ROWS }; /* to large: pixels whose windows are made at once */

/* What a thread takes at a time: some whole images, or a band of the windows' rows of one, so that what it touches
 * stays in its cache. */
typedef struct vae_chunk {
    int64_t first_image, images;
    int64_t first_row, rows; /* of each image */
    int64_t first_pixel;     /* of the small side, over all images */
    int64_t pixels;
} vae_chunk;

struct vae_convolution {
    vae_convolution_options options;
    int64_t chunk_images, chunk_rows; /* as most chunks have them */
    int64_t bands;                    /* an image is cut into */
    int64_t chunks;
    int64_t band_height, band_width; /* of the large side under a chunk's windows, an image of it, padding included */
    int64_t band_stride;             /* numbers between the band's rows */
    int64_t segment, depth;          /* numbers in a row of a window, and in a window */
    int64_t block_segments, blocks;  /* to large: rows of a window whose products are made at once */
    int64_t pieces, groups;          /* to weights: shares of the images, each with a sum of its own, and of panels */
    float *packed; /* owns the memory of all three; weights in panels; to weights: the pieces' sums, [pieces, panels] */
    float *scratch;   /* [threads, scratch_size] */
    int32_t *offsets; /* [threads, pixels of a chunk] */
    int64_t packed_size, scratch_size, offset_count;
};

vae_chunk VAE_ISA_NAME(vae_cpu_convolution_chunk)(const vae_convolution *c, int64_t index);

/* Copies the chunk's part of the large side with its padding; the result's rows are the windows. */
vae_segmented VAE_ISA_NAME(vae_cpu_convolution_load)(const vae_convolution *c, const vae_chunk *chunk, float *scratch,
                                                     int32_t *offsets);

void VAE_ISA_NAME(vae_cpu_convolution_to_small)(const vae_convolution *c);
void VAE_ISA_NAME(vae_cpu_convolution_to_large)(const vae_convolution *c);
void VAE_ISA_NAME(vae_cpu_convolution_to_weights)(const vae_convolution *c);

/* The strides of a weight as a matrix of windows by small channels. */
static inline int64_t vae_weight_window_stride(const vae_convolution *c)
{
    return c->options.weight_transposed ? 1 : c->options.small.channels;
}
static inline int64_t vae_weight_channel_stride(const vae_convolution *c)
{
    return c->options.weight_transposed ? c->depth : 1;
}

#endif
