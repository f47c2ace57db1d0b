/* add: the sum of two tensors, element by element. */
#include "backend/cpu/isa/level.h"

enum { PARALLEL_ELEMENTS = 8192, GRAIN = 16 };

static void add(const float *restrict a, const float *restrict b, float *restrict y, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        y[i] = a[i] + b[i];
}

static vae_status run(vae_call *call)
{
    const float *a = call->inputs[0], *b = call->inputs[1];
    float *y = call->outputs[0];
    const int64_t elements = vae_shape_elements(vae_call_output_shape(call, 0));
    const int threads = vae_call_threads(call);
#pragma omp parallel for schedule(static) num_threads(threads) if (elements >= PARALLEL_ELEMENTS)
    for (int part = 0; part < threads; ++part) {
        int64_t begin, end;
        vae_cpu_share(elements, GRAIN, part, threads, &begin, &end);
        add(a + begin, b + begin, y + begin, end - begin);
    }
    return VAE_OK;
}

const vae_kernel VAE_ISA_NAME(vae_cpu_add) = {.run = run};
