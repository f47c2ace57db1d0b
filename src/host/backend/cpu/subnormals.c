/* Flushing subnormals to zero: by MXCSR on x86, by FPCR on AArch64, not at all elsewhere. */
#include "backend/cpu/subnormals.h"

#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)

#include <xmmintrin.h>

/* MXCSR: flush results to zero, and take subnormal operands as zero. */
void vae_cpu_flush_subnormals(int flush)
{
    const unsigned bits = 0x8040u;
    _mm_setcsr(flush ? _mm_getcsr() | bits : _mm_getcsr() & ~bits);
}

#elif defined(__aarch64__)

void vae_cpu_flush_subnormals(int flush)
{
    const uint64_t bit = (uint64_t)1 << 24; /* FPCR.FZ */
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    control = flush ? control | bit : control & ~bit;
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
}

#else

void vae_cpu_flush_subnormals(int flush)
{
    (void)flush;
}

#endif
