/* What CUDA C adds to C++: function and variable qualifiers, built-in variables, barriers and fences. */
#ifndef SIMT_DEVICE_LANGUAGE_H
#define SIMT_DEVICE_LANGUAGE_H

#include "../vector_types.h"
#include <cstddef>
#include <cstdint>
#include <cstdio>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __managed__
#define __grid_constant__
#define __launch_bounds__(...)
#ifndef __forceinline__
#define __forceinline__ inline __attribute__((always_inline))
#endif
/* libstdc++ writes __attribute__((__noinline__)), so its headers come before the macro of that name. */
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
#define __noinline__ __attribute__((noinline))

/* A shared variable is a static one, as blocks run one after another, in a section of its own, so that the executor
 * finds it and fills it with NaN before each block. Functions that declare shared variables must be static or in an
 * anonymous namespace: GCC cannot put variables of inline functions there. (In templates it ignores the section; those
 * are found by their names, see kernel_info.cpp.) */
#define __shared__ static __attribute__((section("simt_shared")))

/* Dynamic shared memory: `extern __shared__ float tile[];` has no meaning for a host compiler. Kernels write
 *     SIMT_DYNAMIC_SHARED(float, tile);
 * and define it for nvcc as: #define SIMT_DYNAMIC_SHARED(type, name) extern __shared__ type name[] */
#define SIMT_DYNAMIC_SHARED(type, name) type *const name = static_cast<type *>(simt::dynamic_shared_memory())

/* Constant while a thread runs, which is all that the code of one thread can see. */
extern const uint3 threadIdx;
extern const uint3 blockIdx;
extern const dim3 blockDim;
extern const dim3 gridDim;
static constexpr int warpSize = 32;

namespace simt
{
enum class BarrierKind { plain, count, conjunction, disjunction };

void *dynamic_shared_memory();
int barrier(BarrierKind kind, int predicate, const char *file, int line);
[[noreturn]] void trap(const char *file, int line);
} // namespace simt

#define SIMT_SITE const char *simt_file = __builtin_FILE(), int simt_line = __builtin_LINE()

inline void __syncthreads(SIMT_SITE)
{
    simt::barrier(simt::BarrierKind::plain, 0, simt_file, simt_line);
}

inline int __syncthreads_count(int predicate, SIMT_SITE)
{
    return simt::barrier(simt::BarrierKind::count, predicate, simt_file, simt_line);
}

inline int __syncthreads_and(int predicate, SIMT_SITE)
{
    return simt::barrier(simt::BarrierKind::conjunction, predicate, simt_file, simt_line);
}

inline int __syncthreads_or(int predicate, SIMT_SITE)
{
    return simt::barrier(simt::BarrierKind::disjunction, predicate, simt_file, simt_line);
}

[[noreturn]] inline void __trap(SIMT_SITE)
{
    simt::trap(simt_file, simt_line);
}

/* Threads are switched at barriers and warp collectives only, so memory is always consistent; the compiler must not
 * keep values across a fence all the same. */
inline void __threadfence()
{
    asm volatile("" ::: "memory");
}

inline void __threadfence_block()
{
    __threadfence();
}

inline void __threadfence_system()
{
    __threadfence();
}

inline void __nanosleep(unsigned)
{
}

inline long long clock64()
{
    return static_cast<long long>(__builtin_ia32_rdtsc());
}

#endif
