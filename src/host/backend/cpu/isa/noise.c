/* Normal noise by SIMD, a function of seed, stream, step and position; and prior_sample, which scales it. */
#include "backend/cpu/isa/level.h"
#include "backend/cpu/isa/simd_math.h"
#include "core/random.h"

/* Blocks are made in groups through a buffer, so that elements that start inside a block need no special loop. */
enum { GROUP_BLOCKS = 64 };

/* Four normals per block, as vae_random_normal4 does in double. */
static void fill_blocks(const vae_step *step, uint32_t stream, uint64_t first_block, int count, float *restrict normal)
{
    const uint64_t seed = step->seed, noise_step = step->step;
#pragma omp simd
    for (int b = 0; b < count; ++b) {
        const vae_philox random = vae_random_block(seed, stream, noise_step, first_block + (uint64_t)b);
        float sine, cosine;
        const float radius0 = sqrtf(-2.0f * simd_log(vae_random_uniform(random.word[0])));
        simd_sincos_turn(vae_random_uniform(random.word[1]), &sine, &cosine);
        normal[4 * b] = radius0 * sine;
        normal[4 * b + 1] = radius0 * cosine;
        const float radius1 = sqrtf(-2.0f * simd_log(vae_random_uniform(random.word[2])));
        simd_sincos_turn(vae_random_uniform(random.word[3]), &sine, &cosine);
        normal[4 * b + 2] = radius1 * sine;
        normal[4 * b + 3] = radius1 * cosine;
    }
}

void VAE_ISA_NAME(vae_cpu_fill_normal)(const vae_step *step, uint32_t stream, uint64_t first, int64_t count,
                                       float *normal)
{
    float buffer[4 * GROUP_BLOCKS];
    int64_t done = 0;
    while (done < count) {
        const uint64_t element = first + (uint64_t)done;
        const int64_t skip = (int64_t)(element % 4);
        int64_t take = 4 * GROUP_BLOCKS - skip;
        if (take > count - done) take = count - done;
        fill_blocks(step, stream, element / 4, (int)((skip + take + 3) / 4), buffer);
        memcpy(normal + done, buffer + skip, (size_t)take * sizeof *normal);
        done += take;
    }
}

static vae_status run(vae_call *call)
{
    float *z = call->outputs[0];
    const vae_shape *shape = vae_call_output_shape(call, 0);
    const int64_t count = vae_shape_elements(shape);
    const uint64_t first =
        vae_call_first_element(call, vae_program_batch_row_elements(call->program, call->op->outputs[0]));
    const float temperature = (float)call->op->attributes.prior_sample.temperature;
    VAE_ISA_NAME(vae_cpu_fill_normal)(call->step, call->op->attributes.prior_sample.stream, first, count, z);
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        z[i] *= temperature;
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_prior_sample) = {.run = run};
