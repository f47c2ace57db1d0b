/* The cpu backend's convolutions, at every SIMD level that the processor has, against sums taken one by one; at sizes
 * that cut the work in every way there is. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_levels.h"

typedef struct shape {
    const char *name;
    int64_t rows, height, width, large, small;
    vae_window window;
} shape;

static const shape shapes[] = {
    {"one pixel", 1, 1, 1, 1, 1, {1, 1, 0, {0}}},
    {"images share a chunk", 37, 14, 14, 32, 64, {4, 2, 1, {0}}},
    {"one large channel", 19, 28, 28, 1, 33, {4, 2, 1, {0}}},
    {"an image of uneven bands", 3, 33, 31, 3, 20, {3, 1, 1, {0}}},
    {"rows wider than a chunk", 2, 3, 150, 2, 9, {3, 1, 1, {0}}},
    {"a row of a window is a block", 2, 9, 9, 200, 5, {3, 1, 1, {0}}},
    {"blocks of two rows and of one", 5, 8, 8, 50, 3, {5, 2, 2, {0}}},
    {"panels in groups", 40, 4, 4, 96, 200, {4, 2, 1, {0}}},
    {"one small channel", 6, 7, 7, 17, 1, {3, 1, 1, {0}}},
    {"a last panel of half the width", 18, 6, 5, 8, 48, {3, 1, 1, {0}}},
    {"gaps between windows", 2, 5, 5, 2, 3, {1, 2, 0, {0}}},
    {"windows on padding alone", 2, 3, 2, 4, 40, {5, 1, 4, {0}}},
    {"pixels that no window reaches", 2, 8, 7, 2, 3, {3, 2, 0, {0}}},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

typedef struct sides {
    const shape *s;
    int64_t small_height, small_width;
    int64_t large_count, small_count, weight_count;
    float *large, *small, *weight;
} sides;

static int64_t windows_along(int64_t size, const vae_window *w)
{
    return (size + 2 * w->padding - w->kernel) / w->stride + 1;
}

static float *numbers(int64_t count, unsigned seed)
{
    float *values = malloc((size_t)count * sizeof *values);
    uint32_t state = seed * 2654435761u + 1;
    for (int64_t i = 0; i < count; ++i) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 8) / (float)(1 << 23) - 1.0f;
    }
    return values;
}

static sides make_sides(const shape *s)
{
    sides made = {.s = s,
                  .small_height = windows_along(s->height, &s->window),
                  .small_width = windows_along(s->width, &s->window)};
    made.large_count = s->rows * s->height * s->width * s->large;
    made.small_count = s->rows * made.small_height * made.small_width * s->small;
    made.weight_count = s->window.kernel * s->window.kernel * s->large * s->small;
    made.large = numbers(made.large_count, 1);
    made.small = numbers(made.small_count, 2);
    made.weight = numbers(made.weight_count, 3);
    return made;
}

static void free_sides(sides *x)
{
    free(x->large);
    free(x->small);
    free(x->weight);
}

static int64_t weight_index(const shape *s, bool transposed, int64_t window, int64_t small)
{
    const int64_t depth = s->window.kernel * s->window.kernel * s->large;
    return transposed ? small * depth + window : window * s->small + small;
}

/* Adds what joins one pixel of the large side and one of the small to the pass's result. */
static void join(const sides *x, vae_convolution_pass pass, bool transposed, int64_t place, int64_t large,
                 int64_t small, double *result)
{
    const shape *s = x->s;
    for (int64_t c = 0; c < s->large; ++c) {
        for (int64_t n = 0; n < s->small; ++n) {
            const int64_t w = weight_index(s, transposed, place * s->large + c, n);
            const int64_t l = large * s->large + c, m = small * s->small + n;
            switch (pass) {
            case VAE_CONVOLUTION_TO_SMALL: result[m] += (double)x->large[l] * (double)x->weight[w]; break;
            case VAE_CONVOLUTION_TO_LARGE: result[l] += (double)x->small[m] * (double)x->weight[w]; break;
            case VAE_CONVOLUTION_TO_WEIGHTS: result[w] += (double)x->large[l] * (double)x->small[m]; break;
            }
        }
    }
}

static void sum_one_by_one(const sides *x, vae_convolution_pass pass, bool transposed, double *result)
{
    const shape *s = x->s;
    const int64_t kernel = s->window.kernel, stride = s->window.stride, padding = s->window.padding;
    const int64_t pixels = s->rows * x->small_height * x->small_width;
    for (int64_t small = 0; small < pixels; ++small) {
        const int64_t row = small / (x->small_height * x->small_width);
        const int64_t top = small / x->small_width % x->small_height * stride - padding;
        const int64_t left = small % x->small_width * stride - padding;
        for (int64_t place = 0; place < kernel * kernel; ++place) {
            const int64_t y = top + place / kernel, column = left + place % kernel;
            if (y < 0 || y >= s->height || column < 0 || column >= s->width) continue;
            join(x, pass, transposed, place, (row * s->height + y) * s->width + column, small, result);
        }
    }
}

/* ---- Levels ---- */

static vae_convolution_options options_of(const sides *x, vae_convolution_pass pass, bool transposed, int threads)
{
    const shape *s = x->s;
    return (vae_convolution_options){
        .pass = pass,
        .rows = s->rows,
        .large = {s->height, s->width, s->large, x->large},
        .small = {x->small_height, x->small_width, s->small, x->small},
        .weight = x->weight,
        .weight_transposed = transposed,
        .window = s->window,
        .threads = threads,
    };
}

