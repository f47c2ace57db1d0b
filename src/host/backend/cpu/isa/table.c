#include "backend/cpu/isa/level.h"

#if defined(__AVX512F__)
#define LEVEL_NAME "AVX-512"
#elif defined(__AVX2__)
#define LEVEL_NAME "AVX2"
#elif defined(__SSE4_2__)
#define LEVEL_NAME "SSE4.2"
#else
#define LEVEL_NAME "generic SIMD"
#endif

const vae_cpu_isa VAE_ISA_NAME(vae_cpu_isa) = {
    .name = LEVEL_NAME,
    .kernels =
        {
            [VAE_OP_GATHER] = {.run = VAE_ISA_NAME(vae_cpu_gather)},
            [VAE_OP_GAUSSIAN_SAMPLE_KL] = {.prepare = VAE_ISA_NAME(vae_cpu_gaussian_sample_kl_prepare),
                                           .run = VAE_ISA_NAME(vae_cpu_gaussian_sample_kl),
                                           .release = VAE_ISA_NAME(vae_cpu_gaussian_sample_kl_release)},
            [VAE_OP_GAUSSIAN_SAMPLE_KL_BACKWARD] = {.prepare = VAE_ISA_NAME(vae_cpu_gaussian_sample_kl_prepare),
                                                    .run = VAE_ISA_NAME(vae_cpu_gaussian_sample_kl_backward),
                                                    .release = VAE_ISA_NAME(vae_cpu_gaussian_sample_kl_release)},
            [VAE_OP_BERNOULLI_LL] = {.run = VAE_ISA_NAME(vae_cpu_bernoulli_ll)},
            [VAE_OP_GAUSSIAN_LL] = {.run = VAE_ISA_NAME(vae_cpu_gaussian_ll)},
            [VAE_OP_ACTIVATE] = {.run = VAE_ISA_NAME(vae_cpu_activate)},
            [VAE_OP_PRIOR_SAMPLE] = {.run = VAE_ISA_NAME(vae_cpu_prior_sample)},
            [VAE_OP_ACCUMULATE] = {.run = VAE_ISA_NAME(vae_cpu_accumulate)},
            [VAE_OP_ADAM] = {.prepare = VAE_ISA_NAME(vae_cpu_adam_prepare),
                             .run = VAE_ISA_NAME(vae_cpu_adam),
                             .release = VAE_ISA_NAME(vae_cpu_adam_release)},
        },
    .activate = VAE_ISA_NAME(vae_cpu_activate_elements),
    .activation_backward = VAE_ISA_NAME(vae_cpu_activation_backward),
    .round_bf16 = VAE_ISA_NAME(vae_cpu_round_bf16),
};
