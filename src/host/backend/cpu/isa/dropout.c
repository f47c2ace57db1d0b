/* dropout: the mask is a function of seed, step and position, made four elements at a time and never stored. */
#include "backend/cpu/isa/level.h"
#include "core/random.h"

enum { PARALLEL_ELEMENTS = 8192, GRAIN = 64 };

typedef struct dropout {
    uint64_t seed, step;
    uint32_t stream;
    float rate, scale;
} dropout;

static inline float keep(const dropout *d, uint32_t word, float x)
{
    return vae_random_uniform(word) > d->rate ? x * d->scale : 0.0f;
}

/* `count` elements of one block of four, from element `first` on. */
static void drop_few(const dropout *d, const float *x, float *y, uint64_t first, int64_t count)
{
    const vae_philox random = vae_random_block(d->seed, d->stream, d->step, first / 4);
    for (int64_t i = 0; i < count; ++i)
        y[i] = keep(d, random.word[first % 4 + (uint64_t)i], x[i]);
}

/* From element `first` on, a multiple of 4. y may be x. */
static void drop_blocks(const dropout *d, const float *x, float *y, uint64_t first, int64_t count)
{
    const uint64_t seed = d->seed, step = d->step, block = first / 4;
    const uint32_t stream = d->stream;
#pragma omp simd
    for (int64_t b = 0; b < count / 4; ++b) {
        const vae_philox random = vae_random_block(seed, stream, step, block + (uint64_t)b);
        y[4 * b] = keep(d, random.word[0], x[4 * b]);
        y[4 * b + 1] = keep(d, random.word[1], x[4 * b + 1]);
        y[4 * b + 2] = keep(d, random.word[2], x[4 * b + 2]);
        y[4 * b + 3] = keep(d, random.word[3], x[4 * b + 3]);
    }
    const int64_t done = count / 4 * 4;
    drop_few(d, x + done, y + done, first + (uint64_t)done, count - done);
}

/* From any element on. */
static void drop(const dropout *d, const float *x, float *y, uint64_t first, int64_t count)
{
    const int64_t to_block = (int64_t)(-first % 4), begin = to_block < count ? to_block : count;
    if (begin > 0) drop_few(d, x, y, first, begin);
    drop_blocks(d, x + begin, y + begin, first + (uint64_t)begin, count - begin);
}

static vae_status run(vae_call *call)
{
    const float *x = call->inputs[0];
    float *y = call->outputs[0];
    const double rate = call->op->attributes.dropout.rate;
    const dropout d = {
        .seed = call->step->seed,
        .step = call->step->step,
        .stream = call->op->attributes.dropout.stream,
        .rate = (float)rate,
        .scale = (float)(1.0 / (1.0 - rate)),
    };
    const vae_shape *shape = vae_call_output_shape(call, 0);
    const int64_t elements = vae_shape_elements(shape);
    const uint64_t first =
        vae_call_first_element(call, vae_program_batch_row_elements(call->program, call->op->outputs[0]));
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads) if (elements >= PARALLEL_ELEMENTS)
    for (int part = 0; part < threads; ++part) {
        int64_t begin, end;
        vae_cpu_share(elements, GRAIN, part, threads, &begin, &end);
        drop(&d, x + begin, y + begin, first + (uint64_t)begin, end - begin);
    }
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_dropout) = {.run = run};
