/* Activation functions and their derivatives, with the bias gradient summed in the same pass, and rounding to bf16. */
#include "backend/cpu/isa/level.h"
#include "backend/cpu/isa/primitives.h"

enum { PARALLEL_ELEMENTS = 8192, COLUMN_GRAIN = 16 };

/* What a gradient is told from, `from_`, is a or y, of which it names one. */
#define DEFINE_LOOPS(NAME, name, operands, value, gradient, ...)                                                       \
    static void activate_##name(const float *x, float *result, int64_t count)                                          \
    {                                                                                                                  \
        _Pragma("omp simd") for (int64_t i = 0; i < count; ++i)                                                        \
        {                                                                                                              \
            const float a = x[i];                                                                                      \
            result[i] = (value);                                                                                       \
        }                                                                                                              \
    }                                                                                                                  \
    static inline float gradient_##name(float d, float from)                                                           \
    {                                                                                                                  \
        const float a = from, y = from;                                                                                \
        (void)a, (void)y;                                                                                              \
        return (gradient);                                                                                             \
    }                                                                                                                  \
    static void backward_##name(float *restrict d_y, const float *restrict from, float *restrict bias, int64_t count)  \
    {                                                                                                                  \
        _Pragma("omp simd") for (int64_t i = 0; i < count; ++i)                                                        \
        {                                                                                                              \
            const float d_pre = gradient_##name(d_y[i], from[i]);                                                      \
            d_y[i] = d_pre;                                                                                            \
            bias[i] += d_pre;                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static void derive_##name(const float *d_y, const float *from, float *d_x, int64_t count)                          \
    {                                                                                                                  \
        _Pragma("omp simd") for (int64_t i = 0; i < count; ++i) d_x[i] = gradient_##name(d_y[i], from[i]);             \
    }
VAE_ACTIVATION_FUNCTIONS(DEFINE_LOOPS)
#undef DEFINE_LOOPS

typedef void (*activate_function)(const float *x, float *y, int64_t count);
typedef void (*derive_function)(const float *d_y, const float *from, float *d_x, int64_t count);
typedef void (*backward_function)(float *restrict d_y, const float *restrict from, float *restrict bias, int64_t count);

static const activate_function activate_functions[VAE_ACTIVATION_COUNT] = {
#define ROW(NAME, name, ...) [VAE_ACTIVATION_##NAME] = activate_##name,
    VAE_ACTIVATION_FUNCTIONS(ROW)
#undef ROW
};

static const derive_function derive_functions[VAE_ACTIVATION_COUNT] = {
#define ROW(NAME, name, ...) [VAE_ACTIVATION_##NAME] = derive_##name,
    VAE_ACTIVATION_FUNCTIONS(ROW)
#undef ROW
};

static const backward_function backward_functions[VAE_ACTIVATION_COUNT] = {
#define ROW(NAME, name, ...) [VAE_ACTIVATION_##NAME] = backward_##name,
    VAE_ACTIVATION_FUNCTIONS(ROW)
#undef ROW
};

void VAE_ISA_NAME(vae_cpu_activate_elements)(vae_activation activation, const float *x, float *y, int64_t elements,
                                             int threads)
{
    const activate_function function = activate_functions[activation];
#pragma omp parallel for schedule(static) num_threads(threads) if (elements >= PARALLEL_ELEMENTS)
    for (int part = 0; part < threads; ++part) {
        int64_t begin, end;
        vae_cpu_share(elements, COLUMN_GRAIN, part, threads, &begin, &end);
        function(x + begin, y + begin, end - begin);
    }
}

static vae_status run(vae_call *call)
{
    VAE_ISA_NAME(vae_cpu_activate_elements)
    (call->op->attributes.activate.activation, call->inputs[0], call->outputs[0],
     vae_shape_elements(vae_call_output_shape(call, 0)), vae_call_threads(call));
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_activate) = {.run = run};

/* d_x may be d_y. */
static vae_status run_backward(vae_call *call)
{
    const vae_activation activation = call->op->attributes.activate.activation;
    const float *d_y = call->inputs[0], *from = call->inputs[1];
    float *d_x = call->outputs[0];
    const int64_t elements = vae_shape_elements(vae_call_output_shape(call, 0));
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads) if (elements >= PARALLEL_ELEMENTS)
    for (int part = 0; part < threads; ++part) {
        int64_t begin, end;
        vae_cpu_share(elements, COLUMN_GRAIN, part, threads, &begin, &end);
        derive_functions[activation](d_y + begin, from + begin, d_x + begin, end - begin);
    }
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_activate_backward) = {.run = run_backward};

static inline uint16_t round_one(float value)
{
    const uint32_t bits = (uint32_t)simd_bits(value);
    const uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
    const uint32_t quiet_nan = (bits >> 16) | 0x40u;
    return (uint16_t)((bits & 0x7FFFFFFFu) > 0x7F800000u ? quiet_nan : rounded);
}

static void round_elements(const float *restrict source, uint16_t *restrict target, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        target[i] = round_one(source[i]);
}

void VAE_ISA_NAME(vae_cpu_round_bf16)(const float *source, uint16_t *target, int64_t elements, int threads)
{
#pragma omp parallel for schedule(static) num_threads(threads) if (elements >= PARALLEL_ELEMENTS)
    for (int part = 0; part < threads; ++part) {
        int64_t begin, end;
        vae_cpu_share(elements, COLUMN_GRAIN, part, threads, &begin, &end);
        round_elements(source + begin, target + begin, end - begin);
    }
}

static void add_to(float *restrict sums, const float *restrict values, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        sums[i] += values[i];
}

/* `count` numbers of d_y from `at` on, each added to its own sum. */
static void backward_run(const vae_cpu_activation_backward *a, int64_t at, float *sums, int64_t count)
{
    if (a->from) {
        backward_functions[a->activation](a->d_y + at, a->from + at, sums, count);
    } else {
        add_to(sums, a->d_y + at, count);
    }
    if (a->shadow) round_elements(a->d_y + at, a->shadow + at, count);
}

/* Threads share columns, and each adds up the rows in order: the sums do not depend on how many threads there are. */
static void backward_columns(const vae_cpu_activation_backward *a, int64_t begin, int64_t end)
{
    const int64_t count = end - begin;
    memset(a->d_bias + begin, 0, (size_t)count * sizeof *a->d_bias);
    for (int64_t r = 0; r < a->rows; ++r)
        backward_run(a, r * a->columns + begin, a->d_bias + begin, count);
}

/* Rows of few columns, as the channels of images: several rows are taken as one of up to TILE columns, and the sums
 * over pieces of rows are added up at the end. Pieces depend on the sizes alone, so the order of sums is fixed. */
enum { TILE = 128, PIECES = 64 };

static void backward_tiles(const vae_cpu_activation_backward *a, int64_t begin, int64_t end, float *sums)
{
    const int64_t tile = TILE / a->columns * a->columns;
    float wide[TILE] = {0.0f};
    for (int64_t at = begin * a->columns; at < end * a->columns; at += tile) {
        const int64_t left = end * a->columns - at;
        backward_run(a, at, wide, left < tile ? left : tile);
    }
    memset(sums, 0, (size_t)a->columns * sizeof *sums);
    for (int64_t i = 0; i < tile; ++i)
        sums[i % a->columns] += wide[i];
}

static void backward_narrow(const vae_cpu_activation_backward *a)
{
    float sums[PIECES][TILE];
    const int threads = a->threads;
    const int64_t size = (a->rows + PIECES - 1) / PIECES, pieces = (a->rows + size - 1) / size;
#pragma omp parallel for schedule(static) num_threads(threads) if (a->rows * a->columns >= PARALLEL_ELEMENTS)
    for (int64_t p = 0; p < pieces; ++p) {
        const int64_t end = (p + 1) * size < a->rows ? (p + 1) * size : a->rows;
        backward_tiles(a, p * size, end, sums[p]);
    }
    for (int64_t c = 0; c < a->columns; ++c) {
        double total = 0.0;
        for (int64_t p = 0; p < pieces; ++p)
            total += (double)sums[p][c];
        a->d_bias[c] = (float)total;
    }
}

void VAE_ISA_NAME(vae_cpu_activation_backward)(const vae_cpu_activation_backward *arguments)
{
    if (arguments->columns <= TILE && arguments->rows >= 16 * PIECES) {
        backward_narrow(arguments);
        return;
    }
    const int threads = arguments->threads;
#pragma omp parallel for schedule(static)                                                                              \
    num_threads(threads) if (arguments->rows * arguments->columns >= PARALLEL_ELEMENTS)
    for (int part = 0; part < threads; ++part) {
        int64_t begin, end;
        vae_cpu_share(arguments->columns, COLUMN_GRAIN, part, threads, &begin, &end);
        if (begin < end) backward_columns(arguments, begin, end);
    }
}

void VAE_ISA_NAME(vae_cpu_activate_biased)(vae_activation activation, float *x, const float *bias, float *y,
                                           int64_t rows, int64_t columns)
{
    /* Few columns are repeated, so that loops are long. */
    float wide[TILE];
    const int64_t repeated = columns <= TILE ? TILE / columns : 1, tile = repeated * columns;
    for (int64_t i = 0; i < repeated * columns && columns <= TILE; ++i)
        wide[i] = bias[i % columns];
    const float *tiled = columns <= TILE ? wide : bias;
    const activate_function function = activate_functions[activation];
    const int64_t elements = rows * columns;
    for (int64_t at = 0; at < elements; at += tile) {
        const int64_t count = elements - at < tile ? elements - at : tile;
        add_to(x + at, tiled, count);
        if (x != y || activation != VAE_ACTIVATION_IDENTITY) function(x + at, y + at, count);
    }
}
