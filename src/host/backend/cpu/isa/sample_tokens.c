/* sample_tokens: which ids are drawn, and what, is a function of seed, step and place. A draw goes through its logits
 * tile by tile. */
#include <math.h>

#include "backend/cpu/isa/level.h"
#include "backend/cpu/isa/simd_math.h"
#include "core/random.h"
#include "program/sequence.h"

/* Blocks of four numbers are made so many at a time. Steps go to threads in small groups, as those that nothing is
 * drawn for cost little. */
enum { TILE_BLOCKS = 64, TILE = 4 * TILE_BLOCKS, GROUP = 4 };

/* -log(-log(1 - u)) */
static inline float gumbel(uint32_t word)
{
    const float u = vae_random_uniform(word);
    return -simd_log(-simd_log1p(-(u < VAE_UNIFORM_BELOW_ONE ? u : VAE_UNIFORM_BELOW_ONE)));
}

static void fill_gumbels(const vae_step *step, uint32_t stream, uint64_t first_block, int64_t blocks,
                         float *restrict noise)
{
    const uint64_t seed = step->seed, noise_step = step->step;
#pragma omp simd
    for (int64_t b = 0; b < blocks; ++b) {
        const vae_philox random = vae_random_block(seed, stream, noise_step, first_block + (uint64_t)b);
        noise[4 * b] = gumbel(random.word[0]);
        noise[4 * b + 1] = gumbel(random.word[1]);
        noise[4 * b + 2] = gumbel(random.word[2]);
        noise[4 * b + 3] = gumbel(random.word[3]);
    }
}

/* Adds the logits to their noise; the largest sum. */
static float add_logits(const float *restrict logits, int64_t count, float *restrict scores)
{
    float largest = -INFINITY;
#pragma omp simd reduction(max : largest)
    for (int64_t i = 0; i < count; ++i) {
        scores[i] += logits[i];
        largest = scores[i] > largest ? scores[i] : largest;
    }
    return largest;
}

static int64_t draw(const vae_call *call, const float *logits, int64_t vocabulary, uint64_t first_element)
{
    const int64_t never = call->op->attributes.sample_tokens.never;
    int64_t best = never == 0;
    float scores[TILE], largest = -INFINITY;
    for (int64_t first = 0; first < vocabulary; first += TILE) {
        const int64_t count = vocabulary - first < TILE ? vocabulary - first : TILE;
        fill_gumbels(call->step, call->op->attributes.sample_tokens.stream, (first_element + (uint64_t)first) / 4,
                     (count + 3) / 4, scores);
        if (never >= first && never < first + count) scores[never - first] = -INFINITY;
        const float found = add_logits(logits + first, count, scores);
        if (!(found > largest)) continue;
        int64_t at = 0;
        while (scores[at] != found)
            ++at;
        largest = found;
        best = first + at;
    }
    return best;
}

static vae_status run(vae_call *call)
{
    const float *logits = call->inputs[0], *ids = call->inputs[1], *lengths = call->inputs[2];
    const int64_t rows = vae_call_input_shape(call, 2)->size[0], count = vae_call_input_shape(call, 0)->size[0];
    const int64_t vocabulary = vae_shape_columns(vae_call_input_shape(call, 0));
    const float share = (float)call->step->sampling;
    float *y = call->outputs[0];
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static, GROUP) num_threads(threads)
    for (int64_t i = 0; i < count; ++i) {
        const int64_t row = i % rows, step = i / rows;
        const uint64_t element =
            (uint64_t)vae_sequence_element(call->step->first_row + row, vae_sample_place(step, vocabulary));
        const vae_philox random = vae_random_block(call->step->seed, call->op->attributes.sample_tokens.stream,
                                                   call->step->step, element / 4);
        const bool counts = step > 0 && (float)step < lengths[row];
        const bool drawn = counts && vae_random_uniform(random.word[0]) <= share;
        y[i] =
            drawn ? (float)draw(call, logits + (i - rows) * vocabulary, vocabulary, element + VAE_SAMPLE_DRAW) : ids[i];
    }
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_sample_tokens) = {.run = run};
