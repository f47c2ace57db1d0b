/* Nearest upsampling: a row is spread once, then copied; the backward pass adds up the gradients of the copies. */
#include <string.h>

#include "backend/cpu/isa/level.h"

enum { PARALLEL_ELEMENTS = 8192 };

/* Rows of all images are one run of rows: factor divides the height. */
typedef struct upsampling {
    int64_t rows, width, channels, factor; /* of the smaller images */
} upsampling;

static upsampling describe(const vae_call *call, const vae_shape *small)
{
    return (upsampling){small->size[0] * small->size[1], small->size[2], small->size[3],
                        call->op->attributes.upsample.factor};
}

static void spread_pixel(const float *restrict x, float *restrict y, int64_t channels, int64_t factor)
{
    for (int64_t k = 0; k < factor; ++k) {
        for (int64_t c = 0; c < channels; ++c)
            y[k * channels + c] = x[c];
    }
}

/* One row of x, and `factor` of y. */
static void spread_row(const upsampling *u, const float *x, float *y)
{
    const int64_t wide = u->factor * u->channels, row = u->width * wide;
    for (int64_t column = 0; column < u->width; ++column)
        spread_pixel(x + column * u->channels, y + column * wide, u->channels, u->factor);
    for (int64_t k = 1; k < u->factor; ++k)
        memcpy(y + k * row, y, (size_t)row * sizeof *y);
}

static vae_status run(vae_call *call)
{
    const upsampling u = describe(call, vae_call_input_shape(call, 0));
    const float *x = call->inputs[0];
    float *y = call->outputs[0];
    const int64_t row = u.width * u.channels, wide = row * u.factor * u.factor;
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads) if (u.rows * wide >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < u.rows; ++r)
        spread_row(&u, x + r * row, y + r * wide);
    return VAE_OK;
}

static void gather_pixel(const float *restrict d_y, float *restrict d_x, int64_t channels, int64_t factor)
{
    for (int64_t k = 0; k < factor; ++k) {
        for (int64_t c = 0; c < channels; ++c)
            d_x[c] += d_y[k * channels + c];
    }
}

static void gather_row(const upsampling *u, const float *d_y, float *d_x)
{
    const int64_t wide = u->factor * u->channels, row = u->width * wide;
    memset(d_x, 0, (size_t)(u->width * u->channels) * sizeof *d_x);
    for (int64_t k = 0; k < u->factor; ++k) {
        for (int64_t column = 0; column < u->width; ++column) {
            gather_pixel(d_y + k * row + column * wide, d_x + column * u->channels, u->channels, u->factor);
        }
    }
}

static vae_status run_backward(vae_call *call)
{
    const upsampling u = describe(call, vae_call_output_shape(call, 0));
    const float *d_y = call->inputs[0];
    float *d_x = call->outputs[0];
    const int64_t row = u.width * u.channels, wide = row * u.factor * u.factor;
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads) if (u.rows * wide >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < u.rows; ++r)
        gather_row(&u, d_y + r * wide, d_x + r * row);
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_upsample) = {.run = run};
const vae_kernel VAE_ISA_NAME(vae_cpu_upsample_backward) = {.run = run_backward};
