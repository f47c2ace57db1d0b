/* The ops between layers on the simulated device: how many launches they are, what they leave behind, and bf16. */
#include "backend/cuda/internal.h"
#include "ops.h"

static double *run_twice(const vae_backend *backend, vae_precision precision, op_program *p, int runs)
{
    const vae_device_options options = {.threads = 1, .precision = precision};
    op_run r;
    open_run_with(backend, &options, p, &r);
    for (int i = 0; i < runs; ++i)
        MUST(backend->executable_run(r.executable, &op_step));
    double *gradients = read_arena(p, &r, VAE_ARENA_GRADIENTS);
    close_run(&r);
    return gradients;
}

Test(cuda_blocks, a_step_leaves_nothing_that_the_next_would_see)
{
    for (int i = 0; i < OP_CASE_COUNT; ++i) {
        op_program p;
        if (op_cases[i].family < FAMILY_BATCH_NORM) continue;
        build_case(&op_cases[i], &p);
        double *once = run_twice(&vae_backend_cuda, VAE_PRECISION_FP32, &p, 1);
        double *twice = run_twice(&vae_backend_cuda, VAE_PRECISION_FP32, &p, 2);
        cr_assert_arr_eq(once, twice, (size_t)p.layout.elements * sizeof *once, "%s", op_cases[i].name);
        free(once);
        free(twice);
        free_case(&p);
    }
}

/* Products read the bf16 copies that the ops between them write. */
Test(cuda_blocks, bf16_is_close)
{
    for (int i = 0; i < OP_CASE_COUNT; ++i) {
        op_program p;
        if (op_cases[i].family < FAMILY_BATCH_NORM) continue;
        build_case(&op_cases[i], &p);
        double *exact = run_twice(&vae_backend_reference, VAE_PRECISION_FP32, &p, 1);
        double *rounded = run_twice(&vae_backend_cuda, VAE_PRECISION_BF16, &p, 1);
        double scale = 0.0, error = 0.0;
        for (int64_t k = 0; k < p.layout.elements; ++k) {
            scale = fmax(scale, fabs(exact[k]));
            error = fmax(error, fabs(exact[k] - rounded[k]));
        }
        cr_assert_leq(error, 4e-2 * scale, "%s: %g of %g", op_cases[i].name, error, scale);
        free(exact);
        free(rounded);
        free_case(&p);
    }
}

static int32_t count_launches(const vae_lowering *lowering, const char *name)
{
    int32_t count = 0;
    for (int32_t i = 0; i < lowering->count; ++i)
        count += strcmp(vae_launch_name(lowering, &lowering->launches[i]), name) == 0;
    return count;
}

static void expect_launches(op_family family, const char *forward, const char *backward, int32_t sums)
{
    const op_case c = OP_CASE("launches", family, 4, 0, 8, 1, VAE_ACTIVATION_RELU, 1, 1, false);
    const vae_lowering_options options = {0};
    op_program p;
    vae_lowering lowering;
    build_case(&c, &p);
    MUST(vae_lowering_create(&p.program, options, &lowering));
    cr_assert_eq(count_launches(&lowering, forward), 1);
    cr_assert_eq(count_launches(&lowering, backward), 1);
    cr_assert_eq(count_launches(&lowering, "norm_sums"), sums);
    vae_lowering_free(&lowering);
    free_case(&p);
}

Test(cuda_blocks, a_norm_is_at_most_two_launches)
{
    expect_launches(FAMILY_BATCH_NORM, "batch_norm", "batch_norm_backward", 2);
    expect_launches(FAMILY_LAYER_NORM, "layer_norm", "layer_norm_backward", 1);
}
