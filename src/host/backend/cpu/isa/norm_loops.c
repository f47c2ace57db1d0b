#include "backend/cpu/isa/norm_loops.h"

#include "backend/cpu/isa/activation_functions.h"

/* The pre-activation is made again in each pass, which costs less than reading it from memory. */
#define DEFINE_NORM_FUNCTIONS(name, value, derivative)                                                                 \
    static void norm_forward_##name(const norm_tile *tile, const float *restrict x_, float *restrict y, int64_t count) \
    {                                                                                                                  \
        const float *restrict mean = tile->mean, *restrict inverse = tile->inverse_deviation;                          \
        const float *restrict scale = tile->scale, *restrict shift = tile->shift;                                      \
        _Pragma("omp simd") for (int64_t i = 0; i < count; ++i)                                                        \
        {                                                                                                              \
            const float x = (x_[i] - mean[i]) * inverse[i] * scale[i] + shift[i];                                      \
            y[i] = (value);                                                                                            \
        }                                                                                                              \
    }                                                                                                                  \
    static inline float norm_derivative_##name(float x)                                                                \
    {                                                                                                                  \
        const float y = (value);                                                                                       \
        const float from = vae_activation_needs_input(VAE_ACTIVATION_##name) ? x : y;                                  \
        return (derivative);                                                                                           \
    }                                                                                                                  \
    static void norm_sums_##name(const norm_tile *tile, const float *restrict x, const float *restrict d_y,            \
                                 double *restrict sums, double *restrict products, int64_t count)                      \
    {                                                                                                                  \
        const float *restrict mean = tile->mean, *restrict inverse = tile->inverse_deviation;                          \
        const float *restrict scale = tile->scale, *restrict shift = tile->shift;                                      \
        _Pragma("omp simd") for (int64_t i = 0; i < count; ++i)                                                        \
        {                                                                                                              \
            const float normalised = (x[i] - mean[i]) * inverse[i];                                                    \
            const float d = d_y[i] * norm_derivative_##name(normalised * scale[i] + shift[i]);                         \
            sums[i] += (double)d;                                                                                      \
            products[i] += (double)(d * normalised);                                                                   \
        }                                                                                                              \
    }                                                                                                                  \
    static void norm_backward_##name(const norm_tile *tile, const float *restrict x, float *restrict d_y,              \
                                     int64_t count)                                                                    \
    {                                                                                                                  \
        const float *restrict mean = tile->mean, *restrict inverse = tile->inverse_deviation;                          \
        const float *restrict scale = tile->scale, *restrict shift = tile->shift;                                      \
        const float *restrict mean_d = tile->mean_d, *restrict mean_product = tile->mean_product;                      \
        _Pragma("omp simd") for (int64_t i = 0; i < count; ++i)                                                        \
        {                                                                                                              \
            const float normalised = (x[i] - mean[i]) * inverse[i];                                                    \
            const float d = d_y[i] * norm_derivative_##name(normalised * scale[i] + shift[i]);                         \
            d_y[i] = inverse[i] * (scale[i] * d - mean_d[i] - normalised * mean_product[i]);                           \
        }                                                                                                              \
    }
ACTIVATION_FUNCTIONS(DEFINE_NORM_FUNCTIONS)
#undef DEFINE_NORM_FUNCTIONS

static const vae_norm_loops loops_by_activation[VAE_ACTIVATION_COUNT] = {
#define ROW(name, value, derivative)                                                                                   \
    [VAE_ACTIVATION_##name] = {norm_forward_##name, norm_sums_##name, norm_backward_##name},
    ACTIVATION_FUNCTIONS(ROW)
#undef ROW
};

const vae_norm_loops *VAE_ISA_NAME(vae_cpu_norm_loops)(vae_activation activation)
{
    return &loops_by_activation[activation];
}

void VAE_ISA_NAME(vae_cpu_norm_moments)(const float *restrict x, double *restrict sums, double *restrict squares,
                                        int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
        sums[i] += (double)x[i];
        squares[i] += (double)x[i] * (double)x[i];
    }
}
