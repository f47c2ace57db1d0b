/* small = activation(large * weight + bias): the product of windows and weights. */
#include <omp.h>

#include "backend/cpu/isa/convolution.h"

static void run_chunk(const vae_convolution *c, int64_t index, float *scratch, int32_t *offsets)
{
    const vae_convolution_options *o = &c->options;
    const vae_chunk chunk = VAE_ISA_NAME(vae_cpu_convolution_chunk)(c, index);
    const vae_segmented windows = VAE_ISA_NAME(vae_cpu_convolution_load)(c, &chunk, scratch, offsets);
    const int64_t channels = o->small.channels;
    float *target = o->small.values + chunk.first_pixel * channels;
    for (int64_t first = 0; first < channels; first += PANEL) {
        const int64_t left = channels - first;
        VAE_ISA_NAME(vae_cpu_tile_product)
        (&windows, chunk.pixels, c->packed + first * c->depth, vae_panel_width(left), target + first, channels, left);
    }
    if (!o->bias) return;
    VAE_ISA_NAME(vae_cpu_activate_biased)
    (o->activation, target, o->bias, o->activated + chunk.first_pixel * channels, chunk.pixels, channels);
}

static void pack(const vae_convolution *c, int64_t first)
{
    const vae_convolution_options *o = &c->options;
    const int64_t stride = vae_weight_channel_stride(c);
    VAE_ISA_NAME(vae_cpu_tile_pack)
    (o->weight + first * stride, c->depth, o->small.channels - first, vae_weight_window_stride(c), stride,
     c->packed + first * c->depth);
}

void VAE_ISA_NAME(vae_cpu_convolution_to_small)(const vae_convolution *c)
{
#pragma omp parallel num_threads(c->options.threads)
    {
        const int64_t thread = omp_get_thread_num();
#pragma omp for schedule(static)
        for (int64_t first = 0; first < c->options.small.channels; first += PANEL)
            pack(c, first);
#pragma omp for schedule(static)
        for (int64_t i = 0; i < c->chunks; ++i)
            run_chunk(c, i, c->scratch + thread * c->scratch_size, c->offsets + thread * c->offset_count);
    }
}