static void run(const vae_cpu_isa *isa, const vae_convolution_options *options)
{
    vae_convolution *c = NULL;
    cr_assert_eq(isa->convolution_create(options, &c), VAE_OK, "%s", vae_error_message());
    isa->convolution_run(c);
    isa->convolution_destroy(c);
}

/* Runs a pass with its result in memory full of NaN; the caller frees. */
static float *result_of(const vae_cpu_isa *isa, const sides *x, vae_convolution_pass pass, bool transposed, int threads)
{
    vae_convolution_options options = options_of(x, pass, transposed, threads);
    const int64_t counts[] = {x->small_count, x->large_count, x->weight_count};
    float *result = malloc((size_t)counts[pass] * sizeof *result);
    for (int64_t i = 0; i < counts[pass]; ++i)
        result[i] = NAN;
    float **targets[] = {&options.small.values, &options.large.values, &options.weight};
    *targets[pass] = result;
    run(isa, &options);
    return result;
}

static void compare(const char *name, const vae_cpu_isa *isa, const double *expected, const float *found, int64_t count)
{
    double scale = 0.0, error = 0.0;
    for (int64_t i = 0; i < count; ++i) {
        cr_assert(isfinite(found[i]), "%s, %s: number %lld is %g", name, isa->name, (long long)i, (double)found[i]);
        scale = fmax(scale, fabs(expected[i]));
        error = fmax(error, fabs(expected[i] - (double)found[i]));
    }
    cr_assert_leq(error, 2e-6 * scale, "%s, %s: differs by %g of %g", name, isa->name, error, scale);
}

static void check_pass(const vae_cpu_isa *const *levels, int level_count, const sides *x, vae_convolution_pass pass,
                       bool transposed)
{
    const int64_t counts[] = {x->small_count, x->large_count, x->weight_count}, count = counts[pass];
    double *expected = calloc((size_t)count, sizeof *expected);
    sum_one_by_one(x, pass, transposed, expected);
    for (int i = 0; i < level_count; ++i) {
        float *one = result_of(levels[i], x, pass, transposed, 1);
        float *three = result_of(levels[i], x, pass, transposed, 3);
        compare(x->s->name, levels[i], expected, one, count);
        cr_assert_eq(memcmp(one, three, (size_t)count * sizeof *one), 0, "%s, %s: threads change the result",
                     x->s->name, levels[i]->name);
        free(one);
        free(three);
    }
    free(expected);
}

Test(cpu_convolution, every_level_sums_right_and_alike_whatever_the_threads)
{
    const vae_cpu_isa *levels[3];
    const int level_count = levels_here(levels);
    cr_assert_gt(level_count, 0);
    for (int i = 0; i < SHAPES; ++i) {
        sides x = make_sides(&shapes[i]);
        for (int transposed = 0; transposed < 2; ++transposed) {
            check_pass(levels, level_count, &x, VAE_CONVOLUTION_TO_SMALL, transposed);
            check_pass(levels, level_count, &x, VAE_CONVOLUTION_TO_LARGE, transposed);
            check_pass(levels, level_count, &x, VAE_CONVOLUTION_TO_WEIGHTS, transposed);
        }
        free_sides(&x);
    }
}

/* A bias and relu, in place and beside the numbers that go in. */
static void check_activation(const vae_cpu_isa *isa, const sides *x, vae_convolution_pass pass)
{
    const bool to_small = pass == VAE_CONVOLUTION_TO_SMALL;
    const int64_t count = to_small ? x->small_count : x->large_count, channels = to_small ? x->s->small : x->s->large;
    float *plain = result_of(isa, x, pass, false, 2), *bias = numbers(channels, 4);
    float *before = calloc((size_t)count, sizeof *before), *after = calloc((size_t)count, sizeof *after);
    for (int in_place = 0; in_place < 2; ++in_place) {
        vae_convolution_options options = options_of(x, pass, false, 2);
        *(to_small ? &options.small.values : &options.large.values) = before;
        options.bias = bias;
        options.activation = VAE_ACTIVATION_RELU;
        options.activated = in_place ? before : after;
        run(isa, &options);
        for (int64_t i = 0; i < count; ++i) {
            const float pre_activation = plain[i] + bias[i % channels];
            cr_assert_eq(options.activated[i], fmaxf(pre_activation, 0.0f), "%s, %s", x->s->name, isa->name);
            cr_assert(in_place || before[i] == pre_activation, "%s, %s", x->s->name, isa->name);
        }
    }
    free(plain);
    free(bias);
    free(before);
    free(after);
}

Test(cpu_convolution, a_bias_and_an_activation_follow)
{
    const vae_cpu_isa *levels[3];
    const int level_count = levels_here(levels);
    for (int i = 0; i < SHAPES; ++i) {
        sides x = make_sides(&shapes[i]);
        for (int level = 0; level < level_count; ++level) {
            check_activation(levels[level], &x, VAE_CONVOLUTION_TO_SMALL);
            check_activation(levels[level], &x, VAE_CONVOLUTION_TO_LARGE);
        }
        free_sides(&x);
    }
}
