/* Plans the passes of a convolution, loads the windows of a chunk, and allocates what the threads work in. */
#include "backend/cpu/isa/convolution.h"

#include <stdlib.h>
#include <string.h>

#include "backend/host/arena.h"

enum {
    CHUNK_PIXELS = 96,
    SHARES = 16,           /* at least this many of a batch, where possible, to keep as many threads busy */
    PIECES_SIZE = 1 << 21, /* numbers in all pieces' sums, if there is more than one */
    BLOCK_COLUMNS = 512,
    LINE = 16 /* numbers in a cache line */
};

static int64_t ceiling(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    if (value > high) value = high;
    return value < low ? low : value;
}

/* Threads share no cache line. */
static int64_t whole_lines(int64_t numbers)
{
    return ceiling(numbers, LINE) * LINE;
}

/* ---- How the work is cut ---- */

static void cut_into_chunks(vae_convolution *c)
{
    const vae_convolution_options *o = &c->options;
    const int64_t height = o->small.height, width = o->small.width, pixels = height * width;
    c->chunk_images = clamp(CHUNK_PIXELS / pixels, 1, clamp(o->rows / SHARES, 1, o->rows));
    c->chunk_rows = height;
    if (pixels > CHUNK_PIXELS && o->pass != VAE_CONVOLUTION_TO_LARGE) {
        const int64_t bands = ceiling(height, clamp(CHUNK_PIXELS / width, 1, height));
        c->chunk_rows = ceiling(height, bands);
    }
    c->bands = ceiling(height, c->chunk_rows);
    c->chunks = ceiling(o->rows, c->chunk_images) * c->bands;
    c->band_height = (c->chunk_rows - 1) * o->window.stride + o->window.kernel;
    c->band_width = (width - 1) * o->window.stride + o->window.kernel;
    /* An odd number of cache lines: else the pixels of a column fall into few of the cache's sets. */
    c->band_stride = (whole_lines(c->band_width * o->large.channels) / LINE | 1) * LINE;
    c->segment = o->window.kernel * o->large.channels;
    c->depth = o->window.kernel * c->segment;
}

static void plan_to_small(vae_convolution *c)
{
    const vae_convolution_options *o = &c->options;
    c->scratch_size = c->chunk_images * c->band_height * c->band_stride;
    c->offset_count = whole_lines(c->chunk_images * c->chunk_rows * o->small.width);
    c->packed_size = vae_panels_width(o->small.channels) * c->depth;
}

static void plan_to_weights(vae_convolution *c)
{
    const vae_convolution_options *o = &c->options;
    plan_to_small(c);
    c->scratch_size += c->offset_count * PANEL;
    c->pieces = clamp(PIECES_SIZE / c->packed_size, 1, clamp(c->chunks, 1, SHARES));
    c->groups = clamp(SHARES / c->pieces, 1, ceiling(o->small.channels, PANEL));
    c->packed_size *= c->pieces;
}

static void plan_to_large(vae_convolution *c)
{
    const vae_convolution_options *o = &c->options;
    c->block_segments = clamp(BLOCK_COLUMNS / c->segment, 1, o->window.kernel);
    c->blocks = ceiling(o->window.kernel, c->block_segments);
    const int64_t width = vae_panels_width(c->block_segments * c->segment);
    c->scratch_size = VAE_BLOCK_ROWS * width;
    c->offset_count = whole_lines(VAE_BLOCK_ROWS);
    c->packed_size = c->blocks * width * o->small.channels;
}

vae_chunk VAE_ISA_NAME(vae_cpu_convolution_chunk)(const vae_convolution *c, int64_t index)
{
    const vae_convolution_options *o = &c->options;
    const int64_t first_image = index / c->bands * c->chunk_images, first_row = index % c->bands * c->chunk_rows;
    vae_chunk chunk = {
        .first_image = first_image,
        .images = clamp(o->rows - first_image, 0, c->chunk_images),
        .first_row = first_row,
        .rows = clamp(o->small.height - first_row, 0, c->chunk_rows),
        .first_pixel = (first_image * o->small.height + first_row) * o->small.width,
    };
    chunk.pixels = chunk.images * chunk.rows * o->small.width;
    return chunk;
}

