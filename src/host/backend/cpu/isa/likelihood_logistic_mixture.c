/* The mixture of discretised logistics by SIMD over pixels: each lane is a pixel. */
#include <string.h>

#include "backend/cpu/isa/logistic.h"

/* Pixels are taken LANES at a time and turned round, so that each of a pixel's numbers is a vector. */
enum { LANES = 32, MAX_WIDTH = 10 * VAE_MAX_MIXTURES };

typedef float vector[LANES];

/* Some pixels: their numbers, which become derivatives in place. Lanes beyond the last pixel mean nothing. */
typedef struct block {
    vector numbers[MAX_WIDTH];
    vector joint[VAE_MAX_MIXTURES]; /* log π_k + log p(x | component k), but for the normaliser of π */
    vector x[3];
    int64_t components, channels;
    location_scale family;
} block;

/* Where the numbers of a component stand; channels' and pairs' are `components` apart. */
static inline vector *logit(block *b, int64_t k)
{
    return b->numbers + k;
}
static inline vector *channel_mean(block *b, int64_t channel, int64_t k)
{
    return b->numbers + b->components * (1 + channel) + k;
}
static inline vector *channel_log_scale(block *b, int64_t channel, int64_t k)
{
    return b->numbers + b->components * (1 + b->channels + channel) + k;
}
static inline vector *coefficient(block *b, int64_t channel, int64_t on, int64_t k)
{
    return b->numbers + b->components * (1 + 2 * b->channels + channel * (channel - 1) / 2 + on) + k;
}

static void turn_in(const float *pixels, int64_t count, int64_t width, vector *numbers)
{
    for (int64_t i = 0; i < width; ++i) {
        for (int64_t p = 0; p < count; ++p)
            numbers[i][p] = pixels[p * width + i];
    }
}

static void turn_out(vector *numbers, int64_t count, int64_t width, float *pixels)
{
    for (int64_t p = 0; p < count; ++p) {
        for (int64_t i = 0; i < width; ++i)
            pixels[p * width + i] = numbers[i][p];
    }
}

/* Adds tanh(coefficient)·x to the mean; the coefficient becomes the derivative of that. */
static void move_mean(vector mean, vector coefficients, const vector x)
{
#pragma omp simd
    for (int p = 0; p < LANES; ++p) {
        const float tangent = simd_tanh(coefficients[p]);
        mean[p] += tangent * x[p];
        coefficients[p] = x[p] * (1.0f - tangent * tangent);
    }
}

/* Mean and log-scale become derivatives; log p is added to `joint`. */
static void add_channel(const location_scale *family, vector mean, vector log_scale, const vector x, vector joint)
{
    const location_scale constants = *family;
#pragma omp simd
    for (int p = 0; p < LANES; ++p) {
        const float above = log_scale[p] - constants.floor;
        const location_scale_term t = logistic_term(&constants, mean[p], constants.floor + simd_softplus(above), x[p]);
        joint[p] += t.value;
        mean[p] = t.d_mean;
        log_scale[p] = t.d_log_width * simd_sigmoid(above);
    }
}

static void multiply(vector values, const vector factors)
{
#pragma omp simd
    for (int p = 0; p < LANES; ++p)
        values[p] *= factors[p];
}

/* joint[k], and the derivatives of log p(x | component k) in place of means, log-scales and coefficients. */
static void add_component(block *b, int64_t k)
{
    memcpy(b->joint[k], *logit(b, k), sizeof(vector));
    for (int64_t c = 0; c < b->channels; ++c) {
        vector *mean = channel_mean(b, c, k);
        for (int64_t on = 0; on < c; ++on)
            move_mean(*mean, *coefficient(b, c, on, k), b->x[on]);
        add_channel(&b->family, *mean, *channel_log_scale(b, c, k), b->x[c], b->joint[k]);
        for (int64_t on = 0; on < c; ++on)
            multiply(*coefficient(b, c, on, k), *mean);
    }
}

