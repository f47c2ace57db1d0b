/* How far the CUDA backend fused the products that a test ran, counted in what really runs; nothing on other backends.
 */
#ifndef VAE_TESTS_PARITY_FUSION_H
#define VAE_TESTS_PARITY_FUSION_H

#include "ops.h"

/* Products, those of them that carry an epilogue, and those that would if cuBLASLt refused none. */
typedef struct fusion {
    int products, carried, wanted;
} fusion;

#ifdef VAE_TEST_CUDA
#include "backend/cuda/internal.h"

static inline int count_carried(const vae_lowering *lowering)
{
    int count = 0;
    for (int32_t i = 0; i < lowering->count; ++i) {
        const vae_launch *launch = &lowering->launches[i];
        count += launch->kind == VAE_LAUNCH_MATMUL && launch->as.matmul.epilogue != VAE_EPILOGUE_NONE;
    }
    return count;
}

static inline int count_wanted(const vae_program *program, bool bf16)
{
    vae_lowering lowering;
    MUST(vae_lowering_create(program, (vae_lowering_options){.bf16 = bf16}, &lowering));
    const int count = count_carried(&lowering);
    vae_lowering_free(&lowering);
    return count;
}

/* On the simulated device, which has every epilogue, one that is wanted and not carried is a failure. A real GPU may
 * refuse some: what it does is printed, and fails only where a product has no algorithm, or has another epilogue than
 * the lowering says. */
static inline fusion fusion_of(const vae_program *program, const vae_executable *executable)
{
    const vae_lowering *lowering = &executable->lowering;
    fusion found = {.wanted = count_wanted(program, lowering->bf16)};
    for (int32_t i = 0; i < lowering->count; ++i) {
        if (lowering->launches[i].kind != VAE_LAUNCH_MATMUL) continue;
        vae_cuda_choice choice;
        cr_assert_not_null(executable->matmuls[i], "%s: a product has no algorithm", program->name);
        MUST(vae_cuda_matmul_choice(executable->matmuls[i], &choice));
        ++found.products;
        found.carried += choice.epilogue != VAE_EPILOGUE_NONE;
    }
    cr_assert_eq(found.carried, count_carried(lowering), "%s: %d products carry epilogues, %d should", program->name,
                 found.carried, count_carried(lowering));
#ifdef SIMT
    cr_assert_eq(found.carried, found.wanted, "%s: %d of %d epilogues are carried", program->name, found.carried,
                 found.wanted);
#endif
    return found;
}
#else
static inline fusion fusion_of(const vae_program *program, const vae_executable *executable)
{
    (void)program;
    (void)executable;
    return (fusion){0};
}
#endif

static inline void add_fusion(fusion *sum, fusion more)
{
    sum->products += more.products;
    sum->carried += more.carried;
    sum->wanted += more.wanted;
}

static inline void print_fusion(const char *what, fusion f)
{
    if (f.products > 0) {
        printf("%s: %d of %d products carry an epilogue, %d wanted to\n", what, f.carried, f.products, f.wanted);
    }
}

#endif