/* ---- Windows ---- */

/* One row of the large side under the windows; y may lie outside. */
static void load_row(const vae_convolution *c, int64_t image, int64_t y, float *row)
{
    const vae_convolution_options *o = &c->options;
    const int64_t channels = o->large.channels, size = c->band_width * channels;
    if (y < 0 || y >= o->large.height) {
        memset(row, 0, (size_t)size * sizeof *row);
        return;
    }
    const int64_t before = clamp(o->window.padding, 0, c->band_width) * channels;
    const int64_t inside = clamp(o->large.width, 0, c->band_width - before / channels) * channels;
    memset(row, 0, (size_t)before * sizeof *row);
    memcpy(row + before, o->large.values + (image * o->large.height + y) * o->large.width * channels,
           (size_t)inside * sizeof *row);
    memset(row + before + inside, 0, (size_t)(size - before - inside) * sizeof *row);
}

vae_segmented VAE_ISA_NAME(vae_cpu_convolution_load)(const vae_convolution *c, const vae_chunk *chunk, float *scratch,
                                                     int32_t *offsets)
{
    const vae_convolution_options *o = &c->options;
    const int64_t stride = o->window.stride;
    const int64_t height = (chunk->rows - 1) * stride + o->window.kernel;
    float *row = scratch;
    int32_t *offset = offsets;
    for (int64_t image = 0; image < chunk->images; ++image) {
        for (int64_t y = 0; y < chunk->rows; ++y) {
            for (int64_t x = 0; x < o->small.width; ++x)
                *offset++ = (int32_t)((image * height + y * stride) * c->band_stride + x * stride * o->large.channels);
        }
        for (int64_t y = 0; y < height; ++y, row += c->band_stride)
            load_row(c, chunk->first_image + image, chunk->first_row * stride - o->window.padding + y, row);
    }
    return (vae_segmented){scratch, offsets, o->window.kernel, c->segment, c->band_stride};
}

/* ---- Life ---- */

static vae_status allocate(vae_convolution *c)
{
    const int64_t threads = c->options.threads, packed = whole_lines(c->packed_size);
    void *memory;
    c->scratch_size = whole_lines(c->scratch_size);
    const int64_t numbers = packed + threads * (c->scratch_size + c->offset_count);
    VAE_TRY(vae_arena_create("convolution", numbers, sizeof(float), &memory));
    c->packed = memory;
    c->scratch = c->packed + packed;
    c->offsets = (int32_t *)memory + packed + threads * c->scratch_size;
    return VAE_OK;
}

vae_status VAE_ISA_NAME(vae_cpu_convolution_create)(const vae_convolution_options *options,
                                                    vae_convolution **convolution)
{
    vae_convolution *made = calloc(1, sizeof *made);
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "convolution: out of memory");
    made->options = *options;
    cut_into_chunks(made);
    switch (options->pass) {
    case VAE_CONVOLUTION_TO_SMALL: plan_to_small(made); break;
    case VAE_CONVOLUTION_TO_LARGE: plan_to_large(made); break;
    case VAE_CONVOLUTION_TO_WEIGHTS: plan_to_weights(made); break;
    }
    const vae_status status = allocate(made);
    if (status) {
        VAE_ISA_NAME(vae_cpu_convolution_destroy)(made);
        return status;
    }
    *convolution = made;
    return VAE_OK;
}

void VAE_ISA_NAME(vae_cpu_convolution_run)(vae_convolution *convolution)
{
    switch (convolution->options.pass) {
    case VAE_CONVOLUTION_TO_SMALL: VAE_ISA_NAME(vae_cpu_convolution_to_small)(convolution); break;
    case VAE_CONVOLUTION_TO_LARGE: VAE_ISA_NAME(vae_cpu_convolution_to_large)(convolution); break;
    case VAE_CONVOLUTION_TO_WEIGHTS: VAE_ISA_NAME(vae_cpu_convolution_to_weights)(convolution); break;
    }
}

void VAE_ISA_NAME(vae_cpu_convolution_destroy)(vae_convolution *convolution)
{
    if (!convolution) return;
    free(convolution->packed);
    free(convolution);
}