static void log_sum_exp(vector *values, int64_t count, vector result)
{
    vector largest, sum = {0};
    memcpy(largest, values[0], sizeof largest);
    for (int64_t k = 1; k < count; ++k) {
#pragma omp simd
        for (int p = 0; p < LANES; ++p)
            largest[p] = values[k][p] > largest[p] ? values[k][p] : largest[p];
    }
    for (int64_t k = 0; k < count; ++k) {
#pragma omp simd
        for (int p = 0; p < LANES; ++p)
            sum[p] += simd_exp(values[k][p] - largest[p]);
    }
#pragma omp simd
    for (int p = 0; p < LANES; ++p)
        result[p] = largest[p] + simd_log(sum[p]);
}

/* Derivatives of log p(x | component k) become those of log p(x), times weight. */
static void weigh_component(block *b, int64_t k, const vector total, const vector normaliser, float weight)
{
    vector share;
    float *logits = *logit(b, k);
#pragma omp simd
    for (int p = 0; p < LANES; ++p) {
        share[p] = weight * simd_exp(b->joint[k][p] - total[p]);
        logits[p] = share[p] - weight * simd_exp(logits[p] - normaliser[p]);
    }
    for (int64_t c = 0; c < b->channels; ++c) {
        multiply(*channel_mean(b, c, k), share);
        multiply(*channel_log_scale(b, c, k), share);
        for (int64_t on = 0; on < c; ++on)
            multiply(*coefficient(b, c, on, k), share);
    }
}

static double row(const vae_likelihood_options *options, const float *prediction, const float *x, int64_t pixels,
                  float weight, float *gradient)
{
    const int64_t width = vae_likelihood_width(options);
    block b = {.components = options->mixtures, .channels = options->channels, .family = location_scale_make(options)};
    double sum = 0.0;
    for (int64_t first = 0; first < pixels; first += LANES) {
        const int64_t count = pixels - first < LANES ? pixels - first : LANES;
        vector total, normaliser;
        turn_in(prediction + first * width, count, width, b.numbers);
        turn_in(x + first * b.channels, count, b.channels, b.x);
        log_sum_exp(b.numbers, b.components, normaliser);
        for (int64_t k = 0; k < b.components; ++k)
            add_component(&b, k);
        log_sum_exp(b.joint, b.components, total);
        for (int64_t p = 0; p < count; ++p)
            sum += (double)(total[p] - normaliser[p]);
        if (!gradient) continue;
        for (int64_t k = 0; k < b.components; ++k)
            weigh_component(&b, k, total, normaliser, weight);
        turn_out(b.numbers, count, width, gradient + first * width);
    }
    return sum;
}

/* means[0 … channels - 1] of component k, in place. */
static void component_means(block *b, const vae_likelihood_options *options, int64_t k)
{
    for (int64_t c = 0; c < b->channels; ++c) {
        float *mean = *channel_mean(b, c, k);
        for (int64_t on = 0; on < c; ++on)
            move_mean(mean, *coefficient(b, c, on, k), *channel_mean(b, on, k));
        for (int p = 0; p < LANES; ++p)
            mean[p] = location_scale_clamp(options, mean[p]);
    }
}

static void mean(const vae_likelihood_options *options, const float *prediction, int64_t pixels, float *values)
{
    const int64_t width = vae_likelihood_width(options);
    block b = {.components = options->mixtures, .channels = options->channels};
    for (int64_t first = 0; first < pixels; first += LANES) {
        const int64_t count = pixels - first < LANES ? pixels - first : LANES;
        vector normaliser;
        turn_in(prediction + first * width, count, width, b.numbers);
        log_sum_exp(b.numbers, b.components, normaliser);
        memset(b.x, 0, sizeof b.x);
        for (int64_t k = 0; k < b.components; ++k) {
            component_means(&b, options, k);
            for (int64_t c = 0; c < b.channels; ++c) {
                for (int p = 0; p < LANES; ++p)
                    b.x[c][p] += simd_exp((*logit(&b, k))[p] - normaliser[p]) * (*channel_mean(&b, c, k))[p];
            }
        }
        turn_out(b.x, count, b.channels, values + first * b.channels);
    }
}

const vae_cpu_family VAE_ISA_NAME(vae_cpu_likelihood_logistic_mixture) = {.row = row, .mean = mean};
