/* Likelihoods that describe each element by a mean and the log of a width: a row and its mean from the term of one
 * element. Everything is inlined into the family's own file, so that the term becomes SIMD code. */
#ifndef VAE_BACKEND_CPU_ISA_LOCATION_SCALE_H
#define VAE_BACKEND_CPU_ISA_LOCATION_SCALE_H

#include "backend/cpu/isa/level.h"
#include "backend/cpu/isa/simd_math.h"

#define VAE_ALWAYS_INLINE static inline __attribute__((always_inline))

/* What is the same for all elements. */
typedef struct location_scale {
    float floor;                 /* of the log of the width */
    float level, log_level;      /* distance of two levels */
    float first_edge, last_edge; /* x below or above lies in an outer bin */
} location_scale;

static inline location_scale location_scale_make(const vae_likelihood_options *options)
{
    return (location_scale){
        .floor = (float)vae_likelihood_floor(options),
        .level = (float)options->scale,
        .log_level = (float)log(options->scale),
        .first_edge = (float)(options->shift + 0.5 * options->scale),
        .last_edge = (float)(options->shift + (VAE_LEVELS - 1.5) * options->scale),
    };
}

/* log p and its derivatives by the mean and by the log of the width. */
typedef struct location_scale_term {
    float value, d_mean, d_log_width;
} location_scale_term;
typedef location_scale_term (*location_scale_function)(const location_scale *family, float mean, float log_width,
                                                       float x);

/* Elements between two transpositions, also after how many float sums are folded into a double. */
enum { LOCATION_SCALE_CHUNK = 512 };

/* In place: means and numbers l become their derivatives. */
VAE_ALWAYS_INLINE float location_scale_chunk(location_scale_function term, const location_scale *family, float weight,
                                             float *restrict means, float *restrict log_widths, const float *restrict x,
                                             int64_t count)
{
    const location_scale constants = *family;
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; ++i) {
        const float above = log_widths[i] - constants.floor;
        const location_scale_term t = term(&constants, means[i], constants.floor + simd_softplus(above), x[i]);
        sum += t.value;
        means[i] = weight * t.d_mean;
        log_widths[i] = weight * t.d_log_width * simd_sigmoid(above);
    }
    return sum;
}

VAE_ALWAYS_INLINE double location_scale_row(location_scale_function term, const vae_likelihood_options *options,
                                            const float *prediction, const float *x, int64_t pixels, float weight,
                                            float *gradient)
{
    const location_scale family = location_scale_make(options);
    const int64_t channels = options->channels, chunk = LOCATION_SCALE_CHUNK / channels;
    float means[LOCATION_SCALE_CHUNK], log_widths[LOCATION_SCALE_CHUNK];
    double sum = 0.0;
    for (int64_t first = 0; first < pixels; first += chunk) {
        const int64_t count = pixels - first < chunk ? pixels - first : chunk;
        for (int64_t p = 0; p < count; ++p) {
            for (int64_t c = 0; c < channels; ++c) {
                means[p * channels + c] = prediction[(first + p) * 2 * channels + c];
                log_widths[p * channels + c] = prediction[(first + p) * 2 * channels + channels + c];
            }
        }
        sum += (double)location_scale_chunk(term, &family, weight, means, log_widths, x + first * channels,
                                            count * channels);
        for (int64_t p = 0; gradient && p < count; ++p) {
            for (int64_t c = 0; c < channels; ++c) {
                gradient[(first + p) * 2 * channels + c] = means[p * channels + c];
                gradient[(first + p) * 2 * channels + channels + c] = log_widths[p * channels + c];
            }
        }
    }
    return sum;
}

static inline void location_scale_mean(const vae_likelihood_options *options, const float *prediction, int64_t pixels,
                                       float *mean)
{
    const int64_t channels = options->channels;
    for (int64_t p = 0; p < pixels; ++p) {
        for (int64_t c = 0; c < channels; ++c)
            mean[p * channels + c] = prediction[p * 2 * channels + c];
    }
}

/* A mean within the range that bytes have. */
static inline float location_scale_clamp(const vae_likelihood_options *options, float x)
{
    const float low = (float)options->shift, high = (float)(options->shift + (VAE_LEVELS - 1) * options->scale);
    return x < low ? low : (x > high ? high : x);
}

#endif
