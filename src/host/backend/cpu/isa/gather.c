/* gather: a batch of rows of the data set as floats, shuffled, mirrored and binarised where asked for. */
#include "backend/cpu/isa/level.h"
#include "core/random.h"

static void convert_row(const uint8_t *restrict pixels, float *restrict x, int64_t count, float scale, float shift)
{
#pragma omp simd
    for (int64_t j = 0; j < count; ++j)
        x[j] = (float)pixels[j] * scale + shift;
}

static void convert_floats(const float *restrict values, float *restrict x, int64_t count, float scale, float shift)
{
#pragma omp simd
    for (int64_t j = 0; j < count; ++j)
        x[j] = values[j] * scale + shift;
}

/* One pixel: 255 with probability pixel / 255. u lies in (0, 1], so that 0 never and 255 always becomes 255. */
static inline float binarise(uint8_t pixel, uint32_t word, float scale, float shift)
{
    const float bit = vae_random_uniform(word) * 255.0f <= (float)pixel ? 255.0f : 0.0f;
    return bit * scale + shift;
}

/* `first` is the element of noise that the first pixel is. */
static void binarise_row(const vae_step *step, const uint8_t *restrict pixels, float *restrict x, int64_t count,
                         uint64_t first, float scale, float shift)
{
    int64_t j = 0;
    while (j < count) {
        const uint64_t element = first + (uint64_t)j;
        const vae_philox random = vae_random_block(step->seed, VAE_STREAM_BINARISE, step->step, element / 4);
        for (uint64_t word = element % 4; word < 4 && j < count; ++word, ++j) {
            x[j] = binarise(pixels[j], random.word[word], scale, shift);
        }
    }
}

/* The row of the data set, `bytes` long, that becomes row r of the batch. */
static const uint8_t *stored_row(const vae_call *call, int64_t r, int64_t bytes)
{
    uint64_t position = (uint64_t)(call->step->first + r);
    if (call->op->attributes.gather.shuffle) position = vae_permutation_apply(call->permutation, position);
    return (const uint8_t *)call->data->column.values + (int64_t)position * bytes;
}

/* Shuffled rows lie anywhere in memory, so the next one is asked for while this one is converted. */
static const uint8_t *prefetch_row(const vae_call *call, int64_t r, int64_t rows, int64_t bytes)
{
    if (r >= rows) return NULL;
    const uint8_t *row = stored_row(call, r, bytes);
    for (int64_t j = 0; j < bytes; j += 64)
        __builtin_prefetch(row + j);
    return row;
}

/* `count` values, of whichever type, that become numbers first … first + count - 1 of x. */
static void gather_values(const vae_call *call, const void *values, int64_t first, int64_t count)
{
    const vae_gather *gather = &call->op->attributes.gather;
    const float scale = (float)gather->scale, shift = (float)gather->shift;
    float *x = (float *)call->outputs[0] + first;
    if (gather->floats) {
        convert_floats(values, x, count, scale, shift);
    } else if (gather->binarise) {
        const uint64_t element = vae_call_first_element(call, vae_shape_columns(vae_call_output_shape(call, 0)));
        binarise_row(call->step, values, x, count, element + (uint64_t)first, scale, shift);
    } else {
        convert_row(values, x, count, scale, shift);
    }
}

static bool is_flipped(const vae_call *call, int64_t r)
{
    if (!call->op->attributes.gather.flip) return false;
    const vae_step *step = call->step;
    const uint64_t element = vae_call_first_element(call, 1) + (uint64_t)r;
    const vae_philox random = vae_random_block(step->seed, VAE_STREAM_FLIP, step->step, element / 4);
    return vae_random_uniform(random.word[element % 4]) > 0.5f;
}

/* Pixel by pixel, from the right of each line to its left. */
static void gather_mirrored(const vae_call *call, const uint8_t *row, int64_t r, int64_t elements, int64_t size)
{
    const vae_shape *shape = vae_call_output_shape(call, 0);
    const int64_t width = shape->size[2], channels = shape->size[3];
    for (int64_t line = 0; line < elements; line += width * channels) {
        for (int64_t x = 0; x < width; ++x) {
            const uint8_t *pixel = row + (line + (width - 1 - x) * channels) * size;
            gather_values(call, pixel, r * elements + line + x * channels, channels);
        }
    }
}

static void gather_row(const vae_call *call, const uint8_t *row, int64_t r, int64_t elements, int64_t size)
{
    if (is_flipped(call, r)) {
        gather_mirrored(call, row, r, elements, size);
    } else {
        gather_values(call, row, r * elements, elements);
    }
}

static vae_status run(vae_call *call)
{
    const int64_t rows = vae_call_output_shape(call, 0)->size[0];
    const int64_t elements = vae_shape_columns(vae_call_output_shape(call, 0));
    const int64_t size = (int64_t)vae_dtype_size(call->data->column.dtype), bytes = elements * size;
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int part = 0; part < threads; ++part) {
        int64_t begin, end;
        vae_cpu_share(rows, 1, part, threads, &begin, &end);
        const uint8_t *row = prefetch_row(call, begin, end, bytes);
        for (int64_t r = begin; r < end; ++r) {
            const uint8_t *next = prefetch_row(call, r + 1, end, bytes);
            gather_row(call, row, r, elements, size);
            row = next;
        }
    }
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_gather) = {.run = run};
