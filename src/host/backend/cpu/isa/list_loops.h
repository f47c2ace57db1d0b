/* The loops of an op `elementwise`, one for each function and gradient of program/function.h. */
#ifndef VAE_BACKEND_CPU_ISA_LIST_LOOPS_H
#define VAE_BACKEND_CPU_ISA_LIST_LOOPS_H

#include "backend/cpu/isa/level.h"

/* result[i] of a[i], b[i], y[i] and d[i]; may be any of them. Those that the function does not name are not read. A
 * result is in memory before another loop reads it, so nothing is contracted across instructions, fused or not. */
typedef void (*vae_list_loop)(const float *a, const float *b, const float *y, const float *d, float *result,
                              int64_t count);
vae_list_loop VAE_ISA_NAME(vae_cpu_list_loop)(const vae_instruction *instruction);

#endif
