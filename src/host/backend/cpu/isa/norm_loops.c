/* The SIMD loops of the norms: a pair for each activation, and sums in double that take four numbers at a time. */
#include "backend/cpu/isa/norm_loops.h"

#include "backend/cpu/isa/primitives.h"

/* The backward pass makes the pre-activation again, which costs less than reading it from memory. */
#define DEFINE_NORM_LOOPS(NAME, name, operands, value, gradient, ...)                                                  \
    static void norm_forward_##name(const norm_tile *tile, const float *restrict x, float *restrict y, int64_t count)  \
    {                                                                                                                  \
        const float *restrict mean = tile->mean, *restrict inverse = tile->inverse_deviation;                          \
        const float *restrict scale = tile->scale, *restrict shift = tile->shift;                                      \
        _Pragma("omp simd") for (int64_t i = 0; i < count; ++i)                                                        \
        {                                                                                                              \
            const float a = (x[i] - mean[i]) * inverse[i] * scale[i] + shift[i];                                       \
            y[i] = (value);                                                                                            \
        }                                                                                                              \
    }                                                                                                                  \
    static inline float norm_gradient_##name(float d, float a)                                                         \
    {                                                                                                                  \
        const float y = (value);                                                                                       \
        (void)y;                                                                                                       \
        return (gradient);                                                                                             \
    }                                                                                                                  \
    static void norm_derive_##name(const norm_tile *tile, const float *restrict x, float *restrict d_y, int64_t count) \
    {                                                                                                                  \
        const float *restrict mean = tile->mean, *restrict inverse = tile->inverse_deviation;                          \
        const float *restrict scale = tile->scale, *restrict shift = tile->shift;                                      \
        _Pragma("omp simd") for (int64_t i = 0; i < count; ++i) d_y[i] =                                               \
            norm_gradient_##name(d_y[i], (x[i] - mean[i]) * inverse[i] * scale[i] + shift[i]);                         \
    }
VAE_ACTIVATION_FUNCTIONS(DEFINE_NORM_LOOPS)
#undef DEFINE_NORM_LOOPS

static const vae_norm_loops loops_by_activation[VAE_ACTIVATION_COUNT] = {
#define ROW(NAME, name, ...) [VAE_ACTIVATION_##NAME] = {norm_forward_##name, norm_derive_##name},
    VAE_ACTIVATION_FUNCTIONS(ROW)
#undef ROW
};

const vae_norm_loops *VAE_ISA_NAME(vae_cpu_norm_loops)(vae_activation activation)
{
    return &loops_by_activation[activation];
}

/* Doubles are twice as wide as what is added to them: adding four numbers at a time spares them three trips in four. */
static void four_moments(const float *restrict x, int64_t size, double *restrict sums, double *restrict squares)
{
    const float *restrict x1 = x + size, *restrict x2 = x1 + size, *restrict x3 = x2 + size;
#pragma omp simd
    for (int64_t i = 0; i < size; ++i) {
        const double a = (double)x[i], b = (double)x1[i], c = (double)x2[i], d = (double)x3[i];
        sums[i] += (a + b) + (c + d);
        squares[i] += (a * a + b * b) + (c * c + d * d);
    }
}

static void moments(const float *restrict x, int64_t count, double *restrict sums, double *restrict squares)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
        sums[i] += (double)x[i];
        squares[i] += (double)x[i] * (double)x[i];
    }
}

void VAE_ISA_NAME(vae_cpu_norm_moments)(const float *restrict x, int64_t size, int64_t count, double *restrict sums,
                                        double *restrict squares)
{
    if (count == NORM_GROUP * size) {
        four_moments(x, size, sums, squares);
        return;
    }
    for (int64_t at = 0; at < count; at += size)
        moments(x + at, count - at < size ? count - at : size, sums, squares);
}

static void four_gradients(const norm_tile *tile, const float *restrict x, const float *restrict d, int64_t size,
                           double *restrict sums, double *restrict products)
{
    const float *restrict mean = tile->mean, *restrict inverse = tile->inverse_deviation;
    const float *restrict x1 = x + size, *restrict x2 = x1 + size, *restrict x3 = x2 + size;
    const float *restrict d1 = d + size, *restrict d2 = d1 + size, *restrict d3 = d2 + size;
#pragma omp simd
    for (int64_t i = 0; i < size; ++i) {
        const float first = d[i] * (x[i] - mean[i]) + d1[i] * (x1[i] - mean[i]);
        const float second = d2[i] * (x2[i] - mean[i]) + d3[i] * (x3[i] - mean[i]);
        sums[i] += (double)((d[i] + d1[i]) + (d2[i] + d3[i]));
        products[i] += (double)((first + second) * inverse[i]);
    }
}

static void gradients(const norm_tile *tile, const float *restrict x, const float *restrict d, int64_t count,
                      double *restrict sums, double *restrict products)
{
    const float *restrict mean = tile->mean, *restrict inverse = tile->inverse_deviation;
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
        sums[i] += (double)d[i];
        products[i] += (double)(d[i] * (x[i] - mean[i]) * inverse[i]);
    }
}

void VAE_ISA_NAME(vae_cpu_norm_gradients)(const norm_tile *tile, const float *restrict x, const float *restrict d,
                                          int64_t size, int64_t count, double *restrict sums, double *restrict products)
{
    if (count == NORM_GROUP * size) {
        four_gradients(tile, x, d, size, sums, products);
        return;
    }
    for (int64_t at = 0; at < count; at += size)
        gradients(tile, x + at, d + at, count - at < size ? count - at : size, sums, products);
}

void VAE_ISA_NAME(vae_cpu_norm_backward)(const norm_tile *tile, const float *restrict x, float *restrict d,
                                         int64_t count)
{
    const float *restrict mean = tile->mean, *restrict inverse = tile->inverse_deviation;
    const float *restrict scale = tile->scale, *restrict mean_d = tile->mean_d;
    const float *restrict mean_product = tile->mean_product;
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
        const float normalised = (x[i] - mean[i]) * inverse[i];
        d[i] = inverse[i] * (scale[i] * d[i] - mean_d[i] - normalised * mean_product[i]);
    }
}
