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
    r.elements = t.design.layout.elements;
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

/* Kernels take the place of epilogues that a GPU refuses, and give the same numbers. */
static inline void expect_refused_epilogues_to_be_replaced(const vae_config *config, int steps)
{
    simt_cublaslt_refuse_epilogues(0);
    const result fused = train(&fp32, config, steps, 1);
    simt_cublaslt_refuse_epilogues(2);
    const result forward = train(&fp32, config, steps, 1);
    simt_cublaslt_refuse_epilogues(1);
    const result plain = train(&fp32, config, steps, 1);
    cr_assert_gt(forward.launches, fused.launches);
    cr_assert_gt(plain.launches, forward.launches);
    assert_close(&fused, &forward, 1e-5);
    assert_close(&fused, &plain, 1e-5);
    free(fused.parameters);
    free(forward.parameters);
    free(plain.parameters);
}

static inline void expect_no_bit_to_depend_on_thread_order(const vae_config *config, int steps)
{
    simt_set_seed(1);
    const result first = train(&fp32, config, steps, 1);
    for (uint64_t seed = 2; seed < 6; ++seed) {
        simt_set_seed(seed);
        const result other = train(&fp32, config, steps, 1);
        assert_same_bits(&first, &other);
        free(other.parameters);
    }
    free(first.parameters);
}

#endif
