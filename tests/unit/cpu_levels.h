/* The SIMD levels of the cpu backend that this processor has. */
#ifndef VAE_TESTS_CPU_LEVELS_H
#define VAE_TESTS_CPU_LEVELS_H

#include <stdio.h>

#include "backend/cpu/isa.h"

static inline int levels_here(const vae_cpu_isa *levels[3])
{
    int count = 0;
#ifdef VAE_ISA_LEVELS_X86_64
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.2")) levels[count++] = &vae_cpu_isa_v2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) levels[count++] = &vae_cpu_isa_v3;
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) levels[count++] = &vae_cpu_isa_v4;
#else
    levels[count++] = &vae_cpu_isa_generic;
#endif
    for (int i = 0; i < count; ++i)
        printf("tested: %s\n", levels[i]->name);
    return count;
}

#endif
