/* What some steps of training on the simulated device leave. */
#ifndef VAE_TESTS_CUDA_TRAIN_RESULT_H
#define VAE_TESTS_CUDA_TRAIN_RESULT_H

#include <simt/simt.h>

#include "backend/cuda/internal.h"
#include "training.h"

static const vae_device_options fp32 = {.precision = VAE_PRECISION_FP32};

typedef struct result {
    double *parameters; /* the caller frees */
    double loss;        /* of the last step */
    int64_t elements;
    int32_t launches;
} result;

/* `steps` steps; metrics are read after every `interval`. */
static inline result train(const vae_device_options *options, const vae_config *config, int steps, int interval)
{
    training t;
    result r = {0};
    open_training(&vae_backend_cuda, options, config, &t);
    for (int s = 0; s < steps; ++s) {
        if ((s + 1) % interval == 0) {
            r.loss = run_step(&t, s);
        } else {
            const vae_step step = step_number(s);
            MUST(vae_backend_cuda.executable_run(t.executable, &step));
        }
    }
    r.parameters = read_parameters(&t);
    r.elements = t.layout.elements;
    r.launches = t.executable->lowering.count;
    close_training(&t);
    return r;
}

static inline void assert_same_bits(const result *a, const result *b)
{
    cr_assert_eq(a->elements, b->elements);
    cr_assert_arr_eq(a->parameters, b->parameters, (size_t)a->elements * sizeof *a->parameters);
}

static inline void assert_close(const result *a, const result *b, double allowed)
{
    cr_assert_leq(fabs(a->loss - b->loss), allowed * fabs(a->loss), "loss %.9g, not %.9g", b->loss, a->loss);
}

#endif
