#include "backend/cpu/isa/level.h"
#include "core/random.h"

static void convert_row(const uint8_t *restrict pixels, float *restrict x, int64_t count, float scale, float shift)
{
#pragma omp simd
    for (int64_t j = 0; j < count; ++j)
        x[j] = (float)pixels[j] * scale + shift;
}

/* One pixel: 255 with probability pixel / 255. u lies in (0, 1], so that 0 never and 255 always becomes 255. */
static inline float binarise(uint8_t pixel, uint32_t word, float scale, float shift)
{
    const float bit = vae_random_uniform(word) * 255.0f <= (float)pixel ? 255.0f : 0.0f;
    return bit * scale + shift;
}

/* Elements of the batch are numbered row by row; `first` is the row's first. */
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

vae_status VAE_ISA_NAME(vae_cpu_gather)(vae_call *call)
{
    const vae_shape *shape = vae_call_output_shape(call, 0);
    const int64_t rows = shape->size[0], elements = shape->size[1];
    const vae_images *images = &call->data->images;
    const float scale = (float)call->op->attributes.gather.scale;
    const float shift = (float)call->op->attributes.gather.shift;
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t r = 0; r < rows; ++r) {
        uint64_t position = (uint64_t)(call->step->first + r);
        if (call->op->attributes.gather.shuffle) position = vae_permutation_apply(call->permutation, position);
        const uint8_t *pixels = images->pixels + (int64_t)position * elements;
        float *x = (float *)call->outputs[0] + r * elements;
        if (call->op->attributes.gather.binarise) {
            binarise_row(call->step, pixels, x, elements, (uint64_t)(r * elements), scale, shift);
        } else {
            convert_row(pixels, x, elements, scale, shift);
        }
    }
    return VAE_OK;
}
