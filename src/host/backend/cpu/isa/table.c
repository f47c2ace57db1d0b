/* The table of one instruction-set level: its name, its kernels and the loops that ops outside isa/ call. */
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
#define ROW(NAME, name) [VAE_OP_##NAME] = &VAE_ISA_NAME(vae_cpu_##name),
            VAE_CPU_LOOPS(ROW)
#undef ROW
        },
    .activate = VAE_ISA_NAME(vae_cpu_activate_elements),
    .activation_backward = VAE_ISA_NAME(vae_cpu_activation_backward),
    .round_bf16 = VAE_ISA_NAME(vae_cpu_round_bf16),
    .convolution_create = VAE_ISA_NAME(vae_cpu_convolution_create),
    .convolution_run = VAE_ISA_NAME(vae_cpu_convolution_run),
    .convolution_destroy = VAE_ISA_NAME(vae_cpu_convolution_destroy),
    .recurrent_create = VAE_ISA_NAME(vae_cpu_recurrent_create),
    .recurrent_run = VAE_ISA_NAME(vae_cpu_recurrent_run),
    .recurrent_destroy = VAE_ISA_NAME(vae_cpu_recurrent_destroy),
};
