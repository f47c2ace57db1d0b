/* weight = what joins large and small: the product of windows, transposed, and the small side. Shares of the images
 * have sums of their own, which are added up in order. */
#include <omp.h>
#include <string.h>

#include "backend/cpu/isa/convolution.h"

/* Some of the panels. */
typedef struct group {
    int64_t first, end; /* small channels */
} group;

static group find_group(const vae_convolution *c, int64_t index)
{
    const int64_t channels = c->options.small.channels;
    int64_t first, end;
    vae_cpu_share(channels, PANEL, (int)index, (int)c->groups, &first, &end);
    return (group){first, end};
}

static void run_chunk(const vae_convolution *c, int64_t index, const group *g, float *sums, float *scratch,
                      int32_t *offsets)
{
    const vae_convolution_options *o = &c->options;
    const vae_chunk chunk = VAE_ISA_NAME(vae_cpu_convolution_chunk)(c, index);
    const int64_t channels = o->small.channels;
    const float *small = o->small.values + chunk.first_pixel * channels;
    float *panel = scratch, *large = scratch + c->offset_count * PANEL;
    const vae_segmented windows = VAE_ISA_NAME(vae_cpu_convolution_load)(c, &chunk, large, offsets);
    for (int64_t first = g->first; first < g->end; first += PANEL) {
        const int64_t left = channels - first;
        VAE_ISA_NAME(vae_cpu_tile_pack)(small + first, chunk.pixels, left, channels, 1, panel);
        VAE_ISA_NAME(vae_cpu_tile_outer)(&windows, chunk.pixels, panel, vae_panel_width(left), sums + first * c->depth);
    }
}

static void run_share(const vae_convolution *c, int64_t index, float *scratch, int32_t *offsets)
{
    const int64_t piece = index / c->groups;
    const group g = find_group(c, index % c->groups);
    float *sums = c->packed + piece * c->depth * vae_panels_width(c->options.small.channels);
    if (g.first == g.end) return;
    const int64_t padded = vae_panels_width(g.end - g.first);
    memset(sums + g.first * c->depth, 0, (size_t)(padded * c->depth) * sizeof *sums);
    for (int64_t i = c->chunks * piece / c->pieces; i < c->chunks * (piece + 1) / c->pieces; ++i)
        run_chunk(c, i, &g, sums, scratch, offsets);
}

/* Row `k` of a window in all panels. */
static void add_pieces(const vae_convolution *c, int64_t k)
{
    const vae_convolution_options *o = &c->options;
    const int64_t channels = o->small.channels;
    const int64_t piece_size = c->depth * vae_panels_width(channels), stride = vae_weight_channel_stride(c);
    float *row = o->weight + k * vae_weight_window_stride(c);
    for (int64_t first = 0; first < channels; first += PANEL) {
        const int64_t width = vae_panel_width(channels - first);
        const float *sums = c->packed + first * c->depth + k * width;
        float total[PANEL] = {0.0f};
        for (int64_t p = 0; p < c->pieces; ++p) {
            for (int64_t j = 0; j < width; ++j)
                total[j] += sums[p * piece_size + j];
        }
        for (int64_t j = 0; j < width && first + j < channels; ++j)
            row[(first + j) * stride] = total[j];
    }
}

void VAE_ISA_NAME(vae_cpu_convolution_to_weights)(const vae_convolution *c)
{
    const int64_t shares = c->pieces * c->groups;
#pragma omp parallel num_threads(c->options.threads)
    {
        const int64_t thread = omp_get_thread_num();
#pragma omp for schedule(static)
        for (int64_t i = 0; i < shares; ++i)
            run_share(c, i, c->scratch + thread * c->scratch_size, c->offsets + thread * c->offset_count);
#pragma omp for schedule(static)
        for (int64_t k = 0; k < c->depth; ++k)
            add_pieces(c, k);
    }
}
