/* large = activation(small * weight, transposed, + bias): each pixel of the small side times the weights is a window,
 * and windows are added up where they lie. */
#include <omp.h>
#include <string.h>

#include "backend/cpu/isa/convolution.h"

/* Some rows of the windows of some pixels: made by one product. */
typedef struct block {
    int64_t first_pixel, pixels;
    int64_t first_segment, segments;
} block;

static void add(float *restrict target, const float *restrict source, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        target[i] += source[i];
}

/* The part of a window that lies on the image. */
static void add_window(const vae_convolution *c, const block *b, int64_t image, int64_t y, int64_t x,
                       const float *window)
{
    const vae_convolution_options *o = &c->options;
    const int64_t channels = o->large.channels, kernel = o->window.kernel;
    const int64_t top = y * o->window.stride - o->window.padding + b->first_segment;
    const int64_t left = x * o->window.stride - o->window.padding;
    const int64_t from = left < 0 ? -left : 0, to = o->large.width - left < kernel ? o->large.width - left : kernel;
    for (int64_t s = 0; s < b->segments && from < to; ++s) {
        if (top + s < 0 || top + s >= o->large.height) continue;
        float *row = o->large.values + (image * o->large.height + top + s) * o->large.width * channels;
        add(row + (left + from) * channels, window + s * c->segment + from * channels, (to - from) * channels);
    }
}

static void add_windows(const vae_convolution *c, const block *b, const float *windows, int64_t stride)
{
    const int64_t width = c->options.small.width, height = c->options.small.height;
    int64_t x = b->first_pixel % width, y = b->first_pixel / width % height;
    int64_t image = b->first_pixel / width / height;
    for (int64_t i = 0; i < b->pixels; ++i) {
        add_window(c, b, image, y, x, windows + i * stride);
        if (++x < width) continue;
        x = 0;
        if (++y < height) continue;
        y = 0;
        ++image;
    }
}

static void run_block(const vae_convolution *c, const block *b, const float *packed, float *scratch,
                      const int32_t *offsets)
{
    const vae_convolution_options *o = &c->options;
    const int64_t channels = o->small.channels, columns = b->segments * c->segment;
    const int64_t stride = vae_panels_width(columns);
    const vae_segmented pixels = {o->small.values + b->first_pixel * channels, offsets, 1, channels, 0};
    for (int64_t first = 0; first < columns; first += PANEL) {
        const int64_t width = vae_panel_width(columns - first);
        const float *panel = packed + first * channels;
        VAE_ISA_NAME(vae_cpu_tile_product)(&pixels, b->pixels, panel, width, scratch + first, stride, stride - first);
    }
    add_windows(c, b, scratch, stride);
}

static int64_t count_segments(const vae_convolution *c, int64_t first)
{
    const int64_t left = c->options.window.kernel - first;
    return left < c->block_segments ? left : c->block_segments;
}

static int64_t block_size(const vae_convolution *c)
{
    return vae_panels_width(c->block_segments * c->segment) * c->options.small.channels;
}

static void run_chunk(const vae_convolution *c, int64_t index, float *scratch, int32_t *offsets)
{
    const vae_convolution_options *o = &c->options;
    const vae_chunk chunk = VAE_ISA_NAME(vae_cpu_convolution_chunk)(c, index);
    const int64_t channels = o->large.channels, pixels = o->large.height * o->large.width;
    float *target = o->large.values + chunk.first_image * pixels * channels;
    memset(target, 0, (size_t)(chunk.images * pixels * channels) * sizeof *target);
    for (int64_t i = 0; i < VAE_BLOCK_ROWS; ++i)
        offsets[i] = (int32_t)(i * o->small.channels);
    for (int64_t first = 0; first < chunk.pixels; first += VAE_BLOCK_ROWS) {
        for (int64_t i = 0; i < c->blocks; ++i) {
            const int64_t left = chunk.pixels - first, segment = i * c->block_segments;
            const block b = {chunk.first_pixel + first, left < VAE_BLOCK_ROWS ? left : VAE_BLOCK_ROWS, segment,
                             count_segments(c, segment)};
            run_block(c, &b, c->packed + i * block_size(c), scratch, offsets);
        }
    }
    if (!o->bias) return;
    VAE_ISA_NAME(vae_cpu_activate_biased)
    (o->activation, target, o->bias, o->activated + chunk.first_image * pixels * channels, chunk.images * pixels,
     channels);
}

/* The panels of a block. */
static void pack(const vae_convolution *c, int64_t index)
{
    const vae_convolution_options *o = &c->options;
    const int64_t segment = index * c->block_segments;
    const int64_t columns = count_segments(c, segment) * c->segment;
    const int64_t stride = vae_weight_window_stride(c);
    const float *weight = o->weight + segment * c->segment * stride;
    float *packed = c->packed + index * block_size(c);
#pragma omp for schedule(static)
    for (int64_t first = 0; first < columns; first += PANEL) {
        VAE_ISA_NAME(vae_cpu_tile_pack)
        (weight + first * stride, o->small.channels, columns - first, vae_weight_channel_stride(c), stride,
         packed + first * o->small.channels);
    }
}

void VAE_ISA_NAME(vae_cpu_convolution_to_large)(const vae_convolution *c)
{
#pragma omp parallel num_threads(c->options.threads)
    {
        const int64_t thread = omp_get_thread_num();
        for (int64_t i = 0; i < c->blocks; ++i)
            pack(c, i);
#pragma omp for schedule(static)
        for (int64_t i = 0; i < c->chunks; ++i)
            run_chunk(c, i, c->scratch + thread * c->scratch_size, c->offsets + thread * c->offset_count);
    }
}
